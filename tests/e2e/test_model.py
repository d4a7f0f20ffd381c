# SPDX-License-Identifier: BSD-2-Clause
"""The span model: random walks through real tracing against the reference model, and the tables of
docs/model.md against the code.

A walk is a sequence of operations that the threads of several processes take in turn, so that there is
one right outcome. ASYNCSPAN_SEED=N takes the random ones again that failed with this seed.
"""

import functools
import json
import os
import random
import re
import struct
import subprocess
from collections import Counter

import pytest

from harness import counters
from harness.schema import TABLES
from harness.tracer import BUILD, PROGRAMS, ROOT

EXPECT = BUILD / "tests" / "model" / "expect"
MODEL_WALK = PROGRAMS / "model_walk"
STEPS = 20_000
FIXED_SEED = 20261122
JOURNAL_STEPS = 65536  # tests/e2e/programs/model_walk.c
TABLE = {"processes": 262_144, "threads": 44}  # of the second so few that it is full now and then
CANCELLED = -(2**31)


def expect(*arguments, walk=None):
    return subprocess.run([EXPECT, *map(str, arguments)], stdin=walk, capture_output=True, text=True,
                          check=True, timeout=60).stdout


def read_journal(path, steps):
    """Per step, from 1: the id of the span that it began, or 0, and the thread that took it."""
    entries = struct.iter_unpack("=QQ", path.read_bytes()[JOURNAL_STEPS:])
    journal = dict(enumerate(entries, 1))
    assert len(journal) == steps
    return journal


def name_of(step, operation):
    """As the program chooses it."""
    if operation in "BS":
        return f"step {step}" if step % 2 == 0 else "child"
    return ["literal", f"step {step}", "shared", f"step {step}"][(step - 1) % 4]


def outcome_of(span):
    if span["reason"] != "end":
        return "unfinished"
    return {0: "ok", CANCELLED: "cancelled"}.get(span["status"], "error")


def expected_spans(expected, operations):
    """By the step that began it, what a row must say; a process by its number in the walk."""
    return {
        span["id"]: {
            "name": name_of(span["id"], operations[span["id"]]),
            "parent": span["parent"],
            "root": span["root"],
            "depth": span["depth"],
            "polls": span["polls"],
            "migrations": span["migrations"],
            "never entered": span["polls"] == 0,
            "state": span["state"],
            "end reason": span["reason"],
            "status": span["status"],
            "outcome": outcome_of(span),
        }
        for span in expected["spans"]
    }


def found_spans(trace, step_of):
    return {
        step_of[row.span_id]: {
            "name": row.name,
            "parent": step_of[row.parent_span_id],
            "root": step_of[row.root_span_id],
            "depth": row.depth,
            "polls": row.polls,
            "migrations": row.migrations,
            "never entered": row.queue_ns is None,
            "state": row.state,
            "end reason": row.end_reason,
            "status": row.status,
            "outcome": row.outcome,
        }
        for row in trace.spans
    }


def differences(found, expected):
    """The first few, readable."""
    lines = []
    for key in sorted(set(found) | set(expected)):
        if found.get(key) != expected.get(key):
            lines.append(f"  step {key}: {found.get(key)}\n    expected {expected.get(key)}")
    return "\n".join(lines[:5])


def check_polls(trace, expected, journal, step_of):
    """In the order of their begins: of which span, on which thread; and each ends when it should."""
    polls = sorted(expected["polls"], key=lambda poll: poll[1])
    rows = sorted(trace.rows("async_polls"), key=lambda row: row.begin_time)
    assert [(step_of[row.span_id], row.tid) for row in rows] == [
        (span, journal[begin][1]) for span, begin, _ in polls]
    # What ends in one step ends in one moment, or in several of one process's threads.
    ends = sorted(zip(rows, polls), key=lambda pair: (pair[1][2], pair[0].end_time))
    assert [row.end_time for row, _ in ends] == sorted(row.end_time for row in rows)


