# SPDX-License-Identifier: BSD-2-Clause
"""Runs asyncspan-trace.

    recording = tracer.record(program, "C4")            # -- COMMAND, to its end, checked
    recording.trace.begin("level_0").depth

    running = tracer.start("-p", pid)                   # in the background
    running.stop()                                      # SIGINT, and the recording
"""

import functools
import os
import shutil
import signal
import tempfile
from pathlib import Path

from . import invariants, running
from .ledger import Ledger
from .trace_files import Trace

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
PROGRAM = Path(os.environ.get("ASYNCSPAN_TRACE", BUILD / "asyncspan-trace")).resolve()
PROGRAMS = BUILD / "tests" / "programs"
EXAMPLES = BUILD / "examples"
# Of one run of the tracer. Slower builds (sanitizers, valgrind) ask for more by the environment.
SECONDS = 60 * float(os.environ.get("ASYNCSPAN_TEST_PATIENCE", "1"))

# The ways to record. Every test that traces runs in each: name -> options of record.
MODES = {"immediate": []}


class Recording:
    """One run of the tracer that has ended: what it said, what it left."""

    def __init__(self, process, status, directory, ledger_file, losses, checked):
        self.status = status
        self.stdout = process.stdout
        self.stderr = process.stderr
        self.directory = directory
        self.ledger_file = ledger_file
        self.losses = losses
        if checked:
            self.check()

    @functools.cached_property
    def trace(self):
        return Trace(self.directory)

    @functools.cached_property
    def ledger(self):
        """To be asked for when the program has ended: it may be in the midst of a line."""
        return Ledger(self.ledger_file)

    def check(self):
        """What holds for every trace."""
        invariants.check(self.trace, self.losses)

    def compare(self, **what):
        """What the traced program knows itself."""
        assert self.ledger.begins or not self.trace.begins, "the ledger is empty"
        self.ledger.check(self.trace, **what)


class Running:
    """A tracer at work."""

    def __init__(self, process, directory, ledger_file):
        self.process = process
        self.directory = directory
        self.ledger_file = ledger_file

    def finish(self, status=0, losses=(), checked=True, seconds=SECONDS):
        """Waits for its end."""
        found = self.process.wait(seconds)
        assert found == status, f"exit status {found}, expected {status}\n{self.process.stderr}"
        return Recording(
            self.process, found, self.directory, self.ledger_file, losses, checked
        )

    def stop(self, number=signal.SIGINT, **expected):
        self.process.signal(number)
        return self.finish(**expected)


class Tracer:
    def __init__(self, mode, scratch, token):
        self.mode = mode
        self.scratch = Path(scratch)
        self.token = token
        self.runs = 0
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SUDO_")
        } | {running.TOKEN: token, "NO_COLOR": "1"}

    def _next(self):
        self.runs += 1
        return self.runs

    def program(self, name, *arguments, ledger=None, **options):
        """Starts a program that is to be traced, without a tracer."""
        environment = self.environment | ({"ASYNCSPAN_LEDGER": str(ledger)} if ledger else {})
        return running.Process(
            [name, *arguments],
            self.scratch,
            environment | options.pop("environment", {}),
            name=f"program-{self._next()}",
            **options,
        )

    def run(self, *arguments, seconds=SECONDS, environment=None, program=PROGRAM, **options):
        """The tracer with these arguments, to its end: (status, stdout, stderr)."""
        process = running.Process(
            [*(program if isinstance(program, list) else [program]), *arguments],
            self.scratch,
            self.environment | (environment or {}),
            name=f"tracer-{self._next()}",
            **{"cwd": self.scratch} | options,
        )
        try:
            return process.wait(seconds), process.stdout, process.stderr
        finally:
            process.kill()

    def start(self, *arguments, directory=None, environment=None, ledger=None, **options):
        """Starts record with these arguments, its output going to a new directory."""
        number = self._next()
        directory = directory or self.scratch / f"trace-{number}"
        ledger_file = ledger or self.scratch / f"ledger-{number}.jsonl"
        process = running.Process(
            [PROGRAM, "record", "-o", directory, *MODES[self.mode], *arguments],
            self.scratch,
            self.environment | {"ASYNCSPAN_LEDGER": str(ledger_file)} | (environment or {}),
            name=f"record-{number}",
            **{"cwd": self.scratch} | options,
        )
        return Running(process, directory, ledger_file)

    def record(self, command, *arguments, options=(), start=None, **expected):
        """Traces a command to its end and checks what holds for every trace."""
        begun = self.start(*options, "--", command, *arguments, **start or {})
        try:
            return begun.finish(**expected)
        finally:
            begun.process.kill()


def new_scratch():
    """A directory that other users may enter; removed by the one who asked for it."""
    path = Path(tempfile.mkdtemp(prefix="asyncspan-test-"))
    path.chmod(0o755)
    return path


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
