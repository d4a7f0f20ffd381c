# SPDX-License-Identifier: BSD-2-Clause
"""The checks of these tests can fail: each is shown a trace that is wrong in just its point."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import bpf, invariants
from harness.hashes import callsite_hash
from harness.made_trace import MAIN, MICROSECOND, OTHER_PROCESS, START, WORKER
from harness.made_trace import MadeTrace, identifier
from harness.running import wait_until
from harness.trace_files import Trace, TraceError, check_equal


def event(made, name, kind):
    return next(e for e in made.events if e["name"] == name and e["event_type"] == kind)


def span(made, name):
    return next(s for s in made.spans if s["name"] == name)


def set_in(rows, **values):
    for row in rows:
        row.update(values)


def in_all(made, which, **values):
    """Changes a span's begin, end and span row alike."""
    set_in([e for e in made.events if e["name"] == which] + [span(made, which)], **values)


def again(rows, row):
    rows.append(dict(row))


def hurry(made):
    """inner's end before its begin, in both tables."""
    early = START + 15 * MICROSECOND
    event(made, "inner", "end").update(time=early)
    made.events.sort(key=lambda e: (e["stream_id"], e["time"]))
    span(made, "inner").update(end_time=early, last_event_time=early, duration_ns=-5 * MICROSECOND)
    made.spans.sort(key=lambda s: s["end_time"] or 2**63)


def swap(rows):
    rows[0], rows[1] = rows[1], rows[0]


# Sentence of invariants.RULES -> the change that makes a right trace contradict it.
WRONG = {
    "an event is a begin or an end": lambda m: event(m, "inner", "end").update(event_type="End"),
    "ids are positive, 0 stands for no parent": lambda m: in_all(m, "open", span_id=0),
    "a span begins once": lambda m: again(m.events, event(m, "open", "begin")),
    "a span ends at most once": lambda m: again(m.events, event(m, "inner", "end")),
    "an end has its begin": lambda m: m.events.remove(event(m, "inner", "begin")),
    "begin and end of a span carry the same depth and parent": lambda m: event(
        m, "inner", "end"
    ).update(parent_span_id=4),
    "begin and end of a span carry the same call site": lambda m: event(m, "inner", "end").update(
        line=77
    ),
    "no span ends before it begins": hurry,
    "durations are not negative": hurry,
    "a parent is in the files, in the same process": lambda m: in_all(m, "inner", parent_span_id=9),
    "a child lies one deeper than its parent": lambda m: in_all(m, "inner", depth=2),
    "a span without parent has depth 0": lambda m: in_all(m, "open", depth=1),
    "no child begins before its parent": lambda m: in_all(m, "outer", parent_span_id=4),
    "an event's stream is in the files, with the event's process and task": lambda m: event(
        m, "open", "begin"
    ).update(tid=4711),
    "a block is one stream's share of one row group": lambda m: set_in(
        m.events, block_id=identifier("one block")
    ),
    "row groups of async_events are sorted by stream and time": lambda m: swap(m.events),
    "ids of streams, blocks and processes are UUIDs in lower case": lambda m: set_in(
        m.events, block_id="01234567-89AB-5000-8000-000000000000"
    ),
    "an event has a task and a CPU": lambda m: event(m, "open", "begin").update(cpu=4096),
    "names have at most 255 bytes": lambda m: in_all(m, "open", name="é" * 128),
    "every begin has its row in async_spans": lambda m: m.spans.remove(span(m, "inner")),
    "async_spans has a span once": lambda m: again(m.spans, span(m, "open")),
    "async_spans says what the begin row says": lambda m: span(m, "inner").update(name="other"),
    "async_spans says what the end row says": lambda m: span(m, "inner").update(
        end_stream_id=MAIN
    ),
    "root_span_id is the top of the parents": lambda m: span(m, "inner").update(root_span_id=2),
    "an ended span has all that an end gives, an unfinished one none of it": lambda m: span(
        m, "inner"
    ).update(outcome="unfinished"),
    "duration is the end less the begin": lambda m: span(m, "inner").update(duration_ns=1),
    "outcome follows from the status": lambda m: span(m, "inner").update(outcome="ok"),
    "state and end_reason have only their words": lambda m: span(m, "open").update(state="asleep"),
    "a span is busy no longer than it lives": lambda m: span(m, "inner").update(busy_ns=10**6),
    "busy self is part of busy, busy self is not negative": lambda m: span(m, "inner").update(
        busy_self_ns=10**6
    ),
    "the longest poll is part of busy, and all of it where there is one poll": lambda m: span(
        m, "open"
    ).update(max_poll_ns=1),
    "a span waits in the queue no longer than it lives, and not beyond its first poll": lambda m: (
        span(m, "inner").update(queue_ns=45 * MICROSECOND)
    ),
    "a migration is a poll, and not the first": lambda m: span(m, "inner").update(migrations=2),
    "off_cpu_ns is null where it was not asked for": lambda m: span(m, "open").update(off_cpu_ns=0),
    "the last event lies between begin and end, and is the end of an ended span": lambda m: span(
        m, "inner"
    ).update(last_event_time=START + 69 * MICROSECOND),
    "row groups of async_spans are ordered by end, unfinished spans last": lambda m: (
        m.spans.reverse()
    ),
    "a process is in the files once": lambda m: again(m.processes, m.processes[0]),
    "a stream is in the files once": lambda m: again(m.streams, m.streams[0]),
    "a stream's process is in the files": lambda m: m.streams[0].update(process_id=OTHER_PROCESS),
    "a span's process and streams are in the files": lambda m: m.processes.clear(),
    "a stream starts before its first event": lambda m: m.streams[0].update(
        start_time=START + 99 * MICROSECOND
    ),
    "a process starts before it ends, and before its first event": lambda m: m.processes[0].update(
        start_time=START + 11 * MICROSECOND
    ),
    "a process sends no event after its end": lambda m: m.processes[0].update(
        end_time=START + 89 * MICROSECOND
    ),
    "a process has an exit status or a signal, or neither, and then only with an end": lambda m: (
        m.processes[0].update(exit_signal=9)
    ),
    "an unfinished span's reason is what happened to its process": lambda m: span(m, "open").update(
        end_reason="signal"
    ),
    "an image that was left by exec is the parent of the next": lambda m: span(m, "open").update(
        end_reason="exec"
    ),
    "processes say where they ran": lambda m: m.processes[0].update(kernel="another"),
}


