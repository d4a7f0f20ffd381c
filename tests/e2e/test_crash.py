# SPDX-License-Identifier: BSD-2-Clause
"""The recorder is killed at random moments under load: nothing that was on disk is lost.

ASYNCSPAN_KILLS sets how often (24; a long run takes 200).
"""

import os
import random
import signal
import time

import pytest

from harness import running
from harness.trace_files import Trace
from harness.tracer import PROGRAMS

KILLS = int(os.environ.get("ASYNCSPAN_KILLS", "24"))
ROUNDS = 8 if KILLS >= 8 else 1
LOADS = {
    "one long nest": ["--threads", "1", "--seconds", "30", "--depth", "40"],
    "suspended spans": ["--threads", "2", "--seconds", "30", "--depth", "3", "--suspend"],
    "named spans": ["--threads", "2", "--seconds", "30", "--depth", "2", "--named"],
}

# Sentence -> query for the rows that contradict it: what holds although the ends are missing.
RULES = {
    "a begin or an end is there once": """
        SELECT process_id, span_id, event_type FROM async_events GROUP BY ALL HAVING count(*) > 1""",
    "a span has one row": """
        SELECT process_id, span_id FROM async_spans GROUP BY ALL HAVING count(*) > 1""",
    "a poll is there once": """
        SELECT process_id, span_id, begin_time FROM async_polls GROUP BY ALL HAVING count(*) > 1""",
    "whoever an event refers to is in the files": """
        SELECT e.stream_id FROM async_events e LEFT JOIN streams s USING (stream_id)
        LEFT JOIN processes p ON p.process_id = e.process_id
        WHERE s.process_id IS DISTINCT FROM e.process_id OR p.process_id IS NULL""",
    "whoever a span refers to is in the files": """
        SELECT s.span_id FROM async_spans s LEFT JOIN processes p USING (process_id)
        LEFT JOIN streams b ON b.stream_id = s.begin_stream_id
        WHERE p.process_id IS NULL OR b.stream_id IS NULL""",
    "a process is in the files once": """
        SELECT process_id FROM processes GROUP BY ALL HAVING count(*) > 1""",
    "a child lies one deeper than its parent": """
        SELECT c.span_id FROM async_events c JOIN async_events p
        ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
        AND p.event_type = 'begin' AND c.event_type = 'begin' WHERE p.depth + 1 <> c.depth""",
    "rows within a row group are in the order of stream and time": """
        SELECT * FROM (
            SELECT stream_id, time, lag(stream_id) OVER w AS stream_before,
                   lag(time) OVER w AS time_before
            FROM async_events WINDOW w AS (PARTITION BY file_number, row_group ORDER BY row))
        WHERE stream_id < stream_before OR stream_id = stream_before AND time < time_before""",
}


def hidden_files(directory):
    return sorted(path for path in directory.rglob(".*") if path.is_file())


def recover(tracer, directory):
    status, stdout, stderr = tracer.run("recover", directory)
    assert status == 0, stderr
    assert stderr == ""
    assert hidden_files(directory) == []
    status, verified, stderr = tracer.run("verify", directory)
    if list(directory.iterdir()):
        assert status == 0, verified + stderr
    return stdout


def killed_recording(tracer, load, after):
    """Kills the recorder `after` seconds from the first row on disk on; then the load."""
    recording = tracer.start("--polls", "--", PROGRAMS / "throughput", *LOADS[load])
    try:
        running.wait_until(
            lambda: list((recording.directory / "async_events").glob(".*.spool")), "the first rows"
        )
        time.sleep(after)
        os.kill(recording.process.pid, signal.SIGKILL)
        assert recording.process.wait(20) == -signal.SIGKILL
    finally:
        recording.process.kill()
        running.kill_all(tracer.token)
    return recording.directory


def check(directory):
    trace = Trace(directory)
    for sentence, query in RULES.items():
        if "async_polls" in query and "async_polls" not in trace.tables:
            continue
        found = trace.sql(query + " LIMIT 3")
        assert not found, f"{sentence}: {found}"
    return trace


@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_a_killed_recorder_loses_nothing_that_was_on_disk(tracer, round_number):
    chance = random.Random(round_number)
    for number in range(KILLS // ROUNDS):
        load = sorted(LOADS)[(round_number + number) % len(LOADS)]
        directory = killed_recording(tracer, load, chance.uniform(0, 1.5))
        assert hidden_files(directory), "it was killed before anything was open"
        recover(tracer, directory)
        trace = check(directory)
        # What the kernel had in the spool or in a row group: some rows of 0.2 seconds at least.
        assert trace.events
        (information,) = trace.information
        assert information["complete"] is False
        (recovery,) = information["recoveries"]
        assert recovery["rows"] > 0 and recovery["rows_lost"] == 0
        assert recovery["gap_begin_ns"] <= time.time_ns()
        tables = {table["table"]: table for table in recovery["tables"]}
        assert tables["async_events"]["rows"] <= len(trace.events)


def test_recovering_again_changes_nothing(tracer):
    directory = killed_recording(tracer, "suspended spans", 0.5)
    recover(tracer, directory)
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    assert recover(tracer, directory) == f"nothing to recover in {directory}\n"
    assert before == {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_directory_that_is_being_recorded_is_refused(tracer):
    recording = tracer.start("--", PROGRAMS / "throughput", "--seconds", "20")
    running.wait_until(
        lambda: list((recording.directory / "async_events").glob(".*.spool")), "the first rows"
    )
    status, _, stderr = tracer.run("recover", recording.directory)
    assert status == 2
    assert "a recording is writing there" in stderr
    recording.process.kill()
    running.kill_all(tracer.token)


def test_a_complete_trace_needs_no_recovery(tracer):
    recording = tracer.record(PROGRAMS / "basic", "C2")
    assert hidden_files(recording.directory) == []
    assert recover(tracer, recording.directory) == f"nothing to recover in {recording.directory}\n"


def test_an_empty_directory_needs_no_recovery(command_line):
    directory = command_line.scratch / "empty"
    directory.mkdir()
    assert recover(command_line, directory) == f"nothing to recover in {directory}\n"


def test_a_directory_that_is_missing_is_an_error(command_line):
    status, _, stderr = command_line.run("recover", command_line.scratch / "missing")
    assert status == 2
    assert stderr.startswith("asyncspan-trace: cannot recover ")
