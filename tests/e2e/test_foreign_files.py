# SPDX-License-Identifier: BSD-2-Clause
"""Tables that other writers made are read like our own: each encoding, codec and page version that they
use, and the columns of older exports of async_events."""

import itertools
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.tracer import PROGRAM

READ_TABLE = PROGRAM.parent / "tools" / "read_table"
ROWS = 3000
TIME = pa.timestamp("ns", tz="+00:00")

#: The columns of an export by age: the oldest first, each newer one has one more.
COLUMNS_OF_ALL = ["stream_id", "block_id", "time", "event_type", "span_id", "parent_span_id",
                  "name", "filename", "target", "line"]
EXPORTS = {
    10: COLUMNS_OF_ALL,
    11: COLUMNS_OF_ALL + ["depth"],
    12: COLUMNS_OF_ALL + ["depth", "hash"],
}
INTEGERS = {"time": TIME, "span_id": pa.int64(), "parent_span_id": pa.int64(), "depth": pa.uint32(),
            "hash": pa.uint32(), "line": pa.uint32()}


def value(column, row, nulls):
    """None, or what the cell holds; numbers at the ends of their types and texts of many lengths."""
    if nulls and row % 7 == 3:
        return None
    if column == "time":
        return 1_700_000_000_000_000_000 + row * 1013
    if column in ("span_id", "parent_span_id"):
        return (row * 0x9E3779B97F4A7C15) % 2**63
    if column in ("hash", "line", "depth"):
        return (2**32 - 1 - row * 65537) % 2**32
    if column == "event_type":
        return "begin" if row % 2 else "end"
    return f"{column} {'é' * (row % 5)} {row % 700}"


def make_table(columns, nulls=False, index_type=None):
    arrays, fields = [], []
    for column in columns:
        values = [value(column, row, nulls) for row in range(ROWS)]
        kind = INTEGERS.get(column, pa.string())
        array = pa.array(values, pa.int64()).cast(kind) if kind == TIME else pa.array(values, kind)
        if index_type and kind == pa.string():
            array = array.cast(pa.dictionary(index_type, pa.string()))
        arrays.append(array)
        fields.append(pa.field(column, array.type, nullable=nulls))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write(directory, table, **options):
    (directory / "async_events").mkdir()
    pq.write_table(table, directory / "async_events" / "export.parquet", **options)


def read(directory, columns, *options):
    result = subprocess.run([READ_TABLE, *options, directory, "async_events", *columns],
                            capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    return [tuple(line.split("\t")) for line in result.stdout.splitlines()]


def expected(columns, present, nulls=False):
    def cell(column, row):
        held = value(column, row, nulls) if column in present else None
        return "-" if held is None else str(held)
    return [tuple(cell(column, row) for column in columns) for row in range(ROWS)]


@pytest.mark.parametrize("index_type", [pa.int16(), pa.int32()], ids=["int16", "int32"])
@pytest.mark.parametrize("version", ["1.0", "2.0"], ids=["pages1", "pages2"])
@pytest.mark.parametrize("nulls", [False, True], ids=["required", "nullable"])
@pytest.mark.parametrize("count", sorted(EXPORTS))
def test_older_exports_are_read_and_what_they_lack_is_null(built, scratch, count, nulls, version,
                                                           index_type):
    write(scratch, make_table(EXPORTS[count], nulls, index_type), compression="lz4",
          data_page_version=version, data_page_size=4096)
    columns = EXPORTS[12] + ["process_id", "tid", "cpu"]
    assert read(scratch, columns) == expected(columns, EXPORTS[count], nulls)


ENCODINGS = {
    "plain": {},
    "delta": {**{c: "DELTA_BINARY_PACKED" for c in INTEGERS},
              "name": "DELTA_BYTE_ARRAY", "filename": "DELTA_LENGTH_BYTE_ARRAY"},
}


@pytest.mark.parametrize(("encoding", "version", "codec"), list(itertools.product(
    ENCODINGS, ["1.0", "2.0"], ["none", "zstd", "gzip", "lz4"])))
@pytest.mark.parametrize("nulls", [False, True], ids=["required", "nullable"])
def test_columns_without_dictionary_are_read(built, scratch, encoding, version, codec, nulls):
    write(scratch, make_table(EXPORTS[12], nulls), compression=codec, data_page_version=version,
          use_dictionary=False, column_encoding=ENCODINGS[encoding] or None, data_page_size=4096)
    assert read(scratch, EXPORTS[12]) == expected(EXPORTS[12], EXPORTS[12], nulls)


def test_dictionaries_of_old_writers_are_read(built, scratch):
    """They are marked by another number (PLAIN_DICTIONARY)."""
    columns = ["span_id", "name", "event_type"]
    write(scratch, make_table(columns), version="1.0", compression="none")
    assert read(scratch, columns) == expected(columns, columns)


@pytest.mark.parametrize("nulls", [False, True], ids=["required", "nullable"])
def test_pages_that_end_at_different_rows_are_narrowed_alike(built, scratch, nulls):
    """Pages of another writer hold as many bytes, not as many rows."""
    write(scratch, make_table(EXPORTS[12], nulls), compression="zstd", use_dictionary=["name"],
          write_page_index=True, data_page_size=1024, write_batch_size=64)
    first, last = value("time", 1000, False), value("time", 1100, False)
    all_rows = expected(EXPORTS[12], EXPORTS[12], nulls)
    some = read(scratch, EXPORTS[12], "--between", f"time={first}..{last}")
    assert len(some) < ROWS / 2, "pages were left out"
    begin = all_rows.index(some[0])
    assert some == all_rows[begin:begin + len(some)]
    time = EXPORTS[12].index("time")
    wanted = [row for row in all_rows if row[time] != "-" and first <= int(row[time]) <= last]
    assert wanted == [row for row in some if row in wanted]


def test_depth_is_computed_from_the_parents_where_a_file_lacks_it(built, scratch):
    """In any order, over several files; not where a parent is missing or its own ancestor."""
    parents = {1: 0, 2: 1, 3: 2, 4: 0, 5: 4, 6: 99, 7: 6, 8: 9, 9: 8, 10: 10}
    depths = {1: "0", 2: "1", 3: "2", 4: "0", 5: "1"}
    (scratch / "async_events").mkdir()
    for part, spans in enumerate([[3, 5, 7, 8], [2, 6, 9, 10, 1, 4, 1]]):
        columns = {"span_id": spans, "parent_span_id": [parents[span] for span in spans]}
        pq.write_table(pa.table(columns), compression="none", where=scratch / "async_events" / f"{part}.parquet")
    rows = read(scratch, ["span_id", "depth"])
    assert rows == [(str(span), depths.get(span, "-"))
                    for span in [3, 5, 7, 8, 2, 6, 9, 10, 1, 4, 1]]
