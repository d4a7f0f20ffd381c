# SPDX-License-Identifier: BSD-2-Clause
"""Tasks and processes that come and go in unusual ways: whatever they do, the rows are right."""

import pytest

from harness.tracer import PROGRAMS

LIFECYCLE = PROGRAMS / "lifecycle"


def names_by_process(trace):
    found = {}
    for span in trace.spans:
        found.setdefault(span.process_id, set()).add(span.name)
    return sorted(found.values(), key=sorted)


def test_an_exec_by_another_thread_than_the_first_ends_the_image(tracer):
    recording = tracer.record(LIFECYCLE, "exec_from_thread")
    recording.compare()
    trace = recording.trace
    assert {span.name for span in trace.spans} == {"of_first_thread", "before_exec"}
    assert {span.end_reason for span in trace.spans} == {"exec"}
    assert {span.state for span in trace.spans} == {"entered"}
    before, after = sorted(trace.processes, key=lambda process: process.parent_process_id or "")
    assert (after.parent_process_id, after.pid) == (before.process_id, before.pid)


@pytest.mark.parametrize("options", [[], ["-f"]], ids=["alone", "followed"])
def test_a_vforked_child_leaves_the_parents_spans_alone(tracer, options):
    recording = tracer.record(LIFECYCLE, "vfork_and_exec", options=options)
    recording.compare()
    assert {span.outcome for span in recording.trace.spans} == {"ok"}
    assert len(recording.trace.processes) == (3 if options else 1)


@pytest.mark.parametrize("scenario", ["clone_with_memory", "clone_without_memory",
                                      "fork_in_thread"])
def test_a_followed_child_has_a_process_and_roots_of_its_own(tracer, scenario):
    recording = tracer.record(LIFECYCLE, scenario, options=["-f"])
    recording.compare()
    trace = recording.trace
    assert names_by_process(trace) == [{"child_inner", "child_root"}, {"outer"}]
    assert trace.span("child_root").depth == 0
    assert len({span.span_id for span in trace.spans}) == 3


@pytest.mark.parametrize("scenario", ["clone_without_memory", "fork_in_thread"])
def test_a_child_that_is_not_followed_gives_no_rows(tracer, scenario):
    trace = tracer.record(LIFECYCLE, scenario).trace
    assert {span.name for span in trace.spans} == {"outer"}


def test_tracing_goes_on_when_the_first_thread_ends_before_others(tracer):
    """With -f nothing is lost; without, attaching anew is counted, as it may miss events."""
    recording = tracer.record(LIFECYCLE, "first_thread_ends", options=["-f"])
    recording.compare()
    assert {span.name for span in recording.trace.spans} == {"early", "late"}
    recording = tracer.record(LIFECYCLE, "first_thread_ends", losses={"hold_lost"})
    assert {span.name for span in recording.trace.spans} == {"early", "late"}
    assert recording.trace.span("late").parent_span_id == recording.trace.span("early").span_id


def test_handlers_that_interrupt_the_macros_never_share_an_id(tracer):
    trace = tracer.record(LIFECYCLE, "signal_handler", "2000").trace
    inner = trace.spans_named("in_handler")
    assert len(inner) >= 2000
    assert len({span.span_id for span in trace.spans}) == len(trace.spans)
    assert {span.outcome for span in trace.spans} == {"ok"}
    outer = {span.span_id for span in trace.spans_named("interrupted")}
    assert {span.parent_span_id for span in inner} <= outer | {0}
