# SPDX-License-Identifier: BSD-2-Clause
"""The disk is full: a clear error, valid files, and nothing lost that was on it."""

import os
import subprocess

import pytest

from harness.trace_files import read_with_pyarrow
from harness.tracer import PROGRAMS


@pytest.fixture
def small_disk(permitted, scratch):
    """Room for some row groups, and for what is to be written at the end."""
    place = scratch / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "asyncspan-test", place], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("nothing may be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_ends_the_recording_and_leaves_valid_files(tracer, small_disk):
    directory = small_disk / "trace"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(8 << 20))
    recording = tracer.start(
        "--", PROGRAMS / "throughput", "--threads", "2", "--seconds", "20", "--depth", "3",
        directory=directory,
    )
    status = recording.process.wait(60)
    recording.process.kill()  # the command runs on, untraced
    stderr = recording.process.stderr
    assert status == 125, stderr
    assert f"cannot write to {directory}: No space left on device" in stderr
    assert f"asyncspan-trace recover {directory}" in stderr
    # What is visible is whole; with room again, the rest can be completed.
    for path in (directory / "async_events").glob("*.parquet"):
        read_with_pyarrow(path, "async_events")
    os.unlink(ballast)
    status, _, errors = tracer.run("recover", directory)
    assert status == 0, errors
    assert not [path for path in directory.rglob(".*") if path.is_file()]
    parts = list((directory / "async_events").glob("*.parquet"))
    assert sum(read_with_pyarrow(path, "async_events").num_rows for path in parts) > 0
    status, stdout, _ = tracer.run("verify", directory)
    assert status == 0, stdout
