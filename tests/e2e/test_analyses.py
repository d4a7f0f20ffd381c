# SPDX-License-Identifier: BSD-2-Clause
"""report against DuckDB, number by number; planted faults are found, healthy traces are left alone."""

import json
import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from harness.made_trace import MadeTrace
from harness.tracer import BUILD, PROGRAM, PROGRAMS, ROOT

GENERATOR = BUILD / "tools" / "generate_spans"
SQL = Path(__file__).with_name("report.sql")
FAULTS = {
    "never_ended": "leaked",
    "recursion": None,  # names of a cycle: either is right
    "deep_nesting": None,
    "retry_storm": "attempt",
    "long_poll": "blocking",
    "queueing": "pool_job",
    "serial_fan_out": "attempt",
    "outlived_parent": "left_behind",
}


def generate(directory, *options):
    subprocess.run([GENERATOR, *map(str, options), directory], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    return directory


def report(command_line, directory, *options):
    status, stdout, stderr = command_line.run("report", directory, "--json", *options)
    assert (status, stderr) == (0, "")
    return json.loads(stdout)


def queries():
    """The text before the first path, and path -> query."""
    first, *parts = re.split(r"^-- path: (.*)$", SQL.read_text(encoding="utf-8"), flags=re.M)
    return first, {path: query for path, query in zip(parts[::2], parts[1::2])}


def ask(directory):
    """path -> {key: number}, by DuckDB alone."""
    connection = duckdb.connect(config={"threads": 1})
    for table in ("async_spans", "processes"):
        connection.execute(
            f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{directory}/{table}/**/*.parquet')")
    files = [json.loads(path.read_text()) for path in (directory / "traces").glob("*.json")]
    connection.execute("CREATE TABLE information (start_time_ns BIGINT, end_time_ns BIGINT, events BIGINT)")
    connection.execute("CREATE TABLE counters (name VARCHAR, kind VARCHAR, value BIGINT)")
    for file in files:
        connection.execute("INSERT INTO information VALUES (?, ?, ?)",
                           [file["start_time_ns"], file["end_time_ns"], file["events"]])
        for counter in file["counters"]:
            connection.execute("INSERT INTO counters VALUES (?, ?, ?)",
                               [counter["name"], counter["kind"], counter["value"]])
    first, by_path = queries()
    connection.execute(first)
    return {path: {tuple(row[:-1]): row[-1] for row in connection.execute(query).fetchall()}
            for path, query in by_path.items()}


def key_of(array, place, element):
    if array == "findings":
        return (element["kind"], element["name"], element["parent"])
    if array == "spans":
        return (place,)
    return (element["depth"] if array == "by_depth" else element["name"],)


def numbers(value, path="", key=()):
    """(path, key, number) of every number in a document; null where a number may stand."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from numbers(member, f"{path}.{name}" if path else name, key)
    elif isinstance(value, list):
        array = path.rsplit(".", 1)[-1]
        for place, element in enumerate(value):
            yield from numbers(element, path + "[]", key + key_of(array, place, element))
    elif value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        yield path, key, value


def assert_equal_to_duckdb(document, directory):
    expected = ask(directory)
    seen = {path: set() for path in expected}
    for path, key, value in numbers(document):
        assert path in expected, f"{path}: report.sql has no query for it"
        seen[path].add(key)
        other = expected[path][key]
        if isinstance(other, list):
            assert value in other, (path, key)
        elif isinstance(value, float):
            assert value == pytest.approx(float(other), rel=1e-9), (path, key)
        else:
            assert value == other, (path, key)
    for path, keys in seen.items():
        assert keys == set(expected[path]), f"{path}: not all are in the report"


@pytest.mark.parametrize("fault", ["none", *FAULTS])
def test_every_number_of_the_report_is_duckdbs(command_line, scratch, fault):
    trace = generate(scratch / "trace", "--spans", 2000, "--fault", fault, "--times", 2.5)
    document = report(command_line, trace)
    assert document["name_count"] >= 11
    assert_equal_to_duckdb(document, trace)


def test_every_number_of_a_recorded_trace_is_duckdbs(command_line, recorded):
    trace = recorded(PROGRAMS / "workload").trace
    assert_equal_to_duckdb(report(command_line, trace.directory), trace.directory)


def test_a_number_without_a_query_is_noticed(command_line, scratch):
    trace = generate(scratch / "trace", "--spans", 100)
    document = report(command_line, trace) | {"surprise": 1}
    with pytest.raises(AssertionError, match="surprise: report.sql has no query"):
        assert_equal_to_duckdb(document, trace)
    del document["surprise"]
    document["names"][0]["wall_p99_ns"] += 1
    with pytest.raises(AssertionError, match="wall_p99_ns"):
        assert_equal_to_duckdb(document, trace)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("times", [0.5, 2, 10])
def test_a_planted_fault_is_the_first_finding_from_twice_its_threshold_on(
        command_line, scratch, fault, times):
    trace = generate(scratch / "trace", "--spans", 2000, "--fault", fault, "--times", times)
    findings = report(command_line, trace)["findings"]
    if times < 1:
        assert findings == []
    else:
        assert findings[0]["kind"] == fault
        assert findings[0]["name"] == (FAULTS[fault] or findings[0]["name"])
        assert findings[0]["spans"], "a finding has evidence"


def test_fifty_healthy_traces_have_one_false_finding_at_most(command_line, scratch):
    false = 0
    for seed in range(50):
        trace = generate(scratch / f"trace-{seed}", "--spans", 2000, "--seed", seed)
        false += len(report(command_line, trace)["findings"])
    assert false <= 1


@pytest.mark.parametrize("by", ["name", "depth", "target", "thread", "path"])
def test_groups_of_every_kind_add_up_to_the_whole(command_line, scratch, by):
    trace = generate(scratch / "trace", "--spans", 2000)
    document = report(command_line, trace, "--by", by)
    groups = document[by + "s"]
    for member in ("wall_total_ns", "busy_total_ns", "busy_self_total_ns", "idle_total_ns"):
        assert sum(group[member] for group in groups) == document[member]
    assert sum(group["count"] for group in groups) == document["spans"]


def test_threads_are_called_by_number_and_name(command_line, scratch):
    document = report(command_line, generate(scratch / "trace", "--spans", 500), "--by", "thread")
    assert {group["thread"] for group in document["threads"]} == {
        "4000 service", "4001 worker", "4002 worker", "4003 worker"}


def test_filter_and_window_take_what_the_same_condition_takes_in_sql(command_line, scratch):
    trace = generate(scratch / "trace", "--spans", 2000)
    spans = f"read_parquet('{trace}/async_spans/*.parquet')"
    start = 1_700_000_000_000_000_000
    for options, condition in (
        (["--filter", "name = query"], "name = 'query'"),
        (["--filter", "name ~ GET", "--filter", "wall > 5ms"], "name LIKE '%GET%' AND duration_ns > 5e6"),
        (["--filter", "target=database", "--filter", "outcome != ok"],
         "target = 'database' AND outcome <> 'ok'"),
        (["--filter", "thread = 4001"], "begin_tid = 4001"),
        (["--since", "20ms", "--until", "30ms"],
         f"epoch_ns(begin_time) < {start} + 30000000 AND epoch_ns(end_time) > {start} + 20000000"),
    ):
        (expected,) = duckdb.sql(f"SELECT count(*), sum(duration_ns) FROM {spans} WHERE {condition}").fetchall()
        document = report(command_line, trace, *options)
        assert (document["spans"], document["wall_total_ns"]) == expected, options
        assert expected[0] > 0


@pytest.mark.parametrize(("condition", "status"), [
    ("max_depth > 2", 0), ("max_depth >= 2", 1), ("wall_p99 > 1h", 0), ("wall_max > 1ms", 1),
    ("never_ended > 0", 0), ("findings = 0", 1),
])
def test_fail_if_is_1_when_the_condition_holds(command_line, scratch, condition, status):
    trace = generate(scratch / "trace", "--spans", 500)
    found, stdout, stderr = command_line.run("report", trace, "--fail-if", condition)
    assert found == status
    assert "500" in stdout or "spans of" in stdout, "the report is printed all the same"
    assert (condition.split()[0] in stderr) == bool(status)


def test_tree_has_every_path_and_its_critical_times_sum_to_the_roots_wall(command_line, scratch):
    trace = generate(scratch / "trace", "--spans", 2000)
    status, stdout, stderr = command_line.run("tree", trace, "--json")
    assert (status, stderr) == (0, "")
    document = json.loads(stdout)
    spans = f"read_parquet('{trace}/async_spans/*.parquet')"
    ((roots, count, own),) = duckdb.sql(
        "SELECT sum(duration_ns) FILTER (parent_span_id = 0), count(*), sum(busy_self_ns) "
        f"FROM {spans}").fetchall()
    assert sum(path["critical_ns"] for path in document["paths"]) == roots
    assert document["critical_total_ns"] == roots
    assert sum(path["count"] for path in document["paths"]) == count
    assert sum(path["busy_self_ns"] for path in document["paths"]) == own
    assert {"GET /users > query > fetch", "GET /users > authorize"} <= {
        path["path"] for path in document["paths"]}


def test_tree_of_one_span_shows_its_children_and_threads(command_line, scratch):
    MadeTrace().write(scratch / "made")
    status, stdout, stderr = command_line.run("tree", scratch / "made", "--span", "1")
    assert (status, stderr) == (0, "")
    assert re.search(r"^outer, span 1, depth 0, ok$", stdout, re.M)
    assert re.search(r"\+10\.0 us .* 4711>4712|\+10\.0 us .* 4712>4711", stdout), "inner migrates"
    assert re.search(r"cancelled\s+queued", stdout)
    status, stdout, stderr = command_line.run("tree", scratch / "made", "--span", "99")
    assert (status, stdout) == (2, "") and "no span has the id 99" in stderr


@pytest.mark.parametrize("value", ["wall", "busy-self", "idle", "count"])
def test_flame_is_xml_that_says_what_its_width_means(command_line, scratch, value):
    from xml.etree import ElementTree

    trace = generate(scratch / "trace", "--spans", 500)
    status, stdout, stderr = command_line.run("flame", trace, "--value", value)
    assert (status, stderr) == (0, "")
    texts = [element.text for element in ElementTree.fromstring(stdout.encode()).iter() if element.text]
    assert any(text.startswith("Width: ") for text in texts)
    assert any(text.startswith("query: ") for text in texts)
    assert "<script" not in stdout


HOSTILE = ["</text><script>alert(1)</script>", "\x1b[31mred", "a\u202eb", "&amp;\"'<", "\u0000", ""]


def test_hostile_names_are_harmless_in_every_output(command_line, scratch):
    from xml.etree import ElementTree

    made = MadeTrace()
    for name, row in zip(HOSTILE, made.spans):
        row["name"] = name
    made.write(scratch / "made")
    for verb, *options in (["report"], ["report", "--by", "path"], ["tree"], ["tree", "--span", "1"],
                           ["flame"]):
        status, stdout, _ = command_line.run(verb, scratch / "made", *options)
        assert status == 0
        unsafe = [c for c in stdout if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0
                  or c == "\u202e"]
        assert unsafe == [], (verb, unsafe)
        if verb == "flame":
            ElementTree.fromstring(stdout.encode())
            assert "<script" not in stdout
    assert {name["name"] for name in report(command_line, scratch / "made")["names"]} == set(HOSTILE[:4])


def completions(directory, *words):
    """What bash offers for the last of the words."""
    script = f"""
        source {ROOT}/completions/asyncspan-trace
        compopt() {{ :; }}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _asyncspan_trace "$1"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", PROGRAM, *words], cwd=directory, timeout=30,
                          check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def test_bash_completes_verbs_options_processes_and_names_of_the_trace(built, scratch):
    generate(scratch / "asyncspan.data", "--spans", 200)
    assert {"record", "report", "tree", "flame"} <= set(completions(scratch, ""))
    assert completions(scratch, "tre") == ["tree"]
    assert completions(scratch, "report", "--fail") == ["--fail-if"]
    assert completions(scratch, "tree", "--sp") == ["--span"]
    assert "1" in completions(scratch, "record", "-p", "")
    assert completions(scratch, "report", "--by", "pa") == ["path"]
    assert completions(scratch, "report", "--filter", "name = GET /us") == ["'name = GET /users'"]
    assert completions(scratch, "report", "async") == ["asyncspan.data"]
    assert completions(scratch, "--", "ls", "-") == [""], "a command's arguments are its own"
