# SPDX-License-Identifier: BSD-2-Clause
"""What a person at the terminal gets: help, errors, exit status, signals."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness import probes
from harness.running import wait_until
from harness.tracer import PROGRAM, PROGRAMS

ATTACH, BASIC, PROCESS = PROGRAMS / "attach", PROGRAMS / "basic", PROGRAMS / "process"
FAILURE = 125
NOBODY = 65534


def error_line(stderr):
    """The one line that says what is wrong."""
    lines = stderr.splitlines()
    assert len(lines) == 1, f"not one line: {stderr!r}"
    assert lines[0].startswith("asyncspan-trace: "), lines[0]
    return lines[0]


def usage_line(stderr, verb):
    """The line that says what is wrong, before the one that says where to look."""
    lines = stderr.splitlines()
    assert len(lines) == 2, f"not two lines: {stderr!r}"
    assert lines[1] == f"Try 'asyncspan-trace {verb} --help'."
    return error_line(lines[0])


def left_in(directory):
    """All that a run has left, but for what the harness keeps there."""
    kept = re.compile(r"^(tracer|record|program)-\d+\.std(out|err)$")
    return sorted(path.name for path in directory.iterdir() if not kept.match(path.name))


@pytest.fixture
def own_program(scratch):
    """The tracer where every user can run it."""
    return shutil.copy(PROGRAM, scratch / "asyncspan-trace")


# Help


def test_without_arguments_there_are_examples_and_doctor(command_line):
    status, stdout, stderr = command_line.run()
    assert status == 2
    said = stdout + stderr
    assert "doctor" in said
    assert len(re.findall(r"^\s*(?:sudo )?asyncspan-trace .*", said, re.M)) >= 3


def test_help_and_version_go_to_stdout(command_line):
    status, stdout, stderr = command_line.run("--help")
    assert (status, stderr) == (0, "") and "record" in stdout and "report" in stdout
    status, stdout, stderr = command_line.run("--version")
    assert (status, stderr) == (0, "") and re.match(r"asyncspan-trace \d+\.\d+", stdout)


@pytest.mark.parametrize("verb", ["record", "report", "list", "doctor"])
def test_every_verb_has_help_that_fits_the_screen(command_line, verb):
    status, stdout, stderr = command_line.run(verb, "--help")
    assert (status, stderr) == (0, "")
    assert stdout.startswith(f"Usage: asyncspan-trace {verb}")
    assert max(len(line) for line in stdout.splitlines()) <= 80


def test_an_unknown_verb_gets_a_suggestion(command_line):
    status, stdout, stderr = command_line.run("reprot")
    assert (status, stdout) == (2, "")
    assert "did you mean" in stderr.lower() and "report" in stderr
    assert len(stderr.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["record"], "nothing to trace"),
        (["record", "-p", "abc"], "'abc' is not a PID"),
        (["record", "-p", "1", "--", "true"], "exclude each other"),
        (["record", "true"], "-- true"),
        (["record", "--"], "no command"),
        (["record", "--ouput", "x", "--", "true"], "did you mean '--output'"),
        (["record", "-d", "soon", "--", "true"], "'soon' is not a duration"),
        (["record", "--ring-size", "5000", "--", "true"], "power of two"),
        (["record", "--max-spans", "0", "--", "true"], "not between"),
        (["record", "-u", "nobody", "-p", "1"], "--user"),
        (["-p"], "needs an argument"),
    ],
)
def test_wrong_usage_of_record_is_one_line_and_125(command_line, arguments, cause):
    status, stdout, stderr = command_line.run(*arguments)
    assert (status, stdout) == (FAILURE, "")
    assert cause in usage_line(stderr, "record")
    assert left_in(command_line.scratch) == []


# Bad input: one clear line, the exit status, and no file


def test_without_root_the_missing_privilege_is_named(command_line, own_program):
    """As an ordinary user."""
    directory = command_line.scratch / "out"
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    status, stdout, stderr = command_line.run(
        "record", "-o", directory / "trace", "--", "/bin/true",
        program=[*(as_nobody if os.geteuid() == 0 else []), own_program],
    )
    assert (status, stdout) == (FAILURE, "")
    line = error_line(stderr)
    assert re.search(r"CAP_BPF|CAP_PERFMON|CAP_SYS_ADMIN|root|sudo", line), line
    assert list(directory.iterdir()) == []


@pytest.mark.sanitizers
def test_a_pid_that_does_not_exist_is_one_line(tracer):
    gone = subprocess.Popen(["true"])
    gone.wait()
    status, stdout, stderr = tracer.run("record", "-p", gone.pid)
    assert (status, stdout) == (FAILURE, "")
    assert str(gone.pid) in error_line(stderr)
    assert left_in(tracer.scratch) == []


def test_a_process_without_probes_is_one_line_with_the_next_step(tracer):
    sleeper = tracer.program("/bin/sleep", "60")
    try:
        status, stdout, stderr = tracer.run("record", "-p", sleeper.pid)
    finally:
        sleeper.kill()
    assert (status, stdout) == (FAILURE, "")
    line = error_line(stderr)
    assert str(sleeper.pid) in line and "probe" in line and "sleep" in line
    assert left_in(tracer.scratch) == []


def test_a_command_without_probes_runs_and_one_line_says_so(tracer):
    """It may still load some, or become another program: its trace is empty."""
    recording = tracer.record("/bin/sh", "-c", "exit 3", options=["-q"], status=3)
    line = error_line(recording.stderr)
    assert "no asyncspan probes in" in line and "-f" in line
    assert recording.trace.spans == []


@pytest.mark.sanitizers
def test_a_command_that_does_not_exist_gives_127(tracer):
    status, stdout, stderr = tracer.run("record", "--", "/nowhere/at-all")
    assert (status, stdout) == (127, "")
    assert "/nowhere/at-all" in error_line(stderr)
    assert left_in(tracer.scratch) == []


def test_a_command_that_is_not_in_the_path_gives_127(tracer):
    status, stdout, stderr = tracer.run("record", "--", "no-such-command-anywhere")
    assert (status, stdout) == (127, "")
    assert "no-such-command-anywhere" in error_line(stderr)


def test_a_command_that_cannot_be_executed_gives_126(tracer):
    file = tracer.scratch / "file"
    file.write_text("not a program")
    status, stdout, stderr = tracer.run("record", "--", file)
    assert (status, stdout) == (126, "")
    assert str(file) in error_line(stderr)
    assert left_in(tracer.scratch) == ["file"]


def test_a_directory_in_use_is_refused_and_the_command_not_started(tracer):
    used, proof = tracer.scratch / "used", tracer.scratch / "started"
    used.mkdir()
    (used / "mine.txt").write_text("keep me")
    status, stdout, stderr = tracer.run("record", "-o", used, "--", "touch", proof)
    assert (status, stdout) == (FAILURE, "")
    line = error_line(stderr)
    assert str(used) in line and "empty" in line
    assert [path.name for path in used.iterdir()] == ["mine.txt"]
    assert not proof.exists()


def test_a_directory_that_cannot_be_made_is_one_line(tracer):
    file = tracer.scratch / "file"
    file.write_text("")
    status, stdout, stderr = tracer.run("record", "-o", file / "below", "--", "/bin/true")
    assert (status, stdout) == (FAILURE, "")
    assert str(file) in error_line(stderr)


def test_a_user_who_does_not_exist_is_one_line(tracer):
    status, stdout, stderr = tracer.run("record", "-u", "no-such-user", "--", "/bin/true")
    assert (status, stdout) == (FAILURE, "")
    assert "no-such-user" in error_line(stderr)
    assert left_in(tracer.scratch) == []


# Exit status


@pytest.mark.parametrize("number", [0, 1, 77])
def test_the_exit_status_is_the_commands_own(tracer, number):
    tracer.record("/bin/sh", "-c", f"{BASIC} C2; exit {number}", options=["-f"], status=number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_the_signal_that_ended_the_command_is_raised_again(tracer, number):
    tracer.record("/bin/sh", "-c", f"kill -{int(number)} $$", status=-number)


def test_a_command_that_execs_a_traced_program_is_traced(tracer):
    recording = tracer.record("/bin/sh", "-c", f"exec {BASIC} C2")
    recording.compare()
    assert {span.name for span in recording.trace.spans} == {"outer", "inner"}


def test_children_are_traced_with_follow_only(tracer):
    script = f"{BASIC} C2; {BASIC} C4"
    followed = tracer.record("/bin/sh", "-c", script, options=["--follow"])
    followed.compare()
    assert len(followed.trace.spans) == 2 + 4
    assert tracer.record("/bin/sh", "-c", script).trace.spans == []


def test_grandchildren_are_followed(tracer):
    script = f"/bin/sh -c '{BASIC} C2 & wait' & wait"
    trace = tracer.record("/bin/sh", "-c", script, options=["-f"]).trace
    assert len(trace.spans) == 2


# Signals and the end of recording


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_an_attached_recording_with_0(tracer, number):
    program = tracer.program(ATTACH, "X8", stdin=subprocess.PIPE)
    try:
        wait_until(lambda: "ready" in program.stdout, "ready")
        begun = tracer.start("-p", program.pid)
        wait_until(lambda: probes.attached(program.pid, ATTACH), "attached")
        recording = begun.stop(number, status=0)
        assert recording.trace.spans
        assert {s.end_reason for s in recording.trace.spans} <= {"end", "open"}
        assert program.running
    finally:
        program.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_passed_on_to_the_command(tracer, number):
    ready = tracer.scratch / "ready"
    script = f"trap 'exit 9' {int(number)}; touch {ready}; while :; do sleep 0.05; done"
    begun = tracer.start("--", "/bin/sh", "-c", script)
    wait_until(ready.exists, "the command is at work")
    begun.stop(number, status=9)


def test_a_second_signal_stops_draining_and_still_closes_the_files(tracer):
    program = tracer.program(ATTACH, "X8", stdin=subprocess.PIPE)
    try:
        wait_until(lambda: "ready" in program.stdout, "ready")
        begun = tracer.start("-p", program.pid)
        wait_until(lambda: probes.attached(program.pid, ATTACH), "attached")
        begun.process.signal(signal.SIGINT)
        begun.process.signal(signal.SIGTERM)
        recording = begun.finish(status=0, checked=False)
        assert recording.trace.parts
    finally:
        program.kill()


def test_after_the_duration_the_command_runs_on_untraced(tracer):
    """record ends with 0."""
    begun = tracer.start("-d", "300ms", "--", ATTACH, "X8", stdin=subprocess.PIPE)
    recording = begun.finish(status=0)
    assert recording.trace.spans
    (start,) = recording.ledger.of("start")
    pid = start["pid"]
    try:
        assert os.path.exists(f"/proc/{pid}/exe"), "it runs on"
        assert probes.traces_left(pid, ATTACH) == []
    finally:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the command's end")


def test_the_duration_ends_an_attached_recording(tracer):
    program = tracer.program(ATTACH, "X8", stdin=subprocess.PIPE)
    try:
        wait_until(lambda: "ready" in program.stdout, "ready")
        recording = tracer.start("-p", program.pid, "-d", "0.3").finish(status=0)
        assert recording.trace.spans
        assert probes.traces_left(program.pid, ATTACH) == []
    finally:
        program.kill()


def test_no_descriptor_of_the_tracer_reaches_the_command(tracer):
    script = """
