# SPDX-License-Identifier: BSD-2-Clause
"""verify: what is whole is good; what was changed behind our back is found, and the file is named."""

import json
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from harness.tracer import PROGRAMS

LOAD = [PROGRAMS / "throughput", "--threads", "2", "--spans", "300", "--depth", "3", "--suspend"]


@pytest.fixture
def directory(recorded, scratch):
    """A copy of a good trace with polls, to be broken."""
    copy = scratch / "trace"
    shutil.copytree(recorded(*LOAD, options=("--polls",)).directory, copy)
    return copy


def verify(tracer, directory, expected):
    status, stdout, stderr = tracer.run("verify", directory)
    assert stderr == ""
    assert status == expected, stdout
    return stdout


def part(directory, table):
    (path,) = (directory / table).glob("*.parquet")
    return path


def rewrite(directory, table, change):
    """Puts changed rows in place of a table's only file: valid Parquet, written by another."""
    path = part(directory, table)
    rows = pq.read_table(path)
    path.unlink()
    pq.write_table(change(rows), path, compression="zstd", data_page_version="2.0")


def record_loss(directory):
    (path,) = (directory / "traces").glob("*.json")
    document = json.loads(path.read_text())
    next(c for c in document["counters"] if c["name"] == "unwritten")["value"] = 1
    path.write_text(json.dumps(document))


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x20
    path.write_bytes(data)


def test_a_good_trace_is_good(tracer, directory):
    assert verify(tracer, directory, 0).endswith("spans: good\n")


def test_the_same_as_json(tracer, directory):
    status, stdout, _ = tracer.run("verify", directory, "--json")
    document = json.loads(stdout)
    assert status == 0
    assert document["good"] is True
    assert document["files"] == 5
    assert document["spans"] == 600
    assert document["faults"] == [] and document["missing"] == {}


@pytest.mark.parametrize("table", ["async_events", "async_spans", "async_polls", "processes", "streams"])
def test_a_changed_byte_in_any_column_is_found(tracer, directory, table):
    path = part(directory, table)
    good = path.read_bytes()
    group = pq.read_metadata(path).row_group(0)
    for number in range(group.num_columns):
        column = group.column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        flip(path, start + column.total_compressed_size - 1)
        found = verify(tracer, directory, 1)
        assert str(path) in found and f"column {column.path_in_schema}:" in found
        path.write_bytes(good)


@pytest.mark.parametrize("place", ["footer", "index"])
def test_bounds_that_do_not_hold_their_values_are_found(tracer, directory, place):
    path = part(directory, "async_events")
    metadata = pq.read_metadata(path)
    column = metadata.row_group(0).column(metadata.schema.names.index("span_id"))
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    wrong = (column.statistics.min + 1).to_bytes(8, "little")
    right = column.statistics.min.to_bytes(8, "little")
    last = metadata.row_group(0).column(metadata.num_columns - 1)
    pages_end = last.data_page_offset + last.total_compressed_size - 1
    begin, end = (footer, len(data)) if place == "footer" else (pages_end, footer)
    assert right in data[begin:end]
    path.write_bytes(data[:begin] + data[begin:end].replace(right, wrong) + data[end:])
    found = verify(tracer, directory, 1)
    assert str(path) in found and "column span_id:" in found and "hold" in found


@pytest.mark.parametrize("length", [0, 3, 4, 100, -1, -8, -100])
def test_a_file_that_is_cut_off_is_found(tracer, directory, length):
    path = part(directory, "async_spans")
    path.write_bytes(path.read_bytes()[:length])
    assert f"FAULT: {path}: is" in verify(tracer, directory, 1)


def change_column(name, function):
    def change(rows):
        column = function(rows.column(name))
        return rows.set_column(rows.column_names.index(name), rows.field(name), column)
    return change


def only(event_type, keep_all_but):
    """Without some of the rows of one type."""
    def change(rows):
        wanted = pc.equal(rows.column("event_type").cast(pa.string()), event_type)
        numbers = pc.indices_nonzero(wanted)[:keep_all_but].to_pylist()
        return rows.take([i for i in range(rows.num_rows) if i not in set(numbers)])
    return change


# What is wrong in itself, whatever was lost: (table, change, what is said).
FAULTS = {
    "rows out of order": ("async_events", lambda t: t.take(list(range(t.num_rows))[::-1]), "out of order"),
    "a depth that is not the parent's + 1": (
        "async_events",
        change_column("depth", lambda c: pc.add(c, pc.cast(pc.greater(c, 0), c.type)).cast(c.type)),
        "differ in parent or depth"),
    "a begin twice": ("async_events", lambda t: pa.concat_tables([t.slice(0, 1), t]), "twice"),
    "a span's row twice": ("async_spans", lambda t: pa.concat_tables([t.slice(0, 1), t]), "occurs twice"),
    "a stream twice": ("streams", lambda t: pa.concat_tables([t, t]), "a key occurs twice"),
    "a process twice": ("processes", lambda t: pa.concat_tables([t, t]), "a key occurs twice"),
    "an id of 0": ("async_events", change_column("span_id", lambda c: pc.multiply(c, 0)), "less than 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_is_found_also_after_losses(tracer, directory, fault):
    table, change, words = FAULTS[fault]
    rewrite(directory, table, change)
    record_loss(directory)
    assert words in verify(tracer, directory, 1)


# What may be missing after losses only: (table, change, what is said).
MISSING = {
    "ends": ("async_events", only("end", 3), "3 rows of async_spans without their events"),
    "begins": ("async_events", only("begin", 2), "2 ends without their begin"),
    "rows of spans": ("async_spans", lambda t: t.slice(4), "4 ended spans without a row in async_spans"),
    "polls": ("async_polls", lambda t: t.slice(1), "1 spans whose polls do not add up"),
    "a stream": ("streams", lambda t: t.slice(1), "rows whose stream is not in the files"),
    "the process": ("processes", lambda t: t.slice(1), "rows whose process is not in the files"),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_a_fault_unless_a_loss_is_recorded(tracer, directory, what):
    table, change, words = MISSING[what]
    rewrite(directory, table, change)
    found = verify(tracer, directory, 1)
    assert "FAULT: " in found and words in found
    assert found.endswith("spans: BROKEN\n")
    record_loss(directory)
    found = verify(tracer, directory, 0)
    assert "missing: " in found and words in found
    assert "recorded: 1 event lost" in found
    assert found.endswith("good, what is missing is recorded\n")


def test_a_damaged_trace_file_is_found(tracer, directory):
    (path,) = (directory / "traces").glob("*.json")
    path.write_text(path.read_text()[:100])
    assert str(path) in verify(tracer, directory, 1)


def test_a_directory_without_a_trace_cannot_be_read(tracer, scratch):
    (scratch / "empty").mkdir()
    for directory in (scratch / "empty", scratch / "missing"):
        status, stdout, stderr = tracer.run("verify", directory)
        assert (status, stdout) == (2, "")
        assert stderr.startswith(f"asyncspan-trace: cannot verify {directory}: ")
