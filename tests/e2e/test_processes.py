# SPDX-License-Identifier: BSD-2-Clause
"""Processes that end, fork and execute with spans open (N11, X1, X2, X10, X11)."""

import os
import signal

import pytest

from harness.tracer import PROGRAMS

PROCESS = PROGRAMS / "process"
STATES = {
    "outer": "entered",
    "inner": "entered",
    "elsewhere": "entered",
    "suspended": "suspended",
    "queued": "queued",
}


def image_of(trace, span):
    (process,) = [p for p in trace.processes if p.process_id == span.process_id]
    return process


@pytest.mark.parametrize(
    ("scenario", "status", "reason", "exit_status", "exit_signal"),
    [
        ("N11_exit", 7, "exit", 7, None),
        ("N11_kill", -signal.SIGKILL, "signal", None, signal.SIGKILL),
        ("N11_segv", -signal.SIGSEGV, "signal", None, signal.SIGSEGV),
    ],
)
def test_what_is_open_when_a_process_ends_is_unfinished_for_that_reason(
    tracer, scenario, status, reason, exit_status, exit_signal
):
    """N11"""
    recording = tracer.record(PROCESS, scenario, status=status)
    recording.compare()
    trace = recording.trace
    assert {begin.name for begin in trace.begins} == set(STATES)
    assert trace.ends == []
    assert {span.name: span.state for span in trace.spans} == STATES
    assert {span.end_reason for span in trace.spans} == {reason}
    (process,) = trace.processes
    assert (process.exit_status, process.exit_signal) == (exit_status, exit_signal)


def test_an_open_poll_counts_up_to_the_end_of_its_task(tracer):
    """Which is not after the process's end; spans entered on one task are left at one moment."""
    trace = tracer.record(PROCESS, "N11_exit", status=7).trace
    (process,) = trace.processes
    outer, inner, elsewhere = (trace.span(name) for name in ("outer", "inner", "elsewhere"))
    for span in (outer, inner, elsewhere):
        assert span.last_event_time < span.begin_time + span.busy_ns <= process.end_time
        assert span.max_poll_ns == span.busy_ns
    assert outer.begin_time + outer.busy_ns == inner.begin_time + inner.busy_ns
    assert outer.busy_self_ns == inner.begin_time - outer.begin_time
    assert inner.busy_self_ns == inner.busy_ns
    assert trace.span("queued").queue_ns is None


@pytest.mark.sanitizers
def test_a_forked_child_has_its_own_process_and_its_spans_are_roots(tracer):
    """X1"""
    recording = tracer.record(PROCESS, "X1", options=["-f"])
    recording.compare()
    trace = recording.trace
    root, inner, after = (trace.span(n) for n in ("child_root", "child_inner", "after_fork"))
    assert (root.depth, inner.parent_span_id) == (0, root.span_id)
    assert root.process_id != after.process_id
    assert after.parent_span_id == trace.span("inner").span_id
    assert image_of(trace, root).parent_process_id == after.process_id
    assert image_of(trace, root).ppid == image_of(trace, after).pid


def test_without_follow_a_forked_child_gives_no_rows_and_is_not_harmed(tracer):
    trace = tracer.record(PROCESS, "X1").trace
    assert {span.name for span in trace.spans} == {*STATES, "after_fork"} - {"elsewhere"}
    assert len(trace.processes) == 1


def test_spans_open_at_an_exec_are_unfinished_for_that_reason(tracer):
    """X2"""
    recording = tracer.record(PROCESS, "X2")
    recording.compare()
    trace = recording.trace
    assert {span.end_reason for span in trace.spans} == {"exec"}
    assert {span.name: span.state for span in trace.spans} == {
        name: state for name, state in STATES.items() if name != "elsewhere"
    }
    before = image_of(trace, trace.spans[0])
    (after,) = [p for p in trace.processes if p.parent_process_id == before.process_id]
    assert os.path.basename(after.exe) in ("true", os.path.basename(os.path.realpath("/bin/true")))
    assert (after.pid, after.exit_status) == (before.pid, 0)
    assert before.end_time is not None and before.exit_status is None


@pytest.mark.sanitizers
def test_the_image_after_an_exec_has_its_own_process_row_and_rows(tracer):
    """X10"""
    recording = tracer.record(PROCESS, "X10")
    recording.compare()
    trace = recording.trace
    before, after = image_of(trace, trace.span("outer")), image_of(trace, trace.span("image_outer"))
    assert after.parent_process_id == before.process_id != after.process_id
    assert after.pid == before.pid
    assert "X10_image" in after.command_line and "X10_image" not in before.command_line
    assert trace.span("image_outer").depth == 0, "the async stack was cleared"
    assert trace.span("image_inner").parent_span_id == trace.span("image_outer").span_id


@pytest.mark.timeout(240)
def test_1000_forked_children_trace_and_none_is_harmed(tracer):
    """X11: the program itself fails when a child does not exit with 0."""
    recording = tracer.record(PROCESS, "X11", "1000", options=["-f"])
    recording.compare()
    trace = recording.trace
    assert len(trace.processes) == 1001
    assert len(trace.spans_named("child_span")) == 1000
    assert len({span.process_id for span in trace.spans_named("child_span")}) == 1000
    parents = {span.process_id for span in trace.spans_named("parent_span")}
    assert len(parents) == 1
    children = [p for p in trace.processes if p.process_id not in parents]
    assert {child.parent_process_id for child in children} == parents


def test_1000_children_that_are_not_followed_are_not_harmed_either(tracer):
    trace = tracer.record(PROCESS, "X11", "1000").trace
    assert len(trace.spans_named("parent_span")) == 1000
    assert trace.spans_named("child_span") == []