import os, sys
sys.exit(sum(os.path.exists(f"/proc/self/fd/{number}") for number in range(3, 999)))"""
    tracer.record(sys.executable, "-S", "-c", script, status=0)


def test_the_commands_input_and_output_are_its_own(tracer):
    begun = tracer.start("-q", "--", "/bin/cat", stdin=subprocess.PIPE)
    begun.process.say("through the tracer")
    begun.process.popen.stdin.close()
    recording = begun.finish()
    assert recording.stdout == "through the tracer\n"


# What is said


def test_quiet_says_nothing_when_all_is_well(tracer):
    recording = tracer.record(BASIC, "C4", options=["-q"])
    assert (recording.stdout, recording.stderr) == ("", "")


def test_the_summary_says_spans_events_bytes_directory_names_and_losses(tracer):
    recording = tracer.record(BASIC, "C4")
    said = recording.stdout + recording.stderr
    for part in ("4 spans", "8 events", "level_0", str(recording.directory), "report", "lost"):
        assert part in said, said
    assert "\033" not in said, "no colour but on a terminal"
    assert "\r" not in said, "no progress but on a terminal"


def test_an_unwritable_stdout_is_no_success(command_line):
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([PROGRAM, "--help"], stdout=full, timeout=20, check=False)
    assert result.returncode != 0
