# SPDX-License-Identifier: BSD-2-Clause
"""Objects that come and go: constructors, plug-ins loaded by dlopen, unloaded again (X3, X9)."""

import pytest

from harness.tracer import PROGRAMS

PLUGINS, EARLY = PROGRAMS / "plugins", PROGRAMS / "early"


def test_a_command_is_held_until_it_is_attached(recorded):
    """The span in a constructor, before main, is seen."""
    recording = recorded(EARLY)
    recording.compare()
    names = [begin.name for begin in recording.trace.begins]
    assert names == ["before_main", "in_main", "at_exit", "in_destructor"]
    assert recording.ledger.untraced == []


@pytest.mark.sanitizers
def test_spans_in_constructors_and_destructors_of_plugins_are_seen(recorded):
    """Each time that the plug-in is loaded."""
    recording = recorded(PLUGINS, "constructors")
    recording.compare()
    names = [begin.name for begin in recording.trace.begins]
    assert names == ["in_constructor", "in_destructor"] * 3
    assert {span.target for span in recording.trace.spans} == {"plugin_constructor.so"}
    assert recording.ledger.untraced == []


def test_names_are_right_when_another_plugin_is_loaded_at_the_same_address(recorded):
    """X9: locations are known by their addresses."""
    recording = recorded(PLUGINS, "X9")
    recording.compare()
    targets = [begin.target for begin in recording.trace.begins]
    assert targets == ["plugin_first.so", "plugin_other.so", "plugin_first.so"]


@pytest.mark.timeout(240)
def test_ids_are_unique_over_an_executable_and_two_plugins_built_apart(tracer):
    """X3: 8 threads, 1,000,000 spans, and a ring that holds all their records, however slowly they
    are taken out; the program itself checks that dlclose unmaps and that no id comes twice."""
    recording = tracer.record(PLUGINS, "X3", "1000000", options=["--ring-size", "256m"])
    trace = recording.trace
    recording.ledger.check_summary(trace)
    assert trace.sql("SELECT count(DISTINCT span_id), count(*) FROM async_spans") == [
        (1_000_000, 1_000_000)
    ]
    assert trace.sql("SELECT DISTINCT target FROM async_spans ORDER BY 1") == [
        ("plugin_one.so",), ("plugin_two.so",), ("plugins",)
    ]
    depths = "SELECT target, min(depth), max(depth) FROM async_spans GROUP BY 1 ORDER BY 1"
    assert trace.sql(depths) == [
        ("plugin_one.so", 1, 1), ("plugin_two.so", 1, 1), ("plugins", 0, 0)
    ]
