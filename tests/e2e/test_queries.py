# SPDX-License-Identifier: BSD-2-Clause
"""Queries that users run on the files as they lie there, in DuckDB (Q2-Q4, Q9-Q13).

The answers are computed a second time from the rows, in Python.
"""

import os
import re
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from harness.tracer import PROGRAMS, ROOT

WORKLOAD, PROCESS = PROGRAMS / "workload", PROGRAMS / "process"
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "queries.md"]


@pytest.fixture
def workload(recorded):
    return recorded(WORKLOAD).trace


@pytest.fixture
def ask(workload):
    """A query over the files: {spans}, {events}, {streams}, {processes} stand for the tables."""
    return lambda query: ask_files(workload.directory, query)


def ask_files(directory, query):
    tables = {
        key: f"'{directory}/{name}/**/*.parquet'"
        for key, name in {
            "spans": "async_spans",
            "events": "async_events",
            "streams": "streams",
            "processes": "processes",
        }.items()
    }
    return duckdb.sql(query.format(**tables)).fetchall()


def grouped(spans, key):
    groups = defaultdict(list)
    for span in spans:
        groups[key(span)].append(span.duration_ns)
    return groups


def test_events_join_to_streams_and_processes(workload, ask):
    """Q2"""
    rows = ask("""
        SELECT p.exe, p.username, p.computer, count(*)
        FROM {events} e JOIN {streams} s USING (stream_id)
        JOIN {processes} p ON s.process_id = p.process_id GROUP BY ALL""")
    (process,) = workload.processes
    assert rows == [(str(WORKLOAD), process.username, os.uname().nodename, 60_272)]


def test_parents_and_children_pair_by_id(workload, ask):
    """Q3"""
    rows = ask("""
        SELECT p.name, c.name, count(*) FROM {spans} p
        JOIN {spans} c ON c.parent_span_id = p.span_id AND c.process_id = p.process_id
        GROUP BY ALL""")
    counts = {(parent, child): count for parent, child, count in rows}
    assert counts["loop_operation", "loop_first"] == 10_000
    assert counts["task", "task_step"] == 60
    assert counts["task_prepare", "task_read"] == 10
    assert sum(counts.values()) == sum(span.parent_span_id != 0 for span in workload.spans)


def test_no_duration_is_negative(workload, ask):
    """Q4"""
    rows = ask("SELECT count(*) FILTER (duration_ns >= 0), count(*) FROM {spans}")
    assert rows == [(30_136, 30_136)]


def test_every_child_is_one_deeper_than_its_parent(ask):
    """Q9: for every pair in the files."""
    rows = ask("""
        SELECT count(*), count(*) FILTER (p.depth + 1 = c.depth)
        FROM {events} c JOIN {events} p
        ON c.parent_span_id = p.span_id AND c.process_id = p.process_id
        WHERE c.event_type = 'begin' AND p.event_type = 'begin'""")
    pairs = 2 + 2 + 10 * 8 + 8 * 3 + 10_000 * 2
    assert rows == [(pairs, pairs)]


@pytest.mark.parametrize("condition", ["= 0", "<= 2", ">= 3"])
def test_filters_by_depth_give_the_matching_rows_only(recorded, condition):
    """Q10"""
    trace = recorded(PROGRAMS / "basic", "C4").trace
    rows = ask_files(
        trace.directory, f"SELECT depth FROM {{events}} WHERE depth {condition} ORDER BY depth"
    )
    python = condition.replace("= 0", "== 0") if condition == "= 0" else condition
    expected = sorted(e.depth for e in trace.events if eval(f"{e.depth} {python}"))
    assert [depth for (depth,) in rows] == expected != []


def test_average_duration_by_name_where_depth_is_below_3(workload, ask):
    """Q11, the first query of the plan"""
    rows = ask("SELECT name, avg(duration_ns) FROM {spans} WHERE depth < 3 GROUP BY name")
    expected = grouped((s for s in workload.spans if s.depth < 3), lambda s: s.name)
    assert {name for name, _ in rows} == set(expected)
    for name, average in rows:
        assert average == pytest.approx(sum(expected[name]) / len(expected[name]))


