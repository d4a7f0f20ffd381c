# SPDX-License-Identifier: BSD-2-Clause
"""The files: what readers that this project did not write make of them (T1, T3, T4)."""

import os
import re
import subprocess
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import counters
from harness.schema import ARROW, MICROMEGAS_COLUMNS, TABLES
from harness.trace_files import TraceError, read_with_pyarrow
from harness.tracer import PROGRAMS

BASIC, NAMES, TASKS = PROGRAMS / "basic", PROGRAMS / "names", PROGRAMS / "tasks"


def part(trace, table):
    (path,) = trace.parts[table]
    return path


def test_the_12_columns_of_async_events_come_first_with_their_types(recorded):
    """T1"""
    schema = pq.read_schema(part(recorded(TASKS, "N4").trace, "async_events"))
    assert schema.names[:12] == MICROMEGAS_COLUMNS
    kinds = "text text time text int64 int64 uint32 uint32 text text text uint32".split()
    assert schema.types[:12] == [ARROW[kind] for kind in kinds]
    assert not any(schema.field(i).nullable for i in range(len(schema)))


def test_arrow_readers_see_dictionaries_with_int32_keys_and_nanoseconds_in_utc(recorded):
    """T1: polars and pyarrow take both from the key ARROW:schema; DuckDB has it from Parquet."""
    path = part(recorded(TASKS, "N4").trace, "async_events")
    schema = pq.read_table(path).schema
    assert schema.field("name").type == pa.dictionary(pa.int32(), pa.string())
    assert schema.field("time").type == pa.timestamp("ns", tz="+00:00")
    frame = polars.read_parquet(path)
    assert isinstance(frame.schema["name"], polars.Categorical)
    assert frame.schema["time"] == polars.Datetime("ns", "UTC")
    described = duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')")
    types = dict(described.fetchall())
    assert types["name"] == "VARCHAR"
    assert types["depth"] == types["hash"] == "UINTEGER"
    assert types["time"] == "TIMESTAMPTZ_NS"


def test_a_trace_without_any_event_has_valid_files_of_0_rows(recorded):
    """T3"""
    trace = recorded(BASIC, "N1").trace
    for table in ("async_events", "async_spans"):
        path = part(trace, table)
        assert pq.read_metadata(path).num_rows == 0
        assert pq.read_schema(path).names == [column.name for column in TABLES[table]]
    (process,) = trace.processes
    assert process.exe == str(BASIC)


def test_1000_rows_of_known_content_come_back_from_every_reader(tracer):
    """T4: the names and ids are the ledger's; that the readers agree is checked for every trace."""
    recording = tracer.record(NAMES, "N13", "500")
    recording.compare()
    path = part(recording.trace, "async_events")
    known = sorted((line["id"], line["name"]) for line in recording.ledger.begins for _ in "BE")
    assert len(known) == 1000
    columns = ["span_id", "name"]
    with_pyarrow = pq.read_table(path, columns=columns, page_checksum_verification=True).to_pylist()
    assert sorted((row["span_id"], row["name"]) for row in with_pyarrow) == known
    with_polars = polars.read_parquet(path).select(columns).rows()
    assert sorted(with_polars) == known
    with_duckdb = duckdb.sql(f"SELECT span_id, name FROM '{path}'").fetchall()
    assert sorted(with_duckdb) == known


def test_every_page_carries_a_checksum_that_finds_one_flipped_bit(recorded, scratch):
    path = part(recorded(TASKS, "N4").trace, "async_events")
    original, damaged = path.read_bytes(), scratch / "damaged.parquet"
    group = pq.read_metadata(path).row_group(0)
    for index in range(group.num_columns):
        column = group.column(index)
        # The last byte of the chunk is the last byte of its last page.
        last = (column.dictionary_page_offset or column.data_page_offset)
        last += column.total_compressed_size - 1
        damaged.write_bytes(original[:last] + bytes([original[last] ^ 1]) + original[last + 1 :])
        with pytest.raises(OSError, match="CRC checksum verification failed"):
            read_with_pyarrow(damaged, "async_events")


def test_row_groups_say_how_they_are_sorted(recorded):
    trace = recorded(TASKS, "N4").trace
    group = pq.read_metadata(part(trace, "async_events")).row_group(0)
    names = [TABLES["async_events"][s.column_index].name for s in group.sorting_columns]
    assert names == ["stream_id", "time"]
    assert not any(s.descending for s in group.sorting_columns)


