# SPDX-License-Identifier: BSD-2-Clause
"""The comparison with a ledger can fail: a made trace, and ledgers that differ in one point."""

import json

import pytest

from harness.ledger import Ledger, cut, written_name
from harness.made_trace import MAIN, MICROSECOND, START, TASKS, WORKER, MadeTrace
from harness.trace_files import Trace, TraceError

OFFSET = 5


def moment(microsecond):
    """Of CLOCK_MONOTONIC, just before and just after."""
    exact = START + microsecond * MICROSECOND - OFFSET
    return {"time_before": exact - 100, "time_after": exact + 100}


def line(event, number, time, stream=MAIN, outcome="normal", **rest):
    same = {"event": event, "id": number, "traced": True, "pid": 4711, "tid": TASKS[stream]}
    return same | {"outcome": outcome} | moment(time) | rest


def begin(number, name, parent, depth, time, stream=MAIN, entered=True):
    return line(
        "begin", number, time, stream, name=name, parent=parent, depth=depth,
        file="made.c", line=number, entered=entered,
    )


def right_ledger():
    """The same as MadeTrace, written by the program that made it."""
    return [
        begin(1, "outer", 0, 0, 10),
        begin(2, "inner", 1, 1, 20),
        begin(3, "queued", 1, 1, 30, entered=False),
        line("suspend", 2, 35),
        line("end", 3, 40, status=-(2**31)),
        begin(4, "open", 0, 0, 50, WORKER),
        line("suspend", 1, 50),
        line("resume", 2, 55, WORKER),
        line("end", 2, 70, WORKER, status=7),
        line("resume", 1, 80),
        line("end", 1, 90, status=0),
    ]


@pytest.fixture
def trace(scratch):
    MadeTrace().write(scratch / "trace")
    return Trace(scratch / "trace")


def check(trace, lines, scratch):
    path = scratch / "ledger.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    Ledger(path).check(trace)


def test_a_ledger_that_says_the_same_passes(trace, scratch):
    check(trace, right_ledger(), scratch)


WRONG = {
    "another parent": (1, {"parent": 4}, "parent is 1, expected 4"),
    "another depth": (1, {"depth": 2}, "depth is 1, expected 2"),
    "another name": (1, {"name": "other"}, "name is 'inner', expected 'other'"),
    "another place": (1, {"line": 77}, "line is 2, expected 77"),
    "another thread at the begin": (1, {"tid": 4712}, "begin_tid"),
    "another thread at the end": (8, {"tid": 4711}, "status and tid"),
    "another status": (8, {"status": 0}, "status and tid"),
    "an earlier begin": (1, {"time_after": START}, "begin at"),
    "a later end": (8, {"time_before": START + 10**9}, "end of 'inner'"),
    "an id that has no row": (1, {"id": 99}, "no row for"),
    "an outcome that no counter has": (8, {"outcome": "foreign"}, "inconsistencies counted"),
    "a resume on another thread": (7, {"tid": 4711}, "migrations"),
    "a begin that enters": (2, {"entered": True}, "0 polls, 0 migrations, expected 1, 0"),
    "a shorter poll": (3, moment(20), "busy"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_ledger_that_says_something_else_does_not(what, trace, scratch):
    index, change, message = WRONG[what]
    lines = right_ledger()
    lines[index] |= change
    with pytest.raises(TraceError, match=message.replace("(", r"\(")):
        check(trace, lines, scratch)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (0, "that the ledger does not know"),
        (8, "an end that the ledger does not know"),
        (7, "1 migrations, expected 1, 0"),
    ],
)
def test_a_row_that_the_ledger_lacks_is_found(missing, message, trace, scratch):
    lines = right_ledger()
    del lines[missing]
    with pytest.raises(TraceError, match=message):
        check(trace, lines, scratch)


def test_names_are_cut_at_255_bytes_back_to_a_whole_character():
    assert cut(b"n" * 300) == "n" * 255
    assert cut("é".encode() * 200) == "é" * 127
    assert cut("x€".encode() * 100) == "x€" * 63 + "x"
    assert cut(b"a\xff\xfeb") == "a\ufffd\ufffdb"
    assert written_name(None) == "?"
    assert written_name("Gr\u00c3\u00bc\u00c3\u009f") == "Grüß"
