# SPDX-License-Identifier: BSD-2-Clause
"""Attaching to running programs, and leaving them as they were (N12, X8)."""

import signal
import subprocess
import time

import pytest

from harness import counters, probes
from harness.ledger import Ledger
from harness.running import wait_until
from harness.tracer import EXAMPLES, PROGRAMS

ATTACH = PROGRAMS / "attach"


@pytest.fixture
def running_program(tracer):
    """A program that says that it is ready, ended when the test is over."""
    started = []

    def start(program, *arguments, ready="ready", **options):
        process = tracer.program(program, *arguments, stdin=subprocess.PIPE, **options)
        started.append(process)
        wait_until(lambda: ready in process.stdout or not process.running, f"{program}: {ready}")
        assert process.running, process.stderr
        return process

    yield start
    for process in started:
        process.kill()


def attach(tracer, process, file, *options, **start):
    """A tracer that listens to every event of the process by now."""
    begun = tracer.start("-p", process.pid, *options, **start)
    wait_until(
        lambda: probes.attached(process.pid, file) or not begun.process.running,
        "attached to every probe",
    )
    assert begun.process.running, begun.process.stderr
    return begun


@pytest.mark.sanitizers
def test_events_of_spans_begun_before_the_attach_give_no_row(tracer, running_program):
    """N12"""
    ledger = tracer.scratch / "ledger.jsonl"
    program = running_program(ATTACH, "N12", ledger=ledger)
    assert not any(probes.semaphores(program.pid, ATTACH))
    begun = attach(tracer, program, ATTACH, ledger=ledger)
    program.say("go on")
    assert program.wait(20) == 0
    recording = begun.finish()
    recording.compare()
    trace = recording.trace
    assert {span.name for span in trace.spans} == {"new_outer", "new_inner", "new_root"}
    assert trace.span("new_outer").depth == 0 and trace.span("new_inner").depth == 1
    assert counters.inconsistencies(trace) == {}, "their handles are zero: no event"


def test_the_tracer_ends_with_the_last_of_the_processes_that_it_watches(tracer, running_program):
    """-p repeats and takes a list."""
    programs = [running_program(ATTACH, "N12") for _ in range(3)]
    first, second, third = (program.pid for program in programs)
    begun = tracer.start("-p", f"{first},{second}", "--pid", third)
    for program in programs:
        wait_until(lambda: probes.attached(program.pid, ATTACH), "attached")
    for program in programs[:2]:
        program.say("go on")
        assert program.wait(20) == 0
    assert begun.process.running
    programs[2].say("go on")
    trace = begun.finish().trace
    assert {process.pid for process in trace.processes} == {first, second, third}
    assert len(trace.spans) == 9


def rows_are_known(trace, ledger):
    """Every row of a trace that came and went while the program ran is one of the ledger's."""
    known = {line["id"]: line for line in ledger.begins}
    here = {begin.span_id for begin in trace.begins}
    offset = trace.information[0]["clock_offset_ns"]
    for begin in trace.begins:
        line = known[begin.span_id]
        assert line["time_before"] <= begin.time - offset <= line["time_after"]
        assert (begin.name, begin.tid, begin.line) == (line["name"], line["tid"], line["line"])
        # A parent whose begin came before the attach is none.
        assert begin.parent_span_id == (line["parent"] if line["parent"] in here else 0)


def test_a_program_may_be_attached_to_and_left_again_and_again(tracer, running_program):
    """X8: no row is wrong, the program finds its handles right, and works on untraced."""
    ledger = tracer.scratch / "ledger.jsonl"
    program = running_program(ATTACH, "X8", ledger=ledger)
    traces = []
    for _ in range(3):
        begun = attach(tracer, program, ATTACH, ledger=ledger)
        traces.append(begun.stop().trace)
        assert probes.traces_left(program.pid, ATTACH) == []
    time.sleep(0.05)
    program.signal(signal.SIGTERM)
    assert program.wait(20) == 0, program.stderr
    recording_ledger = Ledger(ledger)
    for trace in traces:
        assert len(trace.spans) > 0
        rows_are_known(trace, recording_ledger)
    last = recording_ledger.of("begin")[-1]
    assert last["traced"] is False, "asyncspan_enabled() is false after the last detach"
    assert len({trace.information[0]["trace_id"] for trace in traces}) == 3
    assert len({p.process_id for trace in traces for p in trace.processes}) == 1