def test_a_right_trace_passes_every_check(scratch):
    MadeTrace().write(scratch / "trace")
    invariants.check(Trace(scratch / "trace"))


def test_every_rule_has_a_trace_that_contradicts_it():
    assert set(WRONG) == set(invariants.RULES)


@pytest.mark.parametrize("sentence", WRONG)
def test_a_trace_that_contradicts_a_rule_is_found(sentence, scratch):
    made = MadeTrace()
    WRONG[sentence](made)
    made.write(scratch / "trace")
    problems = invariants.broken_rules(Trace(scratch / "trace"))
    assert any(f"not true that {sentence}:" in problem for problem in problems), problems


def test_a_span_marked_lossy_is_found_where_nothing_was_lost(scratch):
    made = MadeTrace()
    span(made, "open").update(lossy=True)
    made.write(scratch / "trace")
    trace = Trace(scratch / "trace")
    assert len(invariants.broken_rules(trace)) == 1
    assert invariants.broken_rules(trace, losses=["unrecorded"]) == []


def test_a_loss_that_was_not_expected_is_found(scratch):
    made = MadeTrace()
    made.information["counters"][1]["value"] = 3
    made.write(scratch / "trace")
    with pytest.raises(TraceError, match="name_lost"):
        invariants.check(Trace(scratch / "trace"))


def test_a_loss_that_was_expected_and_did_not_happen_is_found(scratch):
    MadeTrace().write(scratch / "trace")
    with pytest.raises(TraceError, match="nothing counted"):
        invariants.check(Trace(scratch / "trace"), losses=["unrecorded"])


@pytest.mark.parametrize("what", ["begins", "ends", "unfinished", "tasks", "processes"])
def test_a_wrong_number_of_rows_in_the_information_is_found(what, scratch):
    made = MadeTrace()
    made.information["rows"][what] += 1
    made.write(scratch / "trace")
    with pytest.raises(TraceError, match=f"'{what}'"):
        invariants.check(Trace(scratch / "trace"))


def test_rows_that_came_late_and_are_not_counted_are_found(scratch):
    made = MadeTrace()
    made.write(scratch / "trace")
    (part,) = (scratch / "trace" / "async_events").iterdir()
    events = pq.read_table(part)
    later = events.sort_by([("time", "descending")])
    with pq.ParquetWriter(part, events.schema) as writer:
        writer.write_table(later.slice(0, 1))
        writer.write_table(later.slice(1, 6))
    with pytest.raises(TraceError, match="6 rows of async_events are late, 0 are counted"):
        invariants.check(Trace(scratch / "trace"))


