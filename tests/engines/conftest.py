# SPDX-License-Identifier: BSD-2-Clause
"""What the engines are asked about: several real traces as one directory, in hourly folders."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "tests" / "programs"
# Commands, each recorded to a trace of its own; the last leaves spans open.
TRACED = [
    [PROGRAMS / "workload"],
    [PROGRAMS / "basic", "C4"],
    [PROGRAMS / "lifecycle", "exec_from_thread"],
]


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A directory with asyncspan.data in it."""
    assert os.geteuid() == 0, "recording needs root"
    place = tmp_path_factory.mktemp("engines")
    for hour, command in enumerate(TRACED):
        one = place / f"trace{hour}"
        record(command, one)
        move(one, place / "asyncspan.data", f"date=2026-01-01/hour={hour:02}")
    leave_older_rows(place / "asyncspan.data")
    return place


def record(command, directory):
    done = subprocess.run(
        [ROOT / "build" / "asyncspan-trace", "-q", "-o", directory, "--", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def move(trace, dataset, folder):
    """Parts of the tables of events go to the folder, the others lie beside one another."""
    for table in ("async_events", "async_spans", "processes", "streams"):
        hourly = table.startswith("async_")
        target = dataset / table / (folder if hourly else "")
        target.mkdir(parents=True, exist_ok=True)
        for part in (trace / table).iterdir():
            part.rename(target / part.name)


def leave_older_rows(dataset):
    """As a trace that had seen the same processes and streams before."""
    for table, column in (("processes", "username"), ("streams", "thread_name")):
        for number, part in enumerate(sorted((dataset / table).iterdir())):
            rows = pq.read_table(part)
            older = pa.compute.subtract(rows["updated"], pa.scalar(10**9, pa.duration("ns")))
            for name, values in (("updated", older), (column, pa.array(["older"] * len(rows)))):
                position = rows.schema.get_field_index(name)
                field = rows.schema.field(name)
                rows = rows.set_column(position, field, values.cast(field.type))
            pq.write_table(
                rows, part.with_name(f"00000000-{number:06}.parquet"), compression="zstd"
            )
