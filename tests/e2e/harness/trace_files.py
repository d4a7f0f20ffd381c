# SPDX-License-Identifier: BSD-2-Clause
"""Reads a trace's directory back with three readers that this project did not write.

    trace = Trace(directory)            # raises TraceError where the readers disagree
    trace.events[0].name                # rows as named tuples; times in ns since 1970
    trace.tables["async_spans"]         # the same as a pyarrow table
    trace.sql("SELECT count(*) FROM async_events")

A trace's directory is read as it lies there: nothing is repaired, no file is skipped.
"""

import functools
import json
import re
from collections import namedtuple
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

from .schema import OPTIONAL_TABLES, TABLES

PART_NAME = re.compile(r"^([0-9a-f]{8})-([0-9]{6})\.parquet$")
# Where a row of a pyarrow table came from; not in the files.
PLACE = ["file_number", "row_group", "row"]
# One for all, as opening one takes longer than most queries; each user has a cursor of his own.
DATABASE = duckdb.connect(config={"threads": 1})


class TraceError(AssertionError):
    """The files are not what a trace's files have to be."""


class Trace:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.information = read_information(self.directory)
        there = [name for name in TABLES
                 if name not in OPTIONAL_TABLES or (self.directory / name).exists()]
        self.parts = {name: parts_of(self.directory, name) for name in there}
        self.tables = {name: read_table(self.parts[name], name) for name in there}
        self.connection = DATABASE.cursor()
        for name, table in self.tables.items():
            self.connection.register(name, table)

    def sql(self, query, **parameters):
        """All rows that a query over the tables gives, as tuples."""
        return self.connection.execute(query, parameters or None).fetchall()

    def rows(self, table):
        return rows_of(table, self.tables[table])

    @functools.cached_property
    def events(self):
        return self.rows("async_events")

    @functools.cached_property
    def spans(self):
        return self.rows("async_spans")

    @functools.cached_property
    def processes(self):
        return self.rows("processes")

    @functools.cached_property
    def streams(self):
        return self.rows("streams")

    @functools.cached_property
    def begins(self):
        """The begin rows in the order of time."""
        return sorted((e for e in self.events if e.event_type == "begin"), key=lambda e: e.time)

    @functools.cached_property
    def ends(self):
        return sorted((e for e in self.events if e.event_type == "end"), key=lambda e: e.time)

    def _named(self, table, name, order, condition="true"):
        query = f"SELECT * FROM {table} WHERE name = $name AND {condition} ORDER BY {order}"
        return rows_of(table, self.connection.sql(query, params={"name": name}).to_arrow_table())

    def begin(self, name):
        return only(self._named("async_events", name, "time", "event_type = 'begin'"))

    def end(self, name):
        return only(self._named("async_events", name, "time", "event_type = 'end'"))

    def span(self, name):
        return only(self.spans_named(name))

    def spans_named(self, name):
        """In the order in which they began."""
        return self._named("async_spans", name, "begin_time")


def only(items):
    items = list(items)
    assert len(items) == 1, f"expected one, found {len(items)}: {items[:4]}"
    return items[0]


def rows_of(table, arrow_table):
    row_type = namedtuple(table, [column.name for column in TABLES[table]])
    columns = [arrow_table.column(name).to_pylist() for name in row_type._fields]
    return [row_type(*values) for values in zip(*columns)]


def read_information(directory):
    """traces/*.json, one object a trace."""
    files = sorted((directory / "traces").glob("*.json"))
    if not files:
        raise TraceError(f"no traces/*.json in {directory}")
    found = []
    for file in files:
        document = json.loads(file.read_text())
        if document.get("trace_id") != file.stem:
            raise TraceError(f"{file}: trace_id is {document.get('trace_id')!r}")
        found.append(document)
    return found


def parts_of(directory, table):
    """A table's files in the order of their names; nothing else may lie beside them."""
    folder = directory / table
    if not folder.is_dir():
        raise TraceError(f"{folder} is missing")
    parts = sorted(path for path in folder.rglob("*") if not path.is_dir())
    for path in parts:
        if not PART_NAME.match(path.name):
            raise TraceError(f"a file that is no part of the table: {path}")
    if not parts:
        raise TraceError(f"no file in {folder}")
    return parts


def read_table(files, table):
    """The rows as pyarrow reads them, after DuckDB and polars have agreed to every value."""
    tables = []
    for number, file in enumerate(files):
        read = read_with_pyarrow(file, table)
        check_equal(read, read_with_duckdb(file, table), f"{file}: DuckDB")
        check_equal(read, read_with_polars(file, table), f"{file}: polars")
        tables.append(with_places(file, read, number))
    return pa.concat_tables(tables)


def read_with_pyarrow(file, table):
    with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
        return plain(parquet.read(), table, file)


def read_with_polars(file, table):
    frame = polars.read_parquet(file, glob=False, hive_partitioning=False)
    return plain(frame.to_arrow(), table, file)


def read_with_duckdb(file, table):
    # Times as ns in the query: DuckDB below 2.0 cuts timestamps to µs on their way to Arrow.
    columns = ", ".join(
        f'epoch_ns("{c.name}") AS "{c.name}"' if c.type == "time" else f'"{c.name}"'
        for c in TABLES[table]
    )
    with DATABASE.cursor() as connection:
        found = [
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?))", [str(file)]
            ).fetchall()
        ]
        check_columns(found, table, file)
        query = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = false)"
        return plain(connection.sql(query, params=[str(file)]).to_arrow_table(), table, file)


def check_columns(found, table, file):
    expected = [column.name for column in TABLES[table]]
    if found != expected:
        raise TraceError(f"{file}: columns {found}, expected {expected}")


def plain(arrow_table, table, file):
    """The columns in the types in which readers are compared."""
    check_columns(arrow_table.column_names, table, file)
    columns = []
    for column in TABLES[table]:
        values = arrow_table.column(column.name)
        if column.type == "time" and pa.types.is_timestamp(values.type):
            values = values.cast(pa.timestamp("ns", tz=values.type.tz))
        columns.append(values.cast(column.plain))
    return pa.table(columns, names=arrow_table.column_names)


def check_equal(ours, theirs, what):
    if ours.num_rows != theirs.num_rows:
        raise TraceError(f"{what} reads {theirs.num_rows} rows, pyarrow {ours.num_rows}")
    for name in ours.column_names:
        if ours.column(name).combine_chunks() != theirs.column(name).combine_chunks():
            raise TraceError(f"{what} and pyarrow differ in column {name}")


def with_places(file, arrow_table, number):
    metadata = pq.read_metadata(file)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    groups = [pa.repeat(pa.scalar(group, pa.int32()), size) for group, size in enumerate(sizes)]
    places = [
        pa.repeat(pa.scalar(number, pa.int32()), sum(sizes)),
        pa.chunked_array(groups, pa.int32()),
        pa.arange(0, sum(sizes)),
    ]
    for name, values in zip(PLACE, places):
        arrow_table = arrow_table.append_column(name, values)
    return arrow_table