@pytest.mark.parametrize(
    ("kind", "greatest", "may_lack"),
    [
        ("text", "é" * 100, True),
        ("text", "é" * 32, False),
        ("text", "x" + "é" * 100, False),
        ("text", "x" * 100, False),
        ("int64", 7, False),
    ],
)
def test_only_long_texts_without_ascii_may_lack_an_upper_bound(kind, greatest, may_lack):
    assert invariants._without_bound(kind, greatest) is may_lack


def test_missing_statistics_are_found(scratch):
    MadeTrace().write(scratch / "trace")
    (part,) = (scratch / "trace" / "async_spans").iterdir()
    pq.write_table(pq.read_table(part), part, write_statistics=["name"])
    with pytest.raises(TraceError, match="async_spans.span_id"):
        invariants.check(Trace(scratch / "trace"))


def test_a_wrong_hash_is_found(scratch):
    made = MadeTrace()
    in_all(made, "open", hash=1)
    made.write(scratch / "trace")
    with pytest.raises(TraceError, match="hash of"):
        invariants.check(Trace(scratch / "trace"))


@pytest.mark.parametrize(
    "name", ["async_events/.0123abcd-000001.inprogress", "async_spans/x.parquet", "notes.txt"]
)
def test_a_file_that_does_not_belong_to_a_trace_is_found(name, scratch):
    MadeTrace().write(scratch / "trace")
    (scratch / "trace" / name).write_text("left behind")
    with pytest.raises(TraceError):
        invariants.check(Trace(scratch / "trace"))


def test_files_that_others_may_read_are_found(scratch):
    MadeTrace().write(scratch / "trace")
    next((scratch / "trace" / "streams").iterdir()).chmod(0o644)
    with pytest.raises(TraceError, match="mode of"):
        invariants.check(Trace(scratch / "trace"))


def test_a_part_that_lacks_a_column_or_has_another_type_is_found(scratch):
    MadeTrace().write(scratch / "trace")
    part = next((scratch / "trace" / "async_events").iterdir())
    table = pq.read_table(part)
    pq.write_table(table.drop_columns(["cpu"]), part)
    with pytest.raises(TraceError, match="columns"):
        Trace(scratch / "trace")
    index = table.schema.get_field_index("tid")
    wider = table.schema.field(index).with_type(pa.int64())
    pq.write_table(table.cast(table.schema.set(index, wider)), part)
    part.chmod(0o640)
    with pytest.raises(TraceError, match="tid"):
        invariants.check(Trace(scratch / "trace"))


def test_readers_that_disagree_in_one_nanosecond_are_found():
    times = pa.table({"time": pa.array([1, 2, None], pa.int64())})
    other = pa.table({"time": pa.array([1, 3, None], pa.int64())})
    check_equal(times, times, "another reader")
    with pytest.raises(TraceError, match="time"):
        check_equal(times, other, "another reader")
    with pytest.raises(TraceError, match="2 rows"):
        check_equal(times, times.slice(0, 2), "another reader")


def test_hashes_agree_with_the_published_examples():
    assert callsite_hash("test_function", "test.rs", "test_target", 42) == 0xD2E25545
    assert callsite_hash("outer", "main.c", "app", 10) == 0x71B5288D
    assert callsite_hash("", "", "", 0) == 0x9E6F8194
    long_name = "a_rather_long_function_name_over_16"
    assert callsite_hash(long_name, "src/some/dir/file.c", "my::module", 123456) == 0x2ACD51C8


def test_worker_and_main_sort_in_the_order_that_made_traces_need():
    assert MAIN < WORKER


def test_a_program_that_no_process_has_open_is_taken_for_one_left_behind(permitted):
    descriptor = bpf.load_program()
    information = Path(f"/proc/self/fdinfo/{descriptor}").read_bytes()
    loaded = {int(bpf.PROGRAM_ID.search(information)[1])}
    assert loaded <= bpf.program_ids()
    assert bpf.programs_without_holder(loaded) == set()
    assert bpf.programs_without_holder(loaded, processes="/proc/1") == loaded
    os.close(descriptor)
    wait_until(lambda: not loaded & bpf.program_ids(), "the kernel has freed it")


def test_the_kernel_answers_whether_programs_are_allowed():
    answer = bpf.why_not()
    assert answer is None or answer.startswith("bpf(BPF_PROG_LOAD): ")
