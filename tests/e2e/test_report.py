# SPDX-License-Identifier: BSD-2-Clause
"""The first answer: report, at the end of a recording and from the files, against DuckDB's."""

import json

import pyarrow.parquet as pq
import pytest

from harness.made_trace import MadeTrace
from harness.schema import TABLES
from harness.tracer import PROGRAMS
from test_command_line import error_line

BASIC, WORKLOAD = PROGRAMS / "basic", PROGRAMS / "workload"
PROCESS, MANY = PROGRAMS / "process", PROGRAMS / "many"

# By name: the heart of what report --json says, computed by DuckDB; report.sql has all of it.
REPORT = """
    SELECT name, count(*) AS count,
           count(*) FILTER (end_time IS NULL) AS unfinished,
           count(*) FILTER (outcome = 'error') AS errors,
           count(*) FILTER (outcome = 'cancelled') AS cancelled,
           sum(duration_ns)::BIGINT AS wall_total_ns,
           quantile_disc(duration_ns, 0.50) AS wall_p50_ns,
           quantile_disc(duration_ns, 0.99) AS wall_p99_ns,
           max(duration_ns) AS wall_max_ns,
           sum(busy_ns) FILTER (end_time IS NOT NULL)::BIGINT AS busy_total_ns,
           sum(queue_ns) FILTER (end_time IS NOT NULL)::BIGINT AS queue_total_ns,
           quantile_disc(queue_ns, 0.99) FILTER (end_time IS NOT NULL) AS queue_p99_ns
    FROM async_spans GROUP BY name ORDER BY coalesce(wall_total_ns, 0) DESC, name"""


def expected_names(trace):
    cursor = trace.connection.execute(REPORT)
    keys = [column[0] for column in cursor.description]
    return [dict(zip(keys, row)) for row in cursor.fetchall()]


def same_members(document, trace):
    """The report's names, cut down to the members that are compared."""
    keys = expected_names(trace)[0].keys()
    return [{key: name[key] for key in keys} for name in document["names"]]


def report_json(command_line, directory):
    status, stdout, stderr = command_line.run("report", directory, "--json")
    assert (status, stderr) == (0, "")
    return json.loads(stdout)


@pytest.mark.sanitizers
def test_report_as_json_says_what_duckdb_says(command_line, recorded):
    trace = recorded(WORKLOAD).trace
    document = report_json(command_line, trace.directory)
    assert same_members(document, trace) == expected_names(trace)
    assert document["spans"] == 30_136 and document["events"] == 60_272
    assert document["name_count"] == len(document["names"])
    assert document["lost"] == 0
    assert document["wall_total_ns"] == sum(s.duration_ns for s in trace.spans)


def test_report_counts_errors_cancelled_and_unfinished_spans(command_line, tracer):
    recording = tracer.record(PROCESS, "N11_exit", status=7)
    document = report_json(command_line, recording.directory)
    assert same_members(document, recording.trace) == expected_names(recording.trace)
    assert document["unfinished"] == 5
    assert {name["wall_p50_ns"] for name in document["names"]} == {None}, "nothing has ended"


@pytest.mark.parametrize(("scenario", "key"), [("C5", "errors"), ("N2", "cancelled")])
def test_report_tells_errors_from_cancelled(command_line, recorded, scenario, key):
    document = report_json(command_line, recorded(BASIC, scenario).directory)
    others = {"errors", "cancelled", "unfinished"} - {key}
    assert document[key] == 1 and all(document[other] == 0 for other in others)


@pytest.mark.parametrize("codec", ["zstd", "none"])
def test_report_reads_each_codec_and_many_names(command_line, tracer, codec):
    recording = tracer.record(PROGRAMS / "names", "N13", "3000", options=["--codec", codec])
    document = report_json(command_line, recording.directory)
    assert same_members(document, recording.trace) == expected_names(recording.trace)
    assert document["name_count"] == 3000


def test_report_reads_files_that_another_writer_made(command_line, scratch):
    made = MadeTrace()
    made.write(scratch / "made")
    document = report_json(command_line, scratch / "made")
    assert [name["name"] for name in document["names"]] == ["outer", "inner", "queued", "open"]
    outer = document["names"][0]
    assert (outer["count"], outer["wall_p50_ns"], outer["busy_total_ns"]) == (1, 80_000, 50_000)


def test_report_as_text_begins_with_the_name_that_took_longest(command_line, recorded):
    trace = recorded(WORKLOAD).trace
    status, stdout, stderr = command_line.run("report", trace.directory)
    assert (status, stderr) == (0, "")
    lines = stdout.splitlines()
    assert lines[0].startswith("Findings")
    head = next(i for i, line in enumerate(lines) if line.startswith("name "))
    assert lines[head + 1].split()[0] == expected_names(trace)[0]["name"]
    assert "30,136 spans" in stdout
    assert "ost" in lines[-1], "what was lost comes last"
    assert max(len(line) for line in lines) <= 80
    assert "\033" not in stdout


def test_report_says_last_and_in_percent_what_was_lost(command_line, tracer):
    recording = tracer.record(
        MANY, "N9_overflow", "1000", "100", options=["--max-spans", "100"], losses=["unrecorded"]
    )
    status, stdout, _ = command_line.run("report", recording.directory)
    assert status == 0
    assert "900" in stdout.splitlines()[-1] and "%" in stdout.splitlines()[-1]
    document = report_json(command_line, recording.directory)
    assert document["lost"] == 900


def test_hostile_names_reach_the_terminal_harmless(command_line, tracer):
    recording = tracer.record(PROGRAMS / "names", "X6", losses=["name_unreadable"])
    status, stdout, _ = command_line.run("report", recording.directory)
    assert status == 0
    assert "red" in stdout
    unsafe = [c for c in stdout if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]
    assert unsafe == []


def test_report_needs_no_privilege_and_the_default_directory_is_found(command_line):
    MadeTrace().write(command_line.scratch / "asyncspan.data")
    status, stdout, stderr = command_line.run("report")
    assert (status, stderr) == (0, "") and "4 spans" in stdout


def test_a_directory_that_is_no_trace_is_one_line_and_2(command_line):
    status, stdout, stderr = command_line.run("report", command_line.scratch / "nothing")
    assert (status, stdout) == (2, "")
    assert "nothing" in error_line(stderr)


@pytest.mark.parametrize("damage", ["cut off", "flipped", "no Parquet", "emptied"])
@pytest.mark.sanitizers
def test_a_damaged_file_is_one_line_and_2(command_line, damage):
    directory = command_line.scratch / "made"
    MadeTrace().write(directory)
    (part,) = (directory / "async_spans").iterdir()
    content = part.read_bytes()
    names = [column.name for column in TABLES["async_spans"]]
    column = pq.read_metadata(part).row_group(0).column(names.index("busy_ns"))
    last = column.dictionary_page_offset or column.data_page_offset
    last += column.total_compressed_size - 1
    part.write_bytes({
        "cut off": content[: len(content) // 2],
        "flipped": content[:last] + bytes([content[last] ^ 0x10]) + content[last + 1 :],
        "no Parquet": b"name,duration\n",
        "emptied": b"",
    }[damage])
    status, stdout, stderr = command_line.run("report", directory)
    assert (status, stdout) == (2, "")
    assert part.name in error_line(stderr)


def test_the_summary_as_json_is_one_document(tracer):
    recording = tracer.record(BASIC, "C4", options=["--json"])
    document = json.loads(recording.stdout)
    text = json.dumps(document)
    for name in ("level_0", "level_1", "level_2", "level_3"):
        assert f'"{name}"' in text