@pytest.mark.timeout(240)
def test_ten_attaches_in_a_row_harm_nothing(tracer, running_program):
    """X8, without a ledger: the program checks its handles in every round."""
    program = running_program(ATTACH, "X8")
    for _ in range(10):
        begun = attach(tracer, program, ATTACH)
        recording = begun.stop()
        assert recording.trace.spans
        assert probes.traces_left(program.pid, ATTACH) == []
    program.signal(signal.SIGTERM)
    assert program.wait(20) == 0, program.stderr


def test_two_tracers_may_watch_one_process(tracer, running_program):
    """Each has its own trace; the one that stays is not disturbed by the one that goes."""
    program = running_program(ATTACH, "X8")
    first = attach(tracer, program, ATTACH)
    second = tracer.start("-p", program.pid, "-d", "400ms").finish().trace
    assert probes.attached(program.pid, ATTACH), "the first listens on"
    last = max(event.time for event in second.events)
    offset = second.information[0]["clock_offset_ns"]
    wait_until(lambda: time.monotonic_ns() > last - offset + 50_000_000, "50 ms more")
    stayed = first.stop().trace
    assert probes.traces_left(program.pid, ATTACH) == []
    seen = {span.span_id: span for span in stayed.spans}
    both = [span for span in second.spans if span.span_id in seen]
    assert len(both) == len(second.spans) > 0, "both saw what the second saw"
    assert any(span.begin_time > last for span in stayed.spans)


def test_a_tracer_that_is_killed_leaves_the_program_as_it_was(tracer, running_program):
    program = running_program(ATTACH, "X8")
    begun = attach(tracer, program, ATTACH)
    begun.process.kill()
    wait_until(lambda: not probes.traces_left(program.pid, ATTACH), "the kernel has detached")
    again = attach(tracer, program, ATTACH).stop()
    assert again.trace.spans
    program.signal(signal.SIGTERM)
    assert program.wait(20) == 0, program.stderr


@pytest.mark.timeout(240)
def test_a_server_under_load_may_be_attached_to_three_times_in_a_row(tracer, running_program):
    """No request fails, and the semaphores are back at 0 each time."""
    server_file = EXAMPLES / "http_server"
    server = running_program(server_file, "--port", "0", ready="\n")
    port = server.stdout.splitlines()[0]
    load = tracer.program(
        EXAMPLES / "http_load", "--port", port, "--connections", "16", "--duration", "8"
    )
    for _ in range(3):
        begun = attach(tracer, server, server_file)
        time.sleep(0.7)
        recording = begun.stop()
        assert probes.traces_left(server.pid, server_file) == []
        trace = recording.trace
        spans, depth = trace.sql("SELECT count(*), max(depth) FROM async_spans")[0]
        assert spans > 100 and depth >= 3
    assert load.running, "the load was there all the time"
    assert load.wait(30) == 0, f"requests failed: {load.stdout}{load.stderr}"
    assert server.running, server.stderr
    server.signal(signal.SIGTERM)
    assert server.wait(10) == 0, server.stderr


@pytest.mark.timeout(240)
def test_the_example_server_shows_every_kind_of_span(tracer):
    """Spans on three tasks and more, three deep and more, migrated, cancelled, failed, named."""
    begun = tracer.start("--", EXAMPLES / "http_server", "--port", "0")
    server = begun.process
    wait_until(lambda: "\n" in server.stdout or not server.running, "the server's port")
    port = server.stdout.splitlines()[0]
    load = tracer.program(
        EXAMPLES / "http_load", "--port", port, "--connections", "8", "--duration", "3"
    )
    assert load.wait(30) == 0, f"{load.stdout}{load.stderr}"
    recording = begun.stop(signal.SIGTERM)
    trace = recording.trace
    assert trace.sql("""
        SELECT count(DISTINCT begin_tid) >= 2, max(depth) >= 3, max(migrations) > 0,
               count(*) FILTER (outcome = 'cancelled') > 0,
               count(*) FILTER (outcome = 'error') > 0,
               count(*) FILTER (name LIKE '%/users%') > 0,
               count(*) FILTER (queue_ns > 0) > 0
        FROM async_spans""") == [(True,) * 7]
    assert trace.sql("SELECT count(DISTINCT tid) >= 3 FROM async_events") == [(True,)]
    assert counters.inconsistencies(trace) == {}




def test_who_waits_for_a_first_span_is_told_that_all_is_attached(tracer, running_program):
    """After 5 s without any event, with the number of probes and the file."""
    program = running_program(ATTACH, "N12")
    begun = attach(tracer, program, ATTACH)
    line = wait_until(lambda: begun.process.stderr, "a line on stderr")
    assert "no span yet" in line
    assert f"{len(probes.probes_of(ATTACH))} probes" in line and str(ATTACH) in line
    assert begun.stop().trace.spans == []
