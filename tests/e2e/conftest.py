# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the end-to-end tests: real tracing, judged by readers that are not this project's.

Tests that trace take `tracer`; each runs once in every mode of harness.tracer.MODES. Where BPF is
not permitted they are skipped with the reason; with CI=true that is a failure.
"""

import os
import time
import uuid

import pytest

from harness import bpf, running
from harness.tracer import MODES, PROGRAM, Tracer, new_scratch, remove

TIME_LIMIT = 120


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "sanitizers: is run again with the program under valgrind and sanitizers"
    )
    config.addinivalue_line(
        "markers", "traces_itself: hits probes of its own, which valgrind cannot stand"
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIME_LIMIT))


@pytest.fixture(scope="session", params=sorted(MODES))
def mode(request):
    return request.param


@pytest.fixture(scope="session")
def built():
    assert PROGRAM.exists(), f"{PROGRAM} is missing: run make all"


@pytest.fixture(scope="session")
def permitted(built):
    """Tracing is possible here."""
    reason = "not root" if os.geteuid() != 0 else bpf.why_not()
    if not reason:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"tracing is not permitted here: {reason}")
    pytest.skip(f"tracing is not permitted here: {reason}")


@pytest.fixture
def scratch():
    path = new_scratch()
    yield path
    remove(path)


@pytest.fixture
def command_line(built, scratch):
    """The program for what needs no privileges."""
    yield from _clean_tracer("immediate", scratch)


@pytest.fixture
def tracer(permitted, mode, scratch):
    yield from _clean_tracer(mode, scratch)


def _clean_tracer(mode, scratch):
    """A Tracer; when the test is over nothing that it started may be left."""
    programs_before = bpf.program_ids() if os.geteuid() == 0 else None
    tracer = Tracer(mode, scratch, str(uuid.uuid4()))
    yield tracer
    left = running.carrying(tracer.token)
    running.kill_all(tracer.token)
    assert not left, f"processes left behind: {left}"
    if programs_before is not None:
        assert_no_programs_left(programs_before)


def assert_no_programs_left(before, seconds=5):
    """The kernel frees programs a little after their last user has gone; then none may be left."""
    deadline = time.monotonic() + seconds
    while True:
        left = bpf.programs_without_holder(bpf.program_ids() - before)
        if not left:
            return
        assert time.monotonic() < deadline, f"BPF programs left behind: {left}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def recorded(permitted, mode):
    """recorded(program, "C4"): a command's recording, made once however many tests look at it."""
    scratch = new_scratch()
    tracer = Tracer(mode, scratch, str(uuid.uuid4()))
    made = {}

    def get(program, *arguments, options=()):
        key = (program, arguments, tuple(options))
        if key not in made:
            made[key] = tracer.record(program, *arguments, options=options)
            left = running.carrying(tracer.token)
            assert not left, f"processes left behind: {left}"
        return made[key]

    yield get
    running.kill_all(tracer.token)
    remove(scratch)
