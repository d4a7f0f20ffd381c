# SPDX-License-Identifier: BSD-2-Clause
"""The files: how fast they are written and read and how large they are, beside DuckDB's own writer.

The rows are those of tools/generate_events (10 million events) and tools/generate_spans (5 million
spans). DuckDB writes the same events in order of arrival with one thread: zstd, pages of version 1, its
defaults otherwise. Times are of the processor, so that other work on the machine does not count.
"""

import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "build" / "tools"
EVENTS = 10_000_000
SPANS = 5_000_000
SEED = 1
#: Of one batch: 128 Ki rows of async_events, in columns, sorted and encoded.
BATCH_MIB = 128 * 1024 * (72 + 4 + 4 + 8 + 1) / 2**20
SCANNED = ["time", "span_id", "name"]


@contextlib.contextmanager
def scratch_directory():
    parent = Path(tempfile.mkdtemp(prefix="asyncspan-bench-"))
    try:
        yield parent
    finally:
        shutil.rmtree(parent)


def run_json(*command):
    """What a program prints as JSON, and its greatest memory in MiB; on one processor."""
    cpu = max(os.sched_getaffinity(0))
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command[0]}: exit status {child.returncode}")
    return json.loads(output), usage.ru_maxrss / 1024


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def write_with_duckdb(connection, path):
    """Rows per second of the processor, and bytes; the rows are in memory before."""
    begin = processor_seconds()
    connection.execute(f"COPY events TO '{path}' (FORMAT parquet, CODEC zstd, PARQUET_VERSION V1)")
    seconds = processor_seconds() - begin
    size = path.stat().st_size
    path.unlink()
    return EVENTS / seconds, size


def load_events(connection, directory):
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(f"""CREATE TABLE events AS
        SELECT * FROM read_parquet('{directory}/async_events/*.parquet') ORDER BY time""")


def events(repetitions, figure):
    """The writer and the scan, in turn with DuckDB's writer."""
    import duckdb

    ours, theirs, scans, memory = [], [], [], []
    with scratch_directory() as parent:
        connection = duckdb.connect()
        for repetition in range(repetitions):
            directory = parent / str(repetition)
            directory.mkdir()
            report, mebibytes = run_json(TOOLS / "generate_events", "--json", "--events", EVENTS,
                                         "--seed", SEED, directory)
            if not repetition:
                load_events(connection, directory)
            scan, _ = run_json(TOOLS / "read_table", "--count", directory, "async_events", *SCANNED)
            if scan["rows"] != EVENTS:
                raise RuntimeError(f"{scan['rows']} of {EVENTS} rows were read")
            ours.append(report["rows_per_processor_second"])
            memory.append(mebibytes)
            scans.append(scan["rows"] / scan["processor_seconds"])
            theirs.append(write_with_duckdb(connection, parent / "duckdb.parquet"))
            shutil.rmtree(directory)
    speeds, sizes = zip(*theirs)
    return [
        figure("writer_rows_per_second", f"writer, {EVENTS:,} rows of seed {SEED}, one processor",
               ours, "rows/s", minimum=5_000_000),
        figure("bytes_per_event", "async_events, per event", [report["bytes_per_event"]], "bytes",
               maximum=8.5),
        figure("depth_share_of_bytes", "of these, the depth column",
               [100 * report["column_bytes"]["depth"] / report["bytes"]], "%", maximum=5.0),
        figure("writer_memory_mib", "writer, memory with one batch", memory, "MiB",
               maximum=64 + BATCH_MIB),
        figure("duckdb_rows_per_second", "DuckDB's writer, the same rows, one thread", speeds,
               "rows/s"),
        figure("writer_to_duckdb", "writer / DuckDB's writer, rows per second",
               [one / other for one, other in zip(ours, speeds)], "ratio", minimum=3.0),
        figure("bytes_to_duckdb", "bytes / DuckDB's bytes",
               [report["bytes"] / size for size in sizes], "ratio", maximum=0.75),
        figure("scan_rows_per_second", f"reader, {', '.join(SCANNED)}, one processor", scans,
               "rows/s", minimum=20_000_000),
    ]


def query_seconds(connection, query):
    begin = processor_seconds()
    connection.execute(query).fetchall()
    return processor_seconds() - begin


def depth_query(repetitions, figure):
    """What a condition on the depth adds to a query by name."""
    import duckdb

    rows = []
    with scratch_directory() as parent:
        subprocess.run([TOOLS / "generate_spans", "--spans", str(SPANS), parent / "spans"],
                       check=True, stdout=subprocess.DEVNULL)
        spans = f"read_parquet('{parent}/spans/async_spans/*.parquet')"
        query = f"SELECT name, count(*), avg(duration_ns) FROM {spans} {{}} GROUP BY name"
        connection = duckdb.connect()
        for _ in range(max(repetitions, 5)):
            rows.append([statistics.median(query_seconds(connection, query.format(condition))
                                           for _ in range(3))
                         for condition in ("", "WHERE depth < 3")])
    return [
        figure("all_depths_query_ms", f"GROUP BY name, {SPANS:,} spans, DuckDB",
               [1000 * without for without, _ in rows], "ms"),
        figure("depth_query_ratio", "WHERE depth < 3 GROUP BY name / without condition",
               [with_depth / without for without, with_depth in rows], "ratio", maximum=1.1),
    ]


def measure(repetitions, figure):
    return events(repetitions, figure) + depth_query(repetitions, figure)
