# SPDX-License-Identifier: BSD-2-Clause
"""Very many spans: the reference workload (S1), deep and wide (N9), and more than fit.

What does not fit is counted; what is in the files is right, which every recording is checked for.
"""

import json

import pytest

from harness import counters
from harness.tracer import PROGRAMS

MANY, THROUGHPUT, WORKLOAD = PROGRAMS / "many", PROGRAMS / "throughput", PROGRAMS / "workload"


def test_the_reference_workload_gives_30136_spans(recorded):
    """S1"""
    recording = recorded(WORKLOAD)
    trace = recording.trace
    assert (len(trace.spans), len(trace.events)) == (30_136, 60_272)
    assert {span.outcome for span in trace.spans} == {"ok"}
    counts = dict(trace.sql("SELECT name, count(*) FROM async_spans GROUP BY name"))
    assert counts["task"] == 10 and counts["task_step"] == 60
    assert counts["concurrent_operation"] == 8 and counts["concurrent_step"] == 24
    assert counts["loop_operation"] == counts["loop_first"] == counts["loop_second"] == 10_000
    recording.compare()


def test_spans_100000_deep_have_the_right_depths(tracer):
    """N9: far deeper than the async stack's own entries."""
    recording = tracer.record(MANY, "N9_deep", "100000")
    trace = recording.trace
    level = "FROM async_spans WHERE name = 'level'"
    assert trace.sql(f"SELECT count(*), min(depth), max(depth), count(DISTINCT depth) {level}") == [
        (100_000, 0, 99_999, 100_000)
    ]
    after = trace.span("after")
    assert after.depth == 0
    summary = recording.ledger.summary
    assert trace.sql(f"SELECT sum(span_id::HUGEINT) % 18446744073709551616 {level}") == [
        (summary["id_sum"],)
    ]


def test_more_spans_than_by_default_may_be_open_at_once(tracer):
    """N9: the table's size is an option; the default is 262,144."""
    recording = tracer.record(MANY, "N9_open", "300000", options=["--max-spans", "300000"])
    trace = recording.trace
    summary = recording.ledger.summary
    opened = "FROM async_spans WHERE name = 'open'"
    assert trace.sql(f"""
        SELECT count(*), count(end_time), sum(span_id::HUGEINT) % 18446744073709551616,
               max(depth), max(polls) {opened}""") == [
        (summary["spans"], summary["ended"], summary["id_sum"], 0, 1)
    ]
    assert trace.sql(f"SELECT max(begin_time) < min(end_time) {opened}") == [(True,)]


@pytest.mark.sanitizers
def test_spans_beyond_the_table_are_counted_and_the_others_are_right(tracer):
    """N9"""
    recording = tracer.record(
        MANY, "N9_overflow", "10000", "4096",
        options=["--max-spans", "4096"], losses=["unrecorded"],
    )
    trace, summary = recording.trace, recording.ledger.summary
    assert counters.losses(trace) == {"unrecorded": 10_000 - 4096}
    assert counters.inconsistencies(trace) == {"orphan": 10_000 - 4096}, "their ends"
    level = "FROM async_spans WHERE name = 'level'"
    assert trace.sql(f"""
        SELECT count(*), count(end_time), max(depth), sum(span_id::HUGEINT) % 18446744073709551616
        {level}""") == [(4096, 4096, 4095, summary["id_sum"])]
    assert trace.span("after").outcome == "ok", "there is room again"
    assert not trace.span("after").lossy
    assert trace.sql(f"SELECT count(*) {level} AND lossy") == [(4096,)]


def test_children_beyond_the_table_hang_under_the_nearest_recorded_span(tracer):
    recording = tracer.record(
        THROUGHPUT, "--threads", "2", "--spans", "2000", "--depth", "40",
        options=["--max-spans", "30"], losses=["unrecorded"],
    )
    trace, begun = recording.trace, json.loads(recording.stdout.splitlines()[0])
    assert begun["spans"] == 4000
    assert len(trace.spans) + counters.losses(trace)["unrecorded"] == 4000
    assert all(span.outcome == "ok" for span in trace.spans)


@pytest.mark.parametrize("named", [[], ["--named"]], ids=["static", "named"])
def test_a_ring_that_is_much_too_small_loses_no_begin_and_no_end(tracer, named):
    """Records wait in the span table; only a run-time name can be lost, and is counted."""
    begun = tracer.start(
        "--ring-size", "4k", "--",
        THROUGHPUT, "--threads", "2", "--spans", "45000", "--depth", "3", "--suspend", *named,
    )
    recording = begun.finish(checked=False)
    recording.losses = ["name_lost"] if named else []
    recording.check()
    trace, ledger = recording.trace, recording.ledger
    ledger.check_summary(trace)
    assert trace.sql("SELECT count(*) FROM async_spans") == [(90_000,)]
    lost = trace.sql("SELECT count(*) FROM async_spans WHERE name = '?'")[0][0]
    assert lost == counters.losses(trace).get("name_lost", 0)
    names = {name for (name,) in trace.sql("SELECT DISTINCT name FROM async_spans")}
    assert names == ({"sixteen bytes ok", "?"} if named else {"throughput"})


def test_at_full_speed_every_loss_is_counted(tracer):
    """Table and ring too small at once: what is not in the files stands in the counters."""
    recording = tracer.record(
        THROUGHPUT, "--threads", "4", "--spans", "50000", "--depth", "20",
        options=["--ring-size", "4k", "--max-spans", "64"], losses=["unrecorded"],
    )
    trace, summary = recording.trace, recording.ledger.summary
    lost = counters.losses(trace)
    assert summary["spans"] == 200_000
    (found,) = trace.sql("SELECT count(*) FROM async_spans")[0]
    assert found + lost["unrecorded"] + lost.get("storage_busy", 0) == 200_000
    assert trace.sql("SELECT count(*) FROM async_spans WHERE end_time IS NULL") == [(0,)]


def test_losses_are_said_last_and_fail_on_loss_makes_them_an_exit_status(tracer):
    arguments = ["N9_overflow", "1000", "100"]
    options = ["--max-spans", "100", "--fail-on-loss"]
    recording = tracer.record(MANY, *arguments, options=options, status=124, losses=["unrecorded"])
    last = recording.stdout.strip().splitlines()[-1] if recording.stdout.strip() else ""
    assert "900" in (last + recording.stderr), recording.stderr


def test_fail_on_loss_is_silent_where_nothing_is_lost(tracer):
    tracer.record(PROGRAMS / "basic", "C2", options=["--fail-on-loss"], status=0)
