# SPDX-License-Identifier: BSD-2-Clause
"""Queries that users run, in DuckDB: on the files as they lie there, and on the views of
docs/queries.sql (Q2-Q4, Q9-Q13).

The answers are computed a second time from the rows, in Python.
"""

import math
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

from harness.made_trace import MICROSECOND, PROCESS, START, MadeTrace
from harness.tracer import PROGRAMS, ROOT

WORKLOAD, PROCESS = PROGRAMS / "workload", PROGRAMS / "process"
VIEWS = ROOT / "docs" / "queries.sql"
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
TIMES = {"average_ms", "busy_ms", "longest_poll_ms", "sum_ms", "max_ms"} | {
    f"p{percent}_ms" for percent in (50, 90, 99)
}


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
    """The rows of a query over the views, asked where asyncspan.data lies."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        with duckdb.connect() as connection:
            connection.execute(VIEWS.read_text())
            answer = connection.sql(query)
            return [dict(zip(answer.columns, row)) for row in answer.fetchall()]
    finally:
        os.chdir(before)


@pytest.fixture
def view(workload, scratch):
    """The rows of a view, or of a query over the views, as tuples."""
    (scratch / "asyncspan.data").symlink_to(workload.directory)
    return lambda query: [tuple(row.values()) for row in in_directory(scratch, query)]


@pytest.fixture
def made(scratch):
    """A small trace made by hand and its views: made(change) applies the change first."""

    def write(change=lambda made: None):
        trace = MadeTrace()
        change(trace)
        trace.write(scratch / "asyncspan.data")
        return lambda query: [tuple(row.values()) for row in in_directory(scratch, query)]

    return write


def by_name(spans):
    groups = defaultdict(list)
    for span in spans:
        groups[span.name].append(span)
    return groups


def children_of(workload):
    children = defaultdict(list)
    for span in workload.spans:
        children[span.process_id, span.parent_span_id].append(span)
    return children


def milliseconds(value):
    return pytest.approx(value / 1e6)


def nearest_rank(durations, percent):
    return sorted(durations)[math.ceil(len(durations) * percent / 100) - 1]


def test_shallow_spans_averages_names_down_to_depth_2(workload, view):
    expected = by_name(s for s in workload.spans if s.depth < 3)
    rows = view("FROM shallow_spans")
    assert {name for name, _, _ in rows} == set(expected)
    for name, count, average in rows:
        total = sum(s.duration_ns for s in expected[name])
        assert (count, average) == (len(expected[name]), milliseconds(total / count))
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


def test_by_depth_counts_and_averages_every_level(workload, view):
    rows = view("FROM by_depth")
    expected = grouped(workload.spans, lambda s: s.depth)
    assert rows == [
        (depth, len(d), milliseconds(sum(d) / len(d)), milliseconds(max(d)))
        for depth, d in sorted(expected.items())
    ]


def test_nested_often_has_the_names_that_occur_more_than_10_times_on_a_level(view):
    assert view("FROM nested_often") == [
        ("loop_first", 1, 10_000),
        ("loop_second", 1, 10_000),
        ("task_step", 1, 60),
        ("concurrent_step", 1, 24),
    ]


def test_latency_gives_percentiles_that_were_measured(workload, view):
    expected = grouped(workload.spans, lambda s: s.name)
    rows = view("SELECT name, spans, p50_ms, p90_ms, p99_ms, max_ms FROM latency")
    assert {row[0] for row in rows} == set(expected)
    for name, count, *found in rows:
        durations = expected[name]
        assert count == len(durations)
        assert found == [nearest_rank(durations, p) / 1e6 for p in (50, 90, 99, 100)]


def test_busy_and_waiting_add_up_to_the_duration(workload, view):
    expected = by_name(workload.spans)
    rows = view("SELECT name, queue_ms, busy_ms, waiting_ms, longest_poll_ms FROM busy_and_waiting")
    assert {row[0] for row in rows} == set(expected)
    for name, queued, busy, waiting, longest in rows:
        spans = expected[name]
        assert busy == milliseconds(sum(s.busy_ns for s in spans) / len(spans))
        assert longest == milliseconds(max(s.max_poll_ns for s in spans))
        average = sum(s.duration_ns for s in spans) / len(spans)
        assert queued + busy + waiting == milliseconds(average)


def test_outcomes_counts_each_way_to_end(made):
    assert made()("FROM outcomes") == [
        ("inner", 1, 1, 0, 0),
        ("queued", 1, 0, 1, 0),
        ("open", 1, 0, 0, 1),
        ("outer", 1, 0, 0, 0),
    ]


def test_deep_nesting_measures_every_tree_from_its_root(workload, view):
    expected = {}
    for name, spans in by_name(s for s in workload.spans if s.depth == 0).items():
        roots = {(s.process_id, s.span_id) for s in spans}
        below = [s for s in workload.spans if (s.process_id, s.root_span_id) in roots]
        sizes = Counter(s.root_span_id for s in below)
        longest = milliseconds(max(s.duration_ns for s in spans))
        expected[name] = (len(spans), max(s.depth for s in below), max(sizes.values()), longest)
    assert {row[0]: row[1:] for row in view("FROM deep_nesting")} == expected
    assert expected["task"][:3] == (10, 2, 9)


def test_deep_nesting_tells_the_largest_of_trees_alike(made):
    def alike(trace):
        for span in trace.spans:
            span["name"] = "root" if span["depth"] == 0 else span["name"]

    assert made(alike)("FROM deep_nesting") == [("root", 2, 1, 3, 0.08)]


def test_hierarchy_adds_up_every_path_from_a_root(workload, view):
    parents = {(s.process_id, s.span_id): s for s in workload.spans}

    def path(span):
        parent = parents.get((span.process_id, span.parent_span_id))
        return (path(parent) if parent else []) + [span.name]

    expected = defaultdict(list)
    for span in workload.spans:
        expected[" > ".join(path(span)), span.depth].append(span)
    rows = view("SELECT path, depth, spans, average_ms, busy_ms FROM hierarchy")
    assert {row[:2] for row in rows} == set(expected)
    assert len(rows) == len(expected)
    for name, depth, count, average, busy in rows:
        spans = expected[name, depth]
        assert count == len(spans)
        assert average == milliseconds(sum(s.duration_ns for s in spans) / count)
        assert busy == milliseconds(sum(s.busy_ns for s in spans))
    assert ("task > task_prepare > task_read", 2) in expected


def test_hierarchy_and_latency_leave_the_unfinished_without_a_duration(made):
    ask = made()
    rows = ask("SELECT path, average_ms, busy_ms FROM hierarchy")
    assert rows == [
        ("open", None, 0.01),
        ("outer", 0.08, 0.05),
        ("outer > inner", 0.05, 0.03),
        ("outer > queued", 0.01, 0.0),
    ]
    assert {name for (name,) in ask("SELECT name FROM latency")} == {"outer", "inner", "queued"}


def test_spawn_many_counts_children_by_the_parents_name(workload, view):
    children = children_of(workload)
    expected = {}
    for name, spans in by_name(workload.spans).items():
        broods = [len(children.get((s.process_id, s.span_id), [])) for s in spans]
        broods = [brood for brood in broods if brood]
        if broods:
            expected[name] = (len(broods), sum(broods), max(broods))
    rows = view("SELECT name, parents, children, most_children FROM spawn_many")
    assert {row[0]: row[1:] for row in rows} == expected
    assert expected["concurrent_operation"] == (8, 24, 3)


def test_spawn_many_tells_the_largest_brood_of_spans_alike(made):
    """outer runs inner and queued; inner is another outer, and runs one more."""

    def alike(trace):
        for span in trace.spans:
            span["name"] = "outer" if span["span_id"] in (1, 2) else "leaf"
            span["parent_span_id"] = {1: 0, 2: 1, 3: 1, 4: 2}[span["span_id"]]

    assert made(alike)("FROM spawn_many") == [("outer", 2, 3, 2)]


def test_parents_and_children_counts_every_pair_of_names(workload, view):
    children = children_of(workload)
    expected = defaultdict(list)
    for parent in workload.spans:
        for child in children.get((parent.process_id, parent.span_id), []):
            expected[parent.name, child.name].append(child.duration_ns)
    rows = view("SELECT parent, child, spans, average_ms FROM parents_and_children")
    assert {row[:2]: row[2:] for row in rows} == {
        pair: (len(d), milliseconds(sum(d) / len(d))) for pair, d in expected.items()
    }


def test_concurrency_finds_the_most_that_were_open_at_once(made):
    """Of two alike one ends when the other begins; of the other two one is never ended."""

    def alike(trace):
        times = [(10, 20), (20, 40), (30, None), (50, 60)]
        for span, (begin, end) in zip(trace.spans, times, strict=True):
            span["name"] = "in turn" if begin < 30 else "at once"
            span["begin_time"] = START + begin * MICROSECOND
            span["end_time"] = START + end * MICROSECOND if end else None

    assert made(alike)("FROM concurrency") == [("at once", 2), ("in turn", 1)]


def test_threads_counts_the_events_of_every_task(workload, view):
    events = Counter(e.stream_id for e in workload.events)
    (process,) = workload.processes
    expected = {
        (s.thread_name, s.tid, process.exe, process.username, process.computer, events[s.stream_id])
        for s in workload.streams
    }
    rows = view("SELECT thread_name, tid, exe, username, computer, events FROM threads")
    assert set(rows) == expected
    assert sum(row[-1] for row in rows) == 60_272


def test_the_newest_row_of_a_process_and_of_a_stream_counts(made):
    """Where traces share a directory there is one of each trace."""

    def seen_again(trace):
        for rows, column in ((trace.processes, "exe"), (trace.streams, "thread_name")):
            later = [row | {"updated": row["updated"] + 1, column: "newest"} for row in rows]
            rows[:] = later[:1] + rows + later[1:]

    ask = made(seen_again)
    assert ask("SELECT exe FROM processes_latest") == [("newest",)]
    assert ask("SELECT thread_name FROM streams_latest") == [("newest",), ("newest",)]
    events = sum(count for (count,) in ask("SELECT events FROM threads"))
    assert events == len(MadeTrace().events)


def test_durations_of_events_are_those_of_the_spans_to_the_nanosecond(workload, view):
    expected = grouped(workload.spans, lambda s: (s.name, s.depth))
    rows = view("SELECT name, depth, spans, sum_ns, max_ns FROM durations_of_events")
    assert rows == [(*key, len(d), sum(d), max(d)) for key, d in sorted(expected.items())]


@pytest.mark.parametrize("depth, wrong", [(1, []), (0, [(2, 0, 0)]), (2, [(2, 2, 0)])])
def test_wrong_depths_finds_a_child_that_is_not_one_deeper(made, depth, wrong):
    def change(trace):
        for event in trace.events:
            if event["span_id"] == 2:
                event["depth"] = depth

    ask = made(change)
    assert ask("SELECT span_id, depth, parent_depth FROM wrong_depths") == wrong


def test_the_views_read_hive_partitions_too(made, scratch):
    ask = made()
    before = ask("SELECT name, depth, sum_ns FROM durations_of_events")
    for table in ("async_events", "async_spans"):
        (part,) = (scratch / "asyncspan.data" / table).iterdir()
        hour = part.parent / "date=2023-11-14" / "hour=22"
        hour.mkdir(parents=True)
        part.rename(hour / part.name)
    assert ask("SELECT name, depth, sum_ns FROM durations_of_events") == before != []
    assert ask("SELECT DISTINCT hour::INTEGER FROM async_spans") == [(22,)]


def test_view_instance_has_the_events_of_one_process_with_integer_times(workload, view):
    (process,) = workload.processes
    query = f"FROM view_instance('async_events', '{process.process_id}')"
    assert view(f"SELECT sum(time), count(*) {query}") == [
        (sum(e.time for e in workload.events), 60_272)
    ]
    assert view("SELECT count(*) FROM view_instance('async_events', 'another')") == [(0,)]


def test_view_instance_says_what_it_does_not_have(made):
    ask = made()
    with pytest.raises(duckdb.InvalidInputException, match="there is only 'async_events'"):
        ask(f"FROM view_instance('log_entries', '{PROCESS}')")


def test_a_query_that_joins_begins_and_ends_of_view_instance_runs_unedited(workload, view):
    """The way in which the plan gets at durations: integer times are subtracted and cast."""
    (process,) = workload.processes
    events = f"view_instance('async_events', '{process.process_id}')"
    rows = view(f"""
        SELECT name, AVG(duration_ms) AS average, COUNT(*) AS count
        FROM (
          SELECT b.name, b.depth, CAST((e.time - b.time) AS BIGINT) / 1000000 AS duration_ms
          FROM (SELECT * FROM {events} WHERE event_type = 'begin') b
          LEFT JOIN (SELECT * FROM {events} WHERE event_type = 'end') e
            ON b.span_id = e.span_id
        )
        WHERE depth < 3
        GROUP BY name
        ORDER BY average DESC""")
    expected = grouped((s for s in workload.spans if s.depth < 3), lambda s: s.name)
    assert {name: (average, count) for name, average, count in rows} == {
        name: (milliseconds(sum(d) / len(d)), len(d)) for name, d in expected.items()
    }


def test_the_plans_queries_over_async_spans_with_duration_run_unedited(workload, view):
    levels = grouped(workload.spans, lambda s: s.depth)
    assert view("""
        SELECT depth, COUNT(*) AS spans, AVG(duration_ms) AS average
        FROM async_spans_with_duration GROUP BY depth ORDER BY depth""") == [
        (depth, len(d), milliseconds(sum(d) / len(d))) for depth, d in sorted(levels.items())
    ]
    assert view("""
        SELECT name, depth, COUNT(*) AS nested FROM async_spans_with_duration
        WHERE depth > 0 GROUP BY name, depth HAVING COUNT(*) > 10
        ORDER BY nested DESC, name""") == [
        ("loop_first", 1, 10_000),
        ("loop_second", 1, 10_000),
        ("task_step", 1, 60),
        ("concurrent_step", 1, 24),
    ]