def check_walk(tracer, profile, seed, options=()):
    repeat = f"walk {profile} {STEPS}, ASYNCSPAN_SEED={seed}"
    walk_file, journal_file = tracer.scratch / "walk", tracer.scratch / "journal"
    walk_file.write_text(expect("generate", profile, seed, STEPS))
    operations = dict(enumerate((line[0] for line in walk_file.read_text().splitlines()[1:]), 1))
    with walk_file.open() as walk:
        expected = json.loads(expect("rows", TABLE[profile], walk=walk))
    losses = {"unrecorded"} if expected["counters"]["unrecorded"] else set()
    trace = tracer.record(MODEL_WALK, walk_file, journal_file, losses=losses,
                          options=["-f", "--max-spans", TABLE[profile], *options]).trace

    journal = read_journal(journal_file, STEPS)
    step_of = {0: 0} | {span: step for step, (span, _) in journal.items() if span}
    assert len(step_of) == 1 + sum(1 for span, _ in journal.values() if span), "an id came twice"

    events = [(e.event_type, step_of[e.span_id], e.tid) for e in sorted(trace.events, key=lambda e: e.time)]
    assert events == [(kind, span, journal[step][1]) for kind, span, step in expected["events"]], repeat
    wrong = differences(found_spans(trace, step_of), expected_spans(expected, operations))
    assert not wrong, f"{repeat}\n{wrong}"
    if "--polls" in options:
        check_polls(trace, expected, journal, step_of)
    number_of = {span["id"]: span["process"] for span in expected["spans"]}
    processes = {(number_of[step_of[row.span_id]], row.process_id) for row in trace.spans}
    assert len(processes) == len(dict(processes)) == len({name for _, name in processes}), repeat
    wanted = {name: value for name, value in expected["counters"].items() if value}
    found = counters.inconsistencies(trace) | counters.losses(trace)
    assert found == wanted, repeat
    return expected


@pytest.mark.parametrize("profile", TABLE)
def test_a_walk_leaves_the_rows_and_counters_of_the_reference_model(tracer, profile):
    expected = check_walk(tracer, profile, FIXED_SEED)
    never = [case for case, times in zip(cases(), expected["met"]) if not times]
    everywhere = {"storage_busy"}  # the kernel's room for stacks has no end here
    here = {"processes": {"unrecorded"}, "threads": {"thread_exit"}}[profile]
    assert {counter for _, _, counter in never} <= everywhere | here


@pytest.mark.parametrize("profile", TABLE)
def test_a_random_walk_does_so_too_and_leaves_a_row_for_each_poll(tracer, profile):
    seed = int(os.environ.get("ASYNCSPAN_SEED") or random.getrandbits(63))
    check_walk(tracer, profile, seed, options=["--polls"])


# docs/model.md


@functools.cache
def cases():
    """The cases of the reference model: (operation, situation, counter)."""
    return [tuple(case) for case in json.loads(expect("cases"))]


@functools.cache
def document():
    return (ROOT / "docs" / "model.md").read_text()


def table(heading):
    """The cells of the table below a heading, a list for each row."""
    section = document().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@functools.cache
def rule_tests():
    """The tests of the rules: name -> source."""
    source = (ROOT / "tests" / "unit" / "test_rules.c").read_text()
    names = re.findall(r"^\t\tRULE\((\w+)\)", source, re.M)
    assert len(names) == len(set(names)) > 30
    bodies = {}
    for name in names:
        start = source.index(f"static void {name}(void **state)")
        bodies[name] = source[start:source.index("\n}", start)]
    return bodies


def counters_of_the_code():
    """model/counters.h: (name, kind, meaning)."""
    source = (ROOT / "model" / "counters.h").read_text().replace("\\\n", " ")
    return re.findall(r'X\(\w+, "(\w+)", (\w+), "([^"]*)"\)', source)


def test_the_rules_of_the_document_are_the_cases_of_the_reference_model(built):
    written = [(operation, situation, counter) for operation, situation, _, counter, _ in table("The rules")]
    assert Counter(written) == Counter(cases())


def test_each_rule_names_a_test_that_looks_at_its_counter():
    for operation, situation, _, counter, proven_by in table("The rules"):
        tests = proven_by.split(", ")
        assert set(tests) <= set(rule_tests()), f"{operation}, {situation}: no such test"
        if counter:
            assert any(f"MODEL_{counter.upper()}" in rule_tests()[name] for name in tests), (
                f"{operation}, {situation}: no test looks at {counter}")


def test_every_test_of_the_rules_has_its_place_in_the_document():
    assert [name for name in rule_tests() if not re.search(rf"\b{name}\b", document())] == []


def test_every_column_of_a_span_is_explained():
    explained = [column for cell, _, _ in table("What the columns of a span mean")
                 for column in cell.split(", ")]
    assert Counter(explained) == Counter(column.name for column in TABLES["async_spans"])
    for _, _, proven_by in table("What the columns of a span mean"):
        assert not proven_by or set(proven_by.split(", ")) <= set(rule_tests())


def test_every_counter_is_in_the_document_with_the_meaning_that_users_are_shown():
    written = [tuple(row) for row in table("The counters")]
    assert written == [(name, kind.lower(), meaning) for name, kind, meaning in counters_of_the_code()]


def test_every_inconsistency_has_a_rule():
    kinds = {name: kind for name, kind, _ in counters_of_the_code()}
    in_rules = {row[3] for row in table("The rules")} - {""}
    assert in_rules <= set(kinds)
    assert {name for name, kind in kinds.items() if kind == "INCONSISTENCY"} <= in_rules
