# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios of spans, and the rows that each gives: name(depth, parent), "-" for no parent.

Beside that, every begin, end and poll is compared with what the traced program knows itself.
"""

from collections import Counter

import pytest

from harness import counters
from harness.tracer import EXAMPLES, PROGRAMS

BASIC, NAMES, TASKS = PROGRAMS / "basic", PROGRAMS / "names", PROGRAMS / "tasks"
SCOPES = PROGRAMS / "scopes"


def story(trace):
    """The rows in the order of time."""
    names = {begin.span_id: begin.name for begin in trace.begins} | {0: "-"}
    events = sorted(trace.events, key=lambda event: event.time)
    return [
        f"{e.event_type[0].upper()} {e.name}({e.depth}, {names[e.parent_span_id]})" for e in events
    ]


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


STORIES = {
    ("C1: one span, suspended once", BASIC, "C1"): """
        B level_0(0, -)
        E level_0(0, -)
    """,
    ("C2: outer runs inner", BASIC, "C2"): """
        B outer(0, -)
        B inner(1, outer)
        E inner(1, outer)
        E outer(0, -)
    """,
    ("C3: three at root, polled in turn", BASIC, "C3"): """
        B parallel_0(0, -)
        B parallel_1(0, -)
        B parallel_2(0, -)
        E parallel_0(0, -)
        E parallel_1(0, -)
        E parallel_2(0, -)
    """,
    ("C4: four levels", BASIC, "C4"): """
        B level_0(0, -)
        B level_1(1, level_0)
        B level_2(2, level_1)
        B level_3(3, level_2)
        E level_3(3, level_2)
        E level_2(2, level_1)
        E level_1(1, level_0)
        E level_0(0, -)
    """,
    ("C5: an operation that fails has its end", BASIC, "C5"): """
        B recovery(0, -)
        B error_operation(1, recovery)
        E error_operation(1, recovery)
        E recovery(0, -)
    """,
    ("C6: begin and end agree over a suspension", BASIC, "C6"): """
        B outer(0, -)
        B inner(1, outer)
        E inner(1, outer)
        E outer(0, -)
    """,
    ("C7: the same with names made at run time", BASIC, "C7"): """
        B outer 7(0, -)
        B inner 8(1, outer 7)
        E inner 8(1, outer 7)
        E outer 7(0, -)
    """,
    ("C8: a parent's children on two threads", TASKS, "C8"): """
        B parent_op(0, -)
        B child_a(1, parent_op)
        E child_a(1, parent_op)
        B child_b(1, parent_op)
        E child_b(1, parent_op)
        E parent_op(0, -)
    """,
    ("C9: spawned two levels down, run on another thread", TASKS, "C9"): """
        B outer(0, -)
        B middle(1, outer)
        B spawned(2, middle)
        E middle(1, outer)
        E outer(0, -)
        E spawned(2, middle)
    """,
    ("C10: outer and two inner ones, one after the other", BASIC, "C10"): """
        B outer(0, -)
        B inner_1(1, outer)
        E inner_1(1, outer)
        B inner_2(1, outer)
        E inner_2(1, outer)
        E outer(0, -)
    """,
    ("C13: names made in loops in one buffer", NAMES, "C13"): "\n".join(
        f"{kind} {name}_{i}(0, -)"
        for name, count in (("iteration", 5), ("background_operation", 3))
        for i in range(count)
        for kind in "BE"
    ),
    ("N1: a handle never begun", BASIC, "N1"): "",
    ("N2: begun, then cancelled while suspended", BASIC, "N2"): """
        B cancelled_operation(0, -)
        E cancelled_operation(0, -)
    """,
    ("N3: begun in A, run in B", BASIC, "N3"): """
        B A(0, -)
        B x(1, A)
        B B(1, A)
        E x(1, A)
        E B(1, A)
        E A(0, -)
    """,
    ("N4: a nest moves to another thread", TASKS, "N4"): """
        B a(0, -)
        B b(1, a)
        B c(2, b)
        B late(3, c)
        E late(3, c)
        E c(2, b)
        E b(1, a)
        E a(0, -)
    """,
    ("N5: a join of three siblings", BASIC, "N5"): """
        B join(0, -)
        B w0(1, join)
        B w1(1, join)
        B w2(1, join)
        E w0(1, join)
        E w1(1, join)
        E w2(1, join)
        E join(0, -)
    """,
    ("N6: a spawned span runs a child on another thread", TASKS, "N6"): """
        B root(0, -)
        B mid(1, root)
        B child(2, mid)
        E mid(1, root)
        B grandchild(3, child)
        E grandchild(3, child)
        E child(2, mid)
        E root(0, -)
    """,
    ("N7: spawned with no span entered", BASIC, "N7"): """
        B spawned(0, -)
        E spawned(0, -)
    """,
    ("N8: scopes and polls left by return, break, continue and goto", BASIC, "N8"): """
        B left_by_return(0, -)
        B child_of_left_by_return(1, left_by_return)
        E child_of_left_by_return(1, left_by_return)
        E left_by_return(0, -)
        B after_return(0, -)
        E after_return(0, -)
        B left_by_break(0, -)
        E left_by_break(0, -)
        B after_break(0, -)
        E after_break(0, -)
        B left_by_goto(0, -)
        E left_by_goto(0, -)
        B after_goto(0, -)
        E after_goto(0, -)
        B polled(0, -)
        B after_polls(0, -)
        E after_polls(0, -)
        E polled(0, -)
    """,
    ("N8b: a block left by longjmp", BASIC, "N8b_longjmp"): """
        B lower(0, -)
        B stale(1, lower)
        B after(2, stale)
        E after(2, stale)
        E lower(0, -)
        E stale(1, lower)
    """,
    ("N8b: a function left without suspend", BASIC, "N8b_return"): """
        B lower(0, -)
        B stale(1, lower)
        B after(2, stale)
        E after(2, stale)
        E lower(0, -)
        E stale(1, lower)
    """,
}
# Polls by the macro ASYNCSPAN_POLL are in no ledger.
UNLEDGERED_POLLS = {"N8"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [pytest.param(key, text, id=key[0]) for key, text in STORIES.items()],
)
def test_a_scenario_gives_its_rows(recorded, key, expected):
    _, program, scenario = key
    recording = recorded(program, scenario)
    assert story(recording.trace) == lines(expected)
    recording.compare(polls=scenario not in UNLEDGERED_POLLS)


def test_one_suspension_is_two_polls_and_idle_time(recorded):
    """C1: level_0 is suspended for 1 ms."""
    span = recorded(BASIC, "C1").trace.span("level_0")
    assert span.polls == 2
    assert span.duration_ns - span.busy_ns >= 1_000_000
    assert span.queue_ns == 0


def test_a_status_is_kept_and_makes_an_error(recorded):
    trace = recorded(BASIC, "C5").trace
    failed, recovered = trace.span("error_operation"), trace.span("recovery")
    assert (failed.status, failed.outcome) == (-2, "error")
    assert (recovered.status, recovered.outcome) == (0, "ok")


def test_a_cancelled_span_is_told_from_a_failed_one(recorded):
    span = recorded(BASIC, "N2").trace.span("cancelled_operation")
    assert (span.status, span.outcome, span.end_reason) == (-(2**31), "cancelled", "end")


def test_a_child_begun_after_a_migration_is_one_deeper_on_another_thread(recorded):
    trace = recorded(TASKS, "C8").trace
    child_a, child_b, parent = (trace.span(name) for name in ("child_a", "child_b", "parent_op"))
    assert child_a.depth == child_b.depth == parent.depth + 1
    assert child_a.begin_tid != child_b.begin_tid
    assert parent.migrations == 2


def test_a_migrated_nest_begins_on_one_task_and_ends_on_another(recorded):
    trace = recorded(TASKS, "N4").trace
    late = trace.span("late")
    for name in "abc":
        span = trace.span(name)
        assert span.end_tid == late.begin_tid != span.begin_tid
        assert (span.polls, span.migrations) == (2, 1)


def test_a_span_that_runs_below_another_keeps_the_parent_it_was_begun_with(recorded):
    trace = recorded(BASIC, "N3").trace
    parents = {trace.span(name).parent_span_id for name in ("x", "B")}
    assert parents == {trace.span("A").span_id}


def test_the_time_between_spawn_and_first_resume_is_the_queue(recorded):
    trace = recorded(TASKS, "C9").trace
    spawned = trace.span("spawned")
    assert spawned.queue_ns > trace.span("middle").end_time - spawned.begin_time
    assert spawned.migrations == 0, "a spawned span's first poll is no migration"


def test_polls_left_by_return_continue_break_and_goto_are_closed(recorded):
    """N8: four polls, each left another way; a new span is a root each time."""
    assert recorded(BASIC, "N8").trace.span("polled").polls == 4


def test_a_location_keeps_its_place_when_its_name_is_given_per_call(recorded):
    """C16: one location with many names."""
    recording = recorded(NAMES, "C16")
    recording.compare()
    places = Counter(
        (span.filename, span.line, span.target) for span in recording.trace.spans
    ).most_common()
    assert [count for _, count in places] == [8, 1]
    hashes = {(span.name, span.hash) for span in recording.trace.spans}
    names = ["handle", "GET /users", "GET /orders", "spawned here", "static"]
    assert sorted(name for name, _ in hashes) == sorted(names), "one hash for each name"
    assert len({number for _, number in hashes}) == len(names)


def test_40000_distinct_names_fit_into_one_file(recorded):
    """N13."""
    recording = recorded(NAMES, "N13")
    trace = recording.trace
    assert trace.sql("SELECT count(DISTINCT name), count(*) FROM async_spans") == [(40000, 40000)]
    assert len(trace.parts["async_events"]) == 1
    recording.compare()


@pytest.mark.sanitizers
def test_any_bytes_make_a_name(tracer):
    """X6: NULL, empty, 10 kB, not UTF-8, with escape codes, on an unmapped page."""
    recording = tracer.record(NAMES, "X6", losses=["name_unreadable"])
    recording.compare()
    names = [begin.name for begin in recording.trace.begins]
    assert names[:2] == ["", ""]
    assert names[2:5] == ["n" * 255, "n" * 255, "é" * 127], "cut back to a whole character"
    assert names[5] == "x\ufffd\ufffd not UTF-8 \ufffd"
    assert names.count("?") == 6


def test_threads_have_streams_of_their_own_that_a_span_may_cross(recorded):
    """T5: begin and end of one span in different streams and blocks."""
    trace = recorded(TASKS, "N4").trace
    for name in "abc":
        begin, end = trace.begin(name), trace.end(name)
        assert begin.stream_id != end.stream_id
        assert begin.block_id != end.block_id
        assert begin.process_id == end.process_id


@pytest.mark.parametrize("scenario", ["N8_exception", "N8_scopes", "N8_polls", "moved_handles"])
def test_cpp_scopes_and_polls_end_however_the_block_is_left(recorded, scenario):
    """N8, in C++: by an exception too; what begins afterwards is a root."""
    recording = recorded(SCOPES, scenario)
    recording.compare(polls=scenario != "N8_polls")
    trace = recording.trace
    assert {span.outcome for span in trace.spans} == {"ok"}
    for span in trace.spans:
        if span.name.startswith(("after_", "in_handler")):
            assert span.depth == 0
    assert counters.inconsistencies(trace) == {}


def test_two_scopes_left_by_one_exception_end_from_the_inside(recorded):
    assert story(recorded(SCOPES, "N8_exception").trace)[2:6] == lines("""
        B child(2, inner_left_by_exception)
        E child(2, inner_left_by_exception)
        E inner_left_by_exception(1, left_by_exception)
        E left_by_exception(0, -)
    """)


VARIANTS = ["clang", "O0", "nopie", "static", "lto", "stripped"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_program_built_another_way_is_traced_the_same(recorded, variant):
    recording = recorded(PROGRAMS / f"basic_{variant}", "C4")
    assert story(recording.trace) == story(recorded(BASIC, "C4").trace)
    recording.compare()


@pytest.mark.sanitizers
def test_spans_of_a_program_and_of_its_shared_library_nest(recorded):
    recording = recorded(PROGRAMS / "shared")
    recording.compare()
    trace = recording.trace
    assert {span.target for span in trace.spans} == {"shared", "libscenario.so"}
    pairs = {
        (parent.target, child.target)
        for parent in trace.spans
        for child in trace.spans
        if child.parent_span_id == parent.span_id
    }
    assert {("shared", "libscenario.so"), ("libscenario.so", "shared")} <= pairs


def test_the_example_of_named_spans_gives_names_per_call_at_its_locations(recorded):
    trace = recorded(EXAMPLES / "named_spans").trace
    places = trace.sql("""
        SELECT line, count(DISTINCT name), count(*) FROM async_spans GROUP BY filename, line""")
    assert max(names for _, names, _ in places) > 1, "one location, several names"
    assert {span.outcome for span in trace.spans} == {"ok"}
