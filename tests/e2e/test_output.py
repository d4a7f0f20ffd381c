# SPDX-License-Identifier: BSD-2-Clause
"""Where the files go, whose they are, and as whom the command runs."""

import os
import pwd

import pytest

from harness.running import wait_until
from harness.trace_files import Trace
from harness.tracer import MODES, PROGRAMS
from test_command_line import error_line

BASIC = PROGRAMS / "basic"
NOBODY = pwd.getpwnam("nobody")


def record_here(tracer, *arguments):
    """Without -o, in the scratch directory."""
    return tracer.run("record", *MODES[tracer.mode], *arguments, "--", BASIC, "C2")


def trace_id(directory):
    (path,) = (directory / "traces").glob("*.json")
    return path.stem


@pytest.mark.sanitizers
def test_the_default_directory_is_kept_once_as_old(tracer):
    default, old = tracer.scratch / "asyncspan.data", tracer.scratch / "asyncspan.data.old"
    ids = []
    for _ in range(3):
        status, _, stderr = record_here(tracer)
        assert status == 0, stderr
        ids.append(trace_id(default))
    assert len(set(ids)) == 3
    assert trace_id(default) == ids[2] and trace_id(old) == ids[1]
    assert len(Trace(default).spans) == len(Trace(old).spans) == 2


def test_a_default_directory_that_is_no_trace_is_not_moved_away(tracer):
    default = tracer.scratch / "asyncspan.data"
    default.mkdir()
    (default / "thesis.txt").write_text("keep me")
    status, _, stderr = record_here(tracer)
    assert status == 125
    assert "asyncspan.data" in error_line(stderr)
    assert (default / "thesis.txt").read_text() == "keep me"


def test_an_empty_directory_is_used(tracer):
    directory = tracer.scratch / "empty"
    directory.mkdir()
    tracer.start("--", BASIC, "C2", directory=directory).finish()


def test_force_replaces_the_files_of_a_trace(tracer):
    directory = tracer.scratch / "trace"
    first = tracer.start("--", BASIC, "C2", directory=directory).finish()
    first_id = first.trace.information[0]["trace_id"]
    status, _, stderr = tracer.run("record", "-o", directory, "--force", "--", BASIC, "C4")
    assert status == 0, stderr
    assert trace_id(directory) != first_id
    assert len(Trace(directory).spans) == 4


@pytest.mark.parametrize("name", ["mine.txt", "async_spans/mine.csv", "traces/mine/notes.json"])
def test_force_deletes_nothing_where_there_are_other_files_too(tracer, name):
    directory = tracer.scratch / "trace"
    tracer.start("--", BASIC, "C2", directory=directory).finish()
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_text("keep me")
    before = sorted(directory.rglob("*"))
    status, _, stderr = tracer.run("record", "-o", directory, "--force", "--", BASIC, "C4")
    assert status == 125
    assert str(directory) in error_line(stderr)
    assert sorted(directory.rglob("*")) == before


@pytest.fixture
def as_sudo(tracer):
    """The environment that sudo gives to the tracer when nobody has called it."""
    os.chown(tracer.scratch, NOBODY.pw_uid, NOBODY.pw_gid)
    return {
        "SUDO_UID": str(NOBODY.pw_uid),
        "SUDO_GID": str(NOBODY.pw_gid),
        "SUDO_USER": "nobody",
        "USER": "root",
    }


@pytest.fixture
def basic_for_all(tracer):
    """A program that other users can reach, wherever the project lies."""
    copy = tracer.scratch / "basic"
    copy.write_bytes(BASIC.read_bytes())
    copy.chmod(0o755)
    return copy


def owners(directory):
    paths = [directory, *directory.rglob("*")]
    return {(path.stat().st_uid, path.stat().st_gid) for path in paths}


def test_files_and_command_are_those_of_the_user_who_called_sudo(tracer, as_sudo, basic_for_all):
    """Modes are checked for every trace: 0640 and 0750."""
    recording = tracer.record(basic_for_all, "C2", start={"environment": as_sudo})
    recording.compare()
    assert owners(recording.directory) == {(NOBODY.pw_uid, NOBODY.pw_gid)}
    (process,) = recording.trace.processes
    assert process.username == "nobody"


def test_the_command_has_no_right_that_its_user_has_not(tracer, as_sudo):
    script = "grep -E '^(Uid|Gid|Groups|CapEff|CapPrm|CapInh|CapAmb):' /proc/self/status"
    recording = tracer.record(
        "/bin/sh", "-c", script, options=["-q"], start={"environment": as_sudo}
    )
    fields = dict(line.split(":", 1) for line in recording.stdout.splitlines())
    assert fields["Uid"].split() == [str(NOBODY.pw_uid)] * 4
    assert fields["Gid"].split() == [str(NOBODY.pw_gid)] * 4
    assert str(0) not in fields["Groups"].split()
    for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(fields[capabilities], 16) == 0


def test_the_command_may_run_as_another_user(tracer, basic_for_all):
    os.chmod(tracer.scratch, 0o777)
    recording = tracer.record(basic_for_all, "C2", options=["-u", "nobody"])
    recording.compare()
    (process,) = recording.trace.processes
    assert process.username == "nobody"
    assert owners(recording.directory) == {(0, 0)}, "the files belong to who traces"


def test_the_command_finds_its_users_home(tracer, as_sudo):
    script = "echo $HOME $USER $LOGNAME"
    recording = tracer.record(
        "/bin/sh", "-c", script, options=["-q"], start={"environment": as_sudo}
    )
    assert recording.stdout.split() == [NOBODY.pw_dir, "nobody", "nobody"]


def test_a_directory_that_another_recording_writes_to_is_refused(tracer):
    """And is not moved away from under it."""
    ready = tracer.scratch / "ready"
    script = f"touch {ready}; while [ -e {ready} ]; do sleep 0.05; done; exec {BASIC} C2"
    default = tracer.scratch / "asyncspan.data"
    first = tracer.start("--", "/bin/sh", "-c", script, directory=default)
    wait_until(ready.exists, "the command is at work")
    for options in ([], ["-o", default], ["-o", default, "--force"]):
        status, _, stderr = tracer.run("record", *options, "--", BASIC, "C4")
        assert status == 125
        assert "asyncspan.data" in error_line(stderr)
    ready.unlink()
    assert len(first.finish().trace.spans) == 2
    assert not (tracer.scratch / "asyncspan.data.old").exists()