@pytest.mark.parametrize("codec", ["zstd", "none"])
def test_files_are_compressed_as_asked_for(tracer, codec):
    recording = tracer.record(NAMES, "C13", options=["--codec", codec])
    recording.compare()
    group = pq.read_metadata(part(recording.trace, "async_events")).row_group(0)
    expected = {"zstd": "ZSTD", "none": "UNCOMPRESSED"}[codec]
    assert {group.column(i).compression for i in range(group.num_columns)} == {expected}


def test_run_time_names_are_cut_at_the_length_asked_for(tracer):
    trace = tracer.record(NAMES, "C13", options=["--name-length", "9"]).trace
    assert {span.name for span in trace.spans} == {"iteration", "backgroun"}


def test_the_process_row_describes_the_process(recorded):
    recording = recorded(BASIC, "C2")
    (process,) = recording.trace.processes
    assert process.exe == str(BASIC)
    assert process.command_line == f"{BASIC} C2"
    assert process.username == subprocess.check_output(["id", "-un"], text=True).strip()
    assert process.ppid > 0 and process.exit_status == 0
    with open("/etc/os-release", encoding="utf-8") as release:
        pretty = re.search(r'^PRETTY_NAME="?([^"\n]*)', release.read(), re.M)[1]
    assert process.distro == pretty
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        model = re.search(r"^model name\s*: (.*)$", cpuinfo.read(), re.M)
    if model:
        assert process.cpu_brand == model[1].strip()
    (start,) = recording.ledger.of("start")
    assert process.pid == start["pid"]


def test_command_lines_are_left_out_when_asked_for(tracer):
    trace = tracer.record(BASIC, "C2", options=["--no-command-line"]).trace
    assert [process.command_line for process in trace.processes] == [""]


def test_the_process_id_follows_from_boot_process_and_image(recorded):
    """UUIDv5 of the boot's id: two traces of one process give one id, another image another."""
    trace = recorded(BASIC, "C2").trace
    (process,) = trace.processes
    assert uuid.UUID(process.process_id).version == 5
    assert uuid.UUID(trace.streams[0].stream_id).version == 5
    assert process.process_id != recorded(BASIC, "C4").trace.processes[0].process_id


def test_the_stream_row_describes_the_thread(recorded):
    trace = recorded(TASKS, "N4").trace
    assert len(trace.streams) == 2
    assert {stream.thread_name for stream in trace.streams} == {"tasks"}
    (process,) = trace.processes
    assert process.pid in {stream.tid for stream in trace.streams}


def test_the_target_is_the_module_or_the_base_name_of_the_object(recorded):
    (span,) = recorded(BASIC, "C1").trace.spans
    assert span.target == "basic"
    assert span.filename.endswith("basic.c")


def test_information_about_the_trace_is_complete(recorded):
    recording = recorded(BASIC, "C2")
    (information,) = recording.trace.information
    assert uuid.UUID(information["trace_id"]).version == 4
    begin = recording.trace.begin("outer")
    assert information["start_time_ns"] <= begin.time <= information["end_time_ns"]
    expected = "unrecorded storage_busy name_unreadable name_lost".split()
    assert set(expected) <= set(counters.total(recording.trace, "loss"))
    expected = "parent_gone double_resume not_top stolen foreign not_entered orphan thread_exit"
    assert set(expected.split()) <= set(counters.total(recording.trace, "inconsistency"))
    assert all(counter["meaning"] for counter in information["counters"])
    assert information["machine"]["kernel"] == os.uname().release
    assert information["machine"]["computer"] == os.uname().nodename
    assert information["complete"] is True
    assert information["options"]["command"] == [str(BASIC), "C2"]


def test_a_file_that_is_not_finished_would_be_found(recorded):
    """The reading side refuses what a crash would leave; the tests of the writer make one."""
    trace = recorded(BASIC, "C2").trace
    hidden = part(trace, "async_events").with_name(".00000000-000000.inprogress")
    hidden.write_bytes(b"PAR1")
    try:
        with pytest.raises(TraceError):
            type(trace)(trace.directory)
    finally:
        hidden.unlink()
