# SPDX-License-Identifier: BSD-2-Clause
"""The programs of docs/engines.md and the views of docs/queries.sql in each engine: the answers are
DuckDB's, whose own are checked from the rows in the end-to-end tests."""

import contextlib
import io
import json
import os
import re

import duckdb
import pyarrow
import pyarrow.dataset
import pytest
from conftest import ROOT

DOCUMENT = (ROOT / "docs" / "engines.md").read_text()
VIEWS = (ROOT / "docs" / "queries.sql").read_text()
QUESTIONS = re.findall(
    r"^CREATE OR REPLACE VIEW (\w+) AS\n(.*?);$", VIEWS.split("-- The questions")[1], re.M | re.S
)
# Engines have types of their own for times, and Spark none: these views without theirs.
SELECTED = {
    "processes_latest": "process_id, pid, ppid, exe, command_line, username, computer, kernel, "
    "exit_status, exit_signal",
    "streams_latest": "stream_id, process_id, tid, thread_name",
    "async_spans_with_duration": "process_id, span_id, parent_span_id, root_span_id, depth, hash, "
    "name, duration_ns, queue_ns, status, outcome, end_reason, lossy, duration_ms",
}
ENGINES = ["ClickHouse", "Spark", "DataFusion", "Polars"]
# What the programs of the document print.
COMMONEST = """
    SELECT name, count(*) AS spans FROM async_spans GROUP BY name
    ORDER BY spans DESC, name LIMIT 3"""
MOMENTS = """
    SELECT name, event_type, count(*) AS events, min(time) AS first, max(time) AS last
    FROM async_events_ns GROUP BY name, event_type"""


