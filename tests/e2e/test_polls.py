# SPDX-License-Identifier: BSD-2-Clause
"""record --polls: a row for each poll, and the same sums as in async_spans."""

import pytest

from harness.tracer import PROGRAMS

DIFFERENT = """
    SELECT span_id, s.polls, n, s.busy_ns, busy, s.max_poll_ns, longest
    FROM async_spans s
    LEFT JOIN (SELECT process_id, span_id, count(*) n, sum(duration_ns) busy,
                      max(duration_ns) longest
               FROM async_polls GROUP BY ALL) p USING (process_id, span_id)
    WHERE s.polls <> coalesce(n, 0) OR s.busy_ns <> coalesce(busy, 0)
       OR s.max_poll_ns <> coalesce(longest, 0)"""


@pytest.mark.parametrize(
    ("program", "arguments", "status"),
    [
        ("workload", ["500"], 0),
        ("tasks", ["C8"], 0),
        ("tasks", ["N4"], 0),
        ("tasks", ["X7"], 0),
        ("misuse", ["resume_stolen"], 0),
        ("misuse", ["resume_not_top"], 0),
        ("misuse", ["suspend_foreign"], 0),
        ("process", ["N11_exit"], 7),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_count_sum_and_maximum_are_those_of_the_spans(tracer, program, arguments, status):
    trace = tracer.record(PROGRAMS / program, *arguments, options=["--polls"], status=status).trace
    assert trace.sql("SELECT count(*) FROM async_polls")[0][0] > 0
    assert trace.sql(DIFFERENT) == []
    assert trace.sql("SELECT * FROM async_polls WHERE end_time < begin_time") == []
    assert trace.sql("""
        SELECT * FROM async_polls p LEFT JOIN streams s USING (stream_id)
        WHERE s.stream_id IS NULL OR s.tid <> p.tid""") == []


def test_without_the_option_there_is_no_such_table(tracer):
    trace = tracer.record(PROGRAMS / "basic", "C2").trace
    assert not (trace.directory / "async_polls").exists()


def test_polls_that_find_no_room_are_counted(tracer):
    recording = tracer.record(
        PROGRAMS / "throughput", "--threads", "2", "--spans", "30000", "--suspend",
        options=["--polls", "--ring-size", "4k"], losses=["poll_lost"],
    )
    trace = recording.trace
    rows = trace.sql("SELECT count(*) FROM async_polls")[0][0]
    polls = trace.sql("SELECT sum(polls) FROM async_spans")[0][0]
    counted = {c["name"]: c["value"] for c in trace.information[0]["counters"]}
    assert rows + counted["poll_lost"] == polls
