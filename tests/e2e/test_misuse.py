# SPDX-License-Identifier: BSD-2-Clause
"""Handles used in ways that are not right (X4, X5, X7): the outcome that the rules give, counted.

The ledger says for every operation which outcome is expected; here stand the counters.
"""

import pytest

from harness import counters
from harness.tracer import PROGRAMS

MISUSE, TASKS = PROGRAMS / "misuse", PROGRAMS / "tasks"

OUTCOMES = {
    "end_twice": {"orphan": 1},
    "suspend_twice": {"not_entered": 1},
    "double_resume": {"double_resume": 1},
    "resume_stolen": {"stolen": 1},
    "resume_not_top": {"not_top": 1, "not_entered": 1},
    "suspend_not_top": {"not_top": 1},
    "end_not_top": {"not_top": 1},
    "suspend_foreign": {"foreign": 1},
    "end_foreign": {"foreign": 2},
    "resume_after_end": {"orphan": 2},
    "overwritten": {},
    "parent_alive": {},
    "parent_none": {},
    "parent_ended_pointer": {},
    "parent_ended_copy": {"parent_gone": 4},
    "parent_unknown": {"parent_gone": 4},
}


@pytest.mark.parametrize("scenario", OUTCOMES)
def test_misuse_is_mended_as_the_rules_say_and_counted(recorded, scenario):
    recording = recorded(MISUSE, scenario)
    recording.compare()
    assert counters.inconsistencies(recording.trace) == OUTCOMES[scenario]


def test_a_parent_in_another_process_is_gone(recorded):
    recording = recorded(MISUSE, "parent_other_process", options=["-f"])
    recording.compare()
    assert counters.inconsistencies(recording.trace) == {"parent_gone": 4}
    assert len(recording.trace.processes) == 2


def test_a_thread_that_exits_leaves_its_spans_suspended_and_they_go_on_elsewhere(recorded):
    """X7"""
    recording = recorded(TASKS, "X7")
    recording.compare()
    trace = recording.trace
    assert counters.inconsistencies(trace) == {"thread_exit": 2}
    abandoned = trace.span("abandoned")
    assert (abandoned.polls, abandoned.migrations, abandoned.outcome) == (2, 1, "ok")
    pause = 20_000_000
    assert abandoned.duration_ns - abandoned.busy_ns >= pause, "its poll ended with the thread"
    assert trace.span("elsewhere").parent_span_id == abandoned.span_id