def program(heading, language):
    """The program that docs/engines.md shows under a heading."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.M | re.S)
    return text


def run_python(heading):
    """Runs the program; what it printed and the names that it defined."""
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        exec(compile(program(heading, "python"), heading, "exec"), names)
    return printed.getvalue(), names


class ClickHouse:
    def __init__(self):
        from chdb.session import Session

        self.session = Session()
        statements = [s for s in program("ClickHouse", "sql").split(";") if s.strip()]
        for statement in statements:
            answer = self.session.query(statement, "TSV")
        self.printed = answer.data().replace("\t", " ")

    def ask(self, query):
        answer = self.session.query(f"SELECT * FROM ({query})", "JSONCompact").data()
        return json.loads(answer, parse_constant=float)["data"]

    def define(self, name, query):
        self.session.query(f"CREATE VIEW {name} AS {query}")

    def close(self):
        self.session.close()


class Spark:
    def __init__(self):
        self.printed, names = run_python("Spark")
        self.spark = names["spark"]
        # As many tasks as there are processors: the default of 200 is for clusters.
        self.spark.conf.set("spark.sql.shuffle.partitions", "2")

    def ask(self, query):
        return [tuple(row) for row in self.spark.sql(query).collect()]

    def define(self, name, query):
        self.spark.sql(f"CREATE TEMPORARY VIEW {name} AS {query}")

    def close(self):
        self.spark.stop()


class DataFusion:
    def __init__(self):
        self.printed, names = run_python("DataFusion")
        self.context = names["context"]

    def ask(self, query):
        return [tuple(row.values()) for row in self.context.sql(query).to_pylist()]

    def define(self, name, query):
        self.context.sql(f"CREATE VIEW {name} AS {query}")

    def close(self):
        pass


class Polars:
    def __init__(self):
        self.printed, names = run_python("Polars")
        self.context = names["context"]

    def ask(self, query):
        return self.context.execute(query, eager=True).rows()

    def define(self, name, query):
        self.context.register(name, self.context.execute(query))

    def close(self):
        pass


@pytest.fixture(scope="session")
def there(place):
    """The working directory is where asyncspan.data lies."""
    before = os.getcwd()
    os.chdir(place)
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def duck(there):
    with duckdb.connect() as connection:
        connection.execute(VIEWS)
        yield lambda query: connection.sql(query).fetchall()


@pytest.fixture(scope="session", params=ENGINES)
def engine(request, there):
    engine = globals()[request.param]()
    for name, query in QUESTIONS:
        engine.define(name, query)
    yield engine
    engine.close()


def ordered(rows):
    def key(row):
        return [str(value) for value in row if not isinstance(value, float)]

    return sorted(map(tuple, rows), key=key)


def assert_same(found, expected):
    """Equal but for the order, and the last digits of floating-point numbers: averages."""
    found, expected = ordered(found), ordered(expected)
    assert len(found) == len(expected) != 0
    for row, other in zip(found, expected, strict=True):
        assert len(row) == len(other)
        for value, as_expected in zip(row, other, strict=True):
            if isinstance(as_expected, float):
                assert value == pytest.approx(as_expected, rel=1e-12, abs=1e-12), (row, other)
            else:
                assert value == as_expected, (row, other)


@pytest.mark.parametrize("name", [name for name, _ in QUESTIONS if name != "wrong_depths"])
def test_a_view_has_the_same_rows_as_in_duckdb(engine, duck, name):
    query = f"SELECT {SELECTED.get(name, '*')} FROM {name}"
    assert_same(engine.ask(query), duck(query))


def test_no_child_is_at_a_wrong_depth(engine, duck):
    pairs = """SELECT count(*) FROM async_spans AS c JOIN async_spans AS p
        ON p.process_id = c.process_id AND p.span_id = c.parent_span_id"""
    assert_same(engine.ask(pairs), duck(pairs))
    assert engine.ask("SELECT process_id, span_id FROM wrong_depths") == []


def test_a_count_is_that_of_all_rows_also_after_a_join(engine, duck):
    engine.ask("""SELECT sum(c.duration_ns) FROM async_spans AS c JOIN async_spans AS p
        ON p.process_id = c.process_id AND p.span_id = c.parent_span_id""")
    query = "SELECT count(*) FROM async_spans"
    assert_same(engine.ask(query), duck(query))


def test_times_are_exact_to_the_nanosecond(engine, duck):
    expected = duck(MOMENTS)
    assert any(row[3] % 1000 for row in expected)
    assert_same(engine.ask(MOMENTS), expected)


def test_the_newest_of_the_rows_of_a_process_counts(engine, duck):
    ((processes,),) = duck("SELECT count(DISTINCT process_id) FROM processes")
    assert engine.ask("SELECT count(*) FROM processes")[0][0] == 2 * processes
    users = [row[0] for row in engine.ask("SELECT username FROM processes_latest")]
    assert len(users) == processes and "older" not in users


def test_unfinished_spans_are_among_what_is_asked(duck):
    assert duck("SELECT count(*) > 0 FROM async_spans WHERE duration_ns IS NULL") == [(True,)]


@pytest.mark.parametrize("engine", ["ClickHouse", "Spark"], indirect=True)
def test_hourly_folders_are_a_column(engine, duck):
    query = "SELECT CAST(hour AS BIGINT) AS h, count(*) AS spans FROM async_spans GROUP BY hour"
    assert_same(engine.ask(query), duck(query))


def test_the_documented_program_prints_the_answer(engine, duck):
    assert engine.printed.splitlines() == [f"{name} {count}" for name, count in duck(COMMONEST)]


def test_the_documented_program_for_pandas_prints_the_answer(duck):
    printed, names = run_python("pandas and pyarrow")
    assert printed.splitlines() == [f"{name} {count}" for name, count in duck(COMMONEST)]
    assert set(names["spans"].schema.names) > {"date", "hour"}


def grouped(table, types, keys, aggregates):
    """Groups of a table as tuples; some of its columns are cast first."""
    rows = pyarrow.dataset.dataset(f"asyncspan.data/{table}", partitioning="hive").to_table()
    columns = {name: rows[name] for name in rows.schema.names}
    columns |= {name: rows[name].cast(type) for name, type in types.items()}
    groups = pyarrow.table(columns).group_by(keys).aggregate([([], "count_all"), *aggregates])
    return [tuple(group.values()) for group in groups.to_pylist()]


def test_pyarrow_gives_the_same_counts_sums_and_moments(duck):
    types = {"time": "int64", "name": "string", "event_type": "string"}
    moments = [("time", "min"), ("time", "max")]
    assert_same(grouped("async_events", types, ["name", "event_type"], moments), duck(MOMENTS))
    query = "SELECT depth, count(*), sum(duration_ns)::BIGINT FROM async_spans GROUP BY depth"
    assert_same(grouped("async_spans", {}, ["depth"], [("duration_ns", "sum")]), duck(query))
