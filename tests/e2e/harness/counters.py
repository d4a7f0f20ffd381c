# SPDX-License-Identifier: BSD-2-Clause
"""The counters in traces/*.json: what was lost, and what the program did that made no sense."""


def total(trace, kind):
    """The counters of one kind (loss, inconsistency, note), summed over a directory's traces."""
    sums = {}
    for document in trace.information:
        for counter in document["counters"]:
            if counter["kind"] == kind:
                sums[counter["name"]] = sums.get(counter["name"], 0) + counter["value"]
    return sums


def losses(trace):
    """The counters of losses that differ from 0."""
    return {name: value for name, value in total(trace, "loss").items() if value}


def inconsistencies(trace):
    return {name: value for name, value in total(trace, "inconsistency").items() if value}


def late_rows(trace):
    """Rows of async_events that came after a row group with later times had been written."""
    return total(trace, "note")["late_rows"]


def check(trace, expected_losses):
    """Problems, if something else was lost than what was to be lost."""
    problems = []
    found = losses(trace)
    for name, value in total(trace, "loss").items():
        if value < 0:
            problems.append(f"  counter {name} is {value}")
    unexpected = {name: value for name, value in found.items() if name not in expected_losses}
    if unexpected:
        problems.append(f"  lost: {unexpected}")
    missing = expected_losses - set(found)
    if missing:
        problems.append(f"  nothing counted as {sorted(missing)}, found {found}")
    return problems
