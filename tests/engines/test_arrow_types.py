# SPDX-License-Identifier: BSD-2-Clause
"""arrow-rs (by way of DataFusion) gives async_events the types that micromegas has, and finds pages by
their indexes."""

import re
import subprocess

import datafusion
import pyarrow as pa
import pytest

from conftest import ROOT

EVENTS = 300_000
TEXT = pa.dictionary(pa.int32(), pa.string())
MICROMEGAS = [
    ("stream_id", TEXT),
    ("block_id", TEXT),
    ("time", pa.timestamp("ns", tz="+00:00")),
    ("event_type", TEXT),
    ("span_id", pa.int64()),
    ("parent_span_id", pa.int64()),
    ("depth", pa.uint32()),
    ("hash", pa.uint32()),
    ("name", TEXT),
    ("filename", TEXT),
    ("target", TEXT),
    ("line", pa.uint32()),
]


@pytest.fixture(scope="module", params=["zstd", "lz4_raw", "gzip", "none"])
def events(request, tmp_path_factory):
    """A session of DataFusion in which `events` are made-up rows."""
    directory = tmp_path_factory.mktemp("events")
    subprocess.run(
        [ROOT / "build" / "tools" / "generate_events", "--events", str(EVENTS),
         "--codec", request.param, directory],
        check=True, stdout=subprocess.DEVNULL, timeout=120,
    )
    session = datafusion.SessionContext()
    session.register_parquet("events", str(directory / "async_events"))
    return session


def test_columns_have_the_types_of_micromegas(events):
    fields = events.sql("SELECT * FROM events LIMIT 1").collect()[0].schema
    wanted = [pa.field(name, kind, nullable=False) for name, kind in MICROMEGAS]
    assert [fields.field(i).remove_metadata() for i in range(len(wanted))] == wanted


def test_a_span_is_found_with_all_pages_but_its_own_left_out(events):
    span = events.sql("SELECT max(span_id) AS span FROM events").to_pydict()["span"][0]
    query = f"SELECT count(*) AS found, sum(CAST(span_id = {span} AS INT)) AS its FROM events"
    assert events.sql(f"{query} WHERE span_id = {span}").to_pydict() == (
        events.sql(f"SELECT its AS found, its FROM ({query})").to_pydict())
    plan = str(events.sql(f"EXPLAIN ANALYZE {query} WHERE span_id = {span}").to_pydict())
    pruned = re.search(r"page_index_pages_pruned=(\d+)", plan)
    assert pruned and int(pruned.group(1)) > 0, plan
