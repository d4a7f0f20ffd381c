# SPDX-License-Identifier: BSD-2-Clause
"""Processes with time limits, each in a group of its own, ended by their ids.

All that a test starts carries its token in the environment (TOKEN=...), so that what it left behind
is found, and nothing else is.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

TOKEN = "ASYNCSPAN_TEST_TOKEN"


class TimeLimit(AssertionError):
    pass


def wait_until(condition, what, seconds=20, step=0.005):
    """Polls until condition() is true and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeLimit(f"not within {seconds} s: {what}")
        time.sleep(step)


class Process:
    """A running program. Output goes to files, so that nothing ever blocks on a full pipe."""

    def __init__(self, arguments, scratch, environment, name="process", **options):
        self.arguments = [str(argument) for argument in arguments]
        self.stdout_file = Path(scratch) / f"{name}.stdout"
        self.stderr_file = Path(scratch) / f"{name}.stderr"
        with open(self.stdout_file, "wb") as out, open(self.stderr_file, "wb") as err:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err} | options
            self.popen = subprocess.Popen(
                self.arguments, env=environment, start_new_session=True, **options
            )
        self.pid = self.popen.pid

    @property
    def stdout(self):
        return self.stdout_file.read_text(errors="replace")

    @property
    def stderr(self):
        return self.stderr_file.read_text(errors="replace")

    @property
    def running(self):
        return self.popen.poll() is None

    def wait(self, seconds):
        """The exit status; negative: the signal that ended it."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeLimit(
                f"{' '.join(self.arguments)}: still running after {seconds} s\n{self.stderr}"
            ) from None

    def signal(self, number):
        self.popen.send_signal(number)

    def say(self, line):
        """A line to its standard input, where stdin=PIPE was given."""
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def kill(self):
        """Ends it and the group that it leads."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait(10)
        if self.popen.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.popen.stdin.close()


def carrying(token):
    """The processes, other than zombies, that carry a token: (pid, command line)."""
    wanted = f"{TOKEN}={token}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                found.append((int(entry.name), line.decode(errors="replace")))
    return found


def kill_all(token):
    for pid, _ in carrying(token):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