def test_count_and_average_duration_by_depth(workload, ask):
    """Q11, the second query of the plan"""
    rows = ask("""
        SELECT depth, count(*), avg(duration_ns) FROM {spans} GROUP BY depth ORDER BY depth""")
    expected = grouped(workload.spans, lambda s: s.depth)
    assert [depth for depth, _, _ in rows] == sorted(expected) == [0, 1, 2]
    for depth, count, average in rows:
        assert count == len(expected[depth])
        assert average == pytest.approx(sum(expected[depth]) / count)


def test_names_with_more_than_10_spans_below_the_roots(ask):
    """Q11, the third query of the plan"""
    rows = ask("""
        SELECT name, count(*) FROM {spans} WHERE depth > 0
        GROUP BY name HAVING count(*) > 10 ORDER BY name""")
    assert rows == [
        ("concurrent_step", 24),
        ("loop_first", 10_000),
        ("loop_second", 10_000),
        ("task_step", 60),
    ]


@pytest.mark.parametrize("aggregate", ["count(*)", "sum({duration})", "max({duration})"])
def test_async_spans_answers_as_the_join_of_begin_and_end_does(ask, aggregate):
    """Q12"""
    of_spans = aggregate.format(duration="duration_ns")
    of_events = aggregate.format(duration="(epoch_ns(e.time) - epoch_ns(b.time))")
    from_spans = ask(f"""
        SELECT name, depth, {of_spans} FROM {{spans}} WHERE end_time IS NOT NULL
        GROUP BY ALL ORDER BY ALL""")
    from_events = ask(f"""
        SELECT b.name, b.depth, {of_events} FROM {{events}} b JOIN {{events}} e
        ON b.span_id = e.span_id AND b.process_id = e.process_id
        WHERE b.event_type = 'begin' AND e.event_type = 'end' GROUP BY ALL ORDER BY ALL""")
    assert from_spans == from_events != []


def blocks():
    """The SQL that users are shown, with the document and the heading that it stands under."""
    found = []
    for document in DOCUMENTS:
        heading = ""
        pieces = re.split(r"^(## [^\n]*|```sql\n.*?^```)$", document.read_text(), flags=re.M | re.S)
        shown = [piece for piece in pieces if piece.startswith("```sql")]
        assert shown, f"no query in {document}"
        for piece in pieces:
            if piece.startswith("## "):
                heading = piece[3:]
            elif piece in shown:
                first = piece.splitlines()[1]
                found.append(pytest.param(piece[7:-3], id=f"{document.name}: {heading}: {first}"))
    return found


@pytest.mark.parametrize("query", blocks())
def test_a_documented_query_runs_as_it_stands(workload, scratch, query):
    """On the default directory; each gives rows for the reference workload."""
    (scratch / "asyncspan.data").symlink_to(workload.directory)
    assert in_directory(scratch, query)


# The columns of the documented queries that cannot be 0.
TIMES = {"average_ms", "busy_ms", "longest_poll_ms", "p50_ms", "p99_ms", "max_ms", "duration_ms"}


def test_durations_below_a_millisecond_do_not_vanish_in_documented_queries(workload, scratch):
    """Q13: no integer division. Every duration of the reference workload's loop is that short."""
    (scratch / "asyncspan.data").symlink_to(workload.directory)
    short = {s.name for s in workload.spans if s.name.startswith("loop_")}
    seen = set()
    for block in blocks():
        for row in in_directory(scratch, block.values[0]):
            for column in TIMES & set(row):
                if row.get("name", row.get("child")) in short:
                    assert row[column] > 0, (block.id, row)
                    seen.add(column)
    assert seen == TIMES


def in_directory(directory, query):
    before = Path.cwd()
    os.chdir(directory)
    try:
        answer = duckdb.sql(query)
        return [dict(zip(answer.columns, row)) for row in answer.fetchall()]
    finally:
        os.chdir(before)
