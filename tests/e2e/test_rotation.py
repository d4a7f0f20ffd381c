# SPDX-License-Identifier: BSD-2-Clause
"""Long recordings leave several files; whoever reads meanwhile sees whole ones only."""

import duckdb
import polars
import pyarrow.dataset

from harness.running import wait_until
from harness.tracer import PROGRAMS

THROUGHPUT = PROGRAMS / "throughput"


def parts(directory, table="async_events"):
    return sorted(path.name for path in (directory / table).glob("*.parquet"))


def test_a_file_of_the_size_limit_is_completed_and_the_next_begun(tracer):
    recording = tracer.record(
        THROUGHPUT, "--threads", "1", "--spans", "150000", options=("--rotate-size", "100k")
    )
    names = parts(recording.directory)
    assert len(names) == 3, "300,000 events are three row groups, each larger than the limit"
    assert [name[9:15] for name in names] == ["000000", "000001", "000002"]
    assert len(parts(recording.directory, "processes")) == 1
    assert tracer.run("verify", recording.directory)[0] == 0


def test_engines_read_a_directory_that_is_being_recorded(tracer):
    running = tracer.start(
        "--rotate-time", "300ms", "--", THROUGHPUT, "--threads", "1", "--seconds", "30"
    )
    try:
        wait_until(lambda: len(parts(running.directory)) >= 3, "three complete files")
        events = running.directory / "async_events"
        query = f"SELECT count(*), count(DISTINCT stream_id) FROM '{events}/**/*.parquet'"
        with duckdb.connect() as connection:
            count, streams = connection.execute(query).fetchone()
        assert count > 0 and streams == 1
        assert polars.scan_parquet(f"{events}/**/*.parquet").select("span_id").collect().height > 0
        dataset = pyarrow.dataset.dataset(events, format="parquet")
        assert dataset.count_rows() > 0
        assert not [path for path in dataset.files if "/." in path]
        # Who the events refer to is there before them.
        with duckdb.connect() as connection:
            missing = connection.execute(
                f"SELECT * FROM '{events}/*.parquet' ANTI JOIN "
                f"'{running.directory}/streams/*.parquet' USING (stream_id) LIMIT 1"
            ).fetchall()
        assert missing == []
        status, stdout, _ = tracer.run("verify", running.directory)
        assert status == 0, stdout
        assert "trace that is not complete" in stdout
    finally:
        running.process.kill()


def test_limits_that_make_no_sense_are_refused(command_line):
    for option, value in [("--rotate-size", "10"), ("--rotate-time", "0")]:
        status, _, stderr = command_line.run("record", option, value, "--", "true")
        assert status == 125
        assert option in stderr.splitlines()[0]
