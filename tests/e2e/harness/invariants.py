# SPDX-License-Identifier: BSD-2-Clause
"""What holds for every trace, whatever was traced.

    check(trace)                                    # raises with the first violations of each kind
    check(trace, losses={"..."}, ...)               # a trace in which something was to be lost

Most are queries that give the rows which break a rule, named by the sentence that they prove.
"""

import os
import platform
import re
import stat

import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import counters
from .hashes import callsite_hash
from .schema import ARROW, MICROMEGAS_COLUMNS, PARQUET, TABLES
from .trace_files import PART_NAME, TraceError

ROW_GROUP_ROWS = 128 * 1024
UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

# Sentence -> query for the rows that contradict it. begins, ends: the two halves of async_events.
RULES = {
    # async_events
    "an event is a begin or an end": """
        SELECT * FROM async_events WHERE event_type NOT IN ('begin', 'end')""",
    "ids are positive, 0 stands for no parent": """
        SELECT * FROM async_events WHERE span_id < 1 OR parent_span_id < 0""",
    "a span begins once": """
        SELECT process_id, span_id, count(*) FROM begins GROUP BY ALL HAVING count(*) > 1""",
    "a span ends at most once": """
        SELECT process_id, span_id, count(*) FROM ends GROUP BY ALL HAVING count(*) > 1""",
    "an end has its begin": """
        SELECT * FROM ends ANTI JOIN begins USING (process_id, span_id)""",
    "begin and end of a span carry the same depth and parent": """
        SELECT b.name, b.depth, e.depth, b.parent_span_id, e.parent_span_id
        FROM begins b JOIN ends e USING (process_id, span_id)
        WHERE b.depth <> e.depth OR b.parent_span_id <> e.parent_span_id""",
    "begin and end of a span carry the same call site": """
        SELECT b.name, e.name, b.hash, e.hash FROM begins b JOIN ends e USING (process_id, span_id)
        WHERE (b.name, b.filename, b.target, b.line, b.hash)
           IS DISTINCT FROM (e.name, e.filename, e.target, e.line, e.hash)""",
    "no span ends before it begins": """
        SELECT b.name, b.time, e.time FROM begins b JOIN ends e USING (process_id, span_id)
        WHERE e.time < b.time""",
    "a parent is in the files, in the same process": """
        SELECT name, process_id, span_id, parent_span_id FROM begins c WHERE parent_span_id <> 0
        AND NOT EXISTS (FROM begins p
                        WHERE p.process_id = c.process_id AND p.span_id = c.parent_span_id)""",
    "a child lies one deeper than its parent": """
        SELECT p.name, p.depth, c.name, c.depth
        FROM begins c JOIN begins p
        ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
        WHERE p.depth + 1 <> c.depth""",
    "a span without parent has depth 0": """
        SELECT * FROM begins WHERE parent_span_id = 0 AND depth <> 0""",
    "no child begins before its parent": """
        SELECT p.name, p.time, c.name, c.time
        FROM begins c JOIN begins p
        ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
        WHERE c.time < p.time""",
    "an event's stream is in the files, with the event's process and task": """
        SELECT e.name, e.stream_id, e.tid FROM async_events e LEFT JOIN streams s USING (stream_id)
        WHERE s.process_id IS DISTINCT FROM e.process_id OR s.tid IS DISTINCT FROM e.tid""",
    "a block is one stream's share of one row group": """
        SELECT block_id FROM async_events GROUP BY block_id
        HAVING count(DISTINCT (file_number, row_group, stream_id)) > 1
        UNION ALL
        SELECT min(block_id) FROM async_events GROUP BY file_number, row_group, stream_id
        HAVING count(DISTINCT block_id) > 1""",
    "row groups of async_events are sorted by stream and time": """
        SELECT * FROM (
            SELECT file_number, row_group, row, stream_id, time,
                   lag(stream_id) OVER w AS stream_before, lag(time) OVER w AS time_before
            FROM async_events WINDOW w AS (PARTITION BY file_number, row_group ORDER BY row))
        WHERE stream_id < stream_before OR stream_id = stream_before AND time < time_before""",
    "ids of streams, blocks and processes are UUIDs in lower case": f"""
        SELECT id FROM (SELECT stream_id FROM async_events GROUP BY 1 UNION ALL
                        SELECT block_id FROM async_events GROUP BY 1 UNION ALL
                        SELECT process_id FROM async_events GROUP BY 1) AS ids (id)
        WHERE NOT regexp_matches(id, '{UUID}')""",
    "an event has a task and a CPU": f"""
        SELECT * FROM async_events WHERE tid < 1 OR cpu < 0 OR cpu >= {os.cpu_count()}""",
    "names have at most 255 bytes": """
        SELECT name FROM async_events
        WHERE greatest(strlen(name), strlen(target), strlen(filename)) > 255""",
    # async_spans against async_events
    "every begin has its row in async_spans": """
        SELECT * FROM begins ANTI JOIN async_spans USING (process_id, span_id)""",
    "async_spans has a span once": """
        SELECT process_id, span_id, count(*) FROM async_spans GROUP BY ALL HAVING count(*) > 1""",
    "async_spans says what the begin row says": """
        SELECT s.name, b.name, s.depth, b.depth, s.begin_time, b.time
        FROM async_spans s LEFT JOIN begins b USING (process_id, span_id)
        WHERE (s.parent_span_id, s.depth::BIGINT, s.hash, s.name, s.target, s.filename,
               s.line::BIGINT, s.begin_time, s.begin_stream_id, s.begin_tid)
           IS DISTINCT FROM (b.parent_span_id, b.depth::BIGINT, b.hash, b.name, b.target,
               b.filename, b.line::BIGINT, b.time, b.stream_id, b.tid)""",
    "async_spans says what the end row says": """
        SELECT s.name, s.end_time, e.time
        FROM async_spans s LEFT JOIN ends e USING (process_id, span_id)
        WHERE (s.end_time, s.end_stream_id, nullif(s.end_tid, 0))
           IS DISTINCT FROM (e.time, e.stream_id, e.tid)""",
    "root_span_id is the top of the parents": """
        SELECT s.name, s.root_span_id, p.root_span_id
        FROM async_spans s LEFT JOIN async_spans p
        ON p.process_id = s.process_id AND p.span_id = s.parent_span_id
        WHERE s.root_span_id <> coalesce(p.root_span_id, s.span_id)""",
    # async_spans in itself
    "an ended span has all that an end gives, an unfinished one none of it": """
        SELECT * FROM async_spans
        WHERE (end_time IS NULL) <> (duration_ns IS NULL)
           OR (end_time IS NULL) <> (status IS NULL)
           OR (end_time IS NULL) <> (end_stream_id IS NULL)
           OR (end_time IS NULL) <> (end_tid = 0)
           OR (end_time IS NULL) <> (outcome = 'unfinished')
           OR (end_time IS NULL) <> (end_reason <> 'end')
           OR (end_time IS NULL) <> (state <> 'ended')""",
    "duration is the end less the begin": """
        SELECT * FROM async_spans WHERE duration_ns <> end_time - begin_time""",
    "durations are not negative": """
        SELECT * FROM async_spans WHERE duration_ns < 0""",
    "outcome follows from the status": """
        SELECT status, outcome FROM async_spans WHERE status IS NOT NULL AND outcome <>
            CASE status WHEN 0 THEN 'ok' WHEN -2147483648 THEN 'cancelled' ELSE 'error' END""",
    "state and end_reason have only their words": """
        SELECT state, end_reason FROM async_spans
        WHERE state NOT IN ('queued', 'suspended', 'entered', 'ended')
           OR end_reason NOT IN ('end', 'open', 'exit', 'signal', 'exec')""",
    "a span is busy no longer than it lives": """
        SELECT name, busy_ns, duration_ns FROM async_spans WHERE busy_ns > duration_ns""",
    "busy self is part of busy, busy self is not negative": """
        SELECT name, busy_self_ns, busy_ns FROM async_spans
        WHERE busy_self_ns > busy_ns OR busy_self_ns < 0""",
    "the longest poll is part of busy, and all of it where there is one poll": """
        SELECT name, polls, max_poll_ns, busy_ns FROM async_spans
        WHERE max_poll_ns > busy_ns OR max_poll_ns < 0 OR max_poll_ns * polls < busy_ns
           OR polls = 1 AND max_poll_ns <> busy_ns""",
    "a span waits in the queue no longer than it lives, and not beyond its first poll": """
        SELECT name, queue_ns, busy_ns, duration_ns FROM async_spans
        WHERE queue_ns < 0 OR queue_ns + busy_ns > duration_ns
           OR (queue_ns IS NULL) <> (polls = 0)
           OR polls = 0 AND (busy_ns <> 0 OR state NOT IN ('queued', 'ended'))
           OR polls > 0 AND state = 'queued'""",
    "a migration is a poll, and not the first": """
        SELECT name, polls, migrations FROM async_spans
        WHERE polls < 0 OR migrations < 0 OR migrations > greatest(polls - 1, 0)""",
    "off_cpu_ns is null where it was not asked for": """
        SELECT name, off_cpu_ns FROM async_spans WHERE off_cpu_ns IS NOT NULL""",
    "the last event lies between begin and end, and is the end of an ended span": """
        SELECT name, begin_time, last_event_time, end_time FROM async_spans
        WHERE last_event_time < begin_time OR last_event_time <> end_time""",
    "row groups of async_spans are ordered by end, unfinished spans last": """
        SELECT * FROM (
            SELECT name, end_time, row, lag(end_time) OVER w AS end_before, lag(row) OVER w AS first
            FROM async_spans WINDOW w AS (PARTITION BY file_number, row_group ORDER BY row))
        WHERE end_time < end_before
           OR end_time IS NOT NULL AND end_before IS NULL AND first IS NOT NULL""",
    # processes and streams
    "a process is in the files once": """
        SELECT process_id, count(*) FROM processes GROUP BY ALL HAVING count(*) > 1""",
    "a stream is in the files once": """
        SELECT stream_id, count(*) FROM streams GROUP BY ALL HAVING count(*) > 1""",
    "a stream's process is in the files": """
        SELECT * FROM streams ANTI JOIN processes USING (process_id)""",
    "a span's process and streams are in the files": """
        SELECT s.name FROM async_spans s
        LEFT JOIN processes p USING (process_id)
        LEFT JOIN streams b ON b.stream_id = s.begin_stream_id
        LEFT JOIN streams e ON e.stream_id = s.end_stream_id
        WHERE p.process_id IS NULL OR b.process_id IS DISTINCT FROM s.process_id
           OR s.end_stream_id IS NOT NULL AND e.process_id IS DISTINCT FROM s.process_id""",
    "a stream starts before its first event": """
        SELECT s.thread_name, s.start_time, min(e.time)
        FROM streams s JOIN async_events e USING (stream_id)
        GROUP BY ALL HAVING min(e.time) < s.start_time""",
    "a process starts before it ends, and before its first event": """
        SELECT p.pid, p.start_time, p.end_time, min(e.time)
        FROM processes p LEFT JOIN async_events e USING (process_id)
        GROUP BY ALL HAVING p.end_time < p.start_time OR min(e.time) < p.start_time""",
    "a process sends no event after its end": """
        SELECT p.pid, p.end_time, max(e.time)
        FROM processes p JOIN async_events e USING (process_id)
        GROUP BY ALL HAVING max(e.time) > p.end_time""",
    "a process has an exit status or a signal, or neither, and then only with an end": """
        SELECT * FROM processes
        WHERE exit_status IS NOT NULL AND exit_signal IS NOT NULL
           OR end_time IS NULL AND coalesce(exit_status, exit_signal) IS NOT NULL""",
    "an unfinished span's reason is what happened to its process": """
        SELECT s.name, s.end_reason, p.end_time, p.exit_status, p.exit_signal
        FROM async_spans s JOIN processes p USING (process_id)
        WHERE s.end_reason = 'exit' AND p.exit_status IS NULL
           OR s.end_reason = 'signal' AND p.exit_signal IS NULL
           OR s.end_reason = 'exec' AND p.end_time IS NULL
           OR s.end_reason = 'open' AND p.end_time IS NOT NULL""",
    "an image that was left by exec is the parent of the next": """
        SELECT s.process_id FROM async_spans s
        WHERE s.end_reason = 'exec'
        AND NOT EXISTS (FROM processes n JOIN processes p ON n.parent_process_id = p.process_id
                        WHERE p.process_id = s.process_id AND n.pid = p.pid)""",
    f"processes say where they ran": f"""
        SELECT computer, kernel, distro, exe, username FROM processes
        WHERE computer <> '{platform.node()}' OR kernel <> '{platform.release()}'
           OR distro = '' OR exe NOT LIKE '/%' OR username = ''""",
}

HALVES = """
    CREATE OR REPLACE TEMP VIEW begins AS FROM async_events WHERE event_type = 'begin';
    CREATE OR REPLACE TEMP VIEW ends AS FROM async_events WHERE event_type = 'end';
"""
NO_LOSS = "SELECT name FROM async_spans WHERE lossy"


def check(trace, losses=()):
    """losses: the names of the counters of losses that may, and have to, differ from 0."""
    problems = broken_rules(trace, losses)
    problems += check_files(trace)
    problems += check_types(trace)
    problems += check_statistics(trace)
    problems += check_row_groups(trace)
    problems += check_hashes(trace)
    problems += check_information(trace)
    problems += counters.check(trace, set(losses))
    if problems:
        raise TraceError(f"{trace.directory}:\n" + "\n".join(problems))


def broken_rules(trace, losses=()):
    trace.connection.execute(HALVES)
    rules = dict(RULES)
    if not losses:
        rules["no span is marked lossy where nothing was lost"] = NO_LOSS
    problems = []
    for sentence, query in rules.items():
        rows = trace.connection.execute(query).fetchmany(3)
        if rows:
            problems.append(f"  not true that {sentence}: {rows}")
    return problems


def check_files(trace):
    """Only a trace's files, under their final names, private to their owner."""
    problems = []
    trace8 = {document["trace_id"][:8] for document in trace.information}
    for path in [trace.directory, *sorted(trace.directory.rglob("*"))]:
        relative = path.relative_to(trace.directory)
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_dir():
            if relative.parts and relative.parts[0] not in {*TABLES, "traces"}:
                problems.append(f"  unknown folder {relative}")
            if path != trace.directory and mode != 0o750:
                problems.append(f"  mode of folder {relative} is {mode:o}")
            continue
        if mode != 0o640:
            problems.append(f"  mode of {relative} is {mode:o}")
        if relative.parts[0] == "traces" and re.fullmatch(r"[0-9a-f-]{36}\.json", path.name):
            continue
        match = PART_NAME.match(path.name)
        if len(relative.parts) < 2 or not match or match[1] not in trace8:
            problems.append(f"  unknown file {relative}")
    return problems


def check_types(trace):
    """The columns' types in the files, as Parquet has them and as Arrow readers see them."""
    problems = []
    for table, parts in trace.parts.items():
        for part in parts:
            schema, arrow = pq.ParquetFile(part).schema, pq.read_schema(part)
            for index, column in enumerate(TABLES[table]):
                found = schema.column(index)
                expected = (*PARQUET[column.type], int(column.optional), 0)
                seen = (
                    found.physical_type,
                    str(found.logical_type)[: len(expected[1])],
                    found.max_definition_level,
                    found.max_repetition_level,
                )
                if seen != expected:
                    problems.append(f"  {part.name}: {table}.{column.name} is {seen}")
                field = arrow.field(column.name)
                if field.type != ARROW[column.type] or field.nullable != column.optional:
                    problems.append(f"  {part.name}: Arrow sees {table}.{field}")
    first = pq.read_schema(trace.parts["async_events"][0]).names[: len(MICROMEGAS_COLUMNS)]
    if first != MICROMEGAS_COLUMNS:
        problems.append(f"  async_events begins with {first}")
    return problems


def check_statistics(trace):
    """Smallest and greatest value and the nulls of every column chunk."""
    problems = []
    for table, parts in trace.parts.items():
        for part in parts:
            # pyarrow does not say whether a long text was cut, DuckDB does.
            exact = {
                tuple(row[:2]): row[2:]
                for row in trace.sql(
                    "SELECT row_group_id, column_id, min_is_exact, max_is_exact "
                    "FROM parquet_metadata($file)", file=str(part)
                )
            }
            with pq.ParquetFile(part) as parquet:
                for group in range(parquet.num_row_groups):
                    for problem in _wrong_statistics(parquet, group, TABLES[table], exact):
                        problems.append(f"  {part.name}, row group {group}: {table}.{problem}")
    return problems


def _wrong_statistics(parquet, group, columns, exact):
    rows = parquet.read_row_group(group)
    metadata = parquet.metadata.row_group(group)
    for index, column in enumerate(columns):
        statistics = metadata.column(index).statistics
        values = rows.column(column.name).cast(column.plain)
        if statistics is None or statistics.null_count != values.null_count:
            yield f"{column.name}: {statistics}, really {values.null_count} nulls"
        elif values.null_count < len(values):
            real = [pc.min(values).as_py(), pc.max(values).as_py()]
            if not statistics.has_min_max:
                if not _without_bound(column.type, real[1]):
                    yield f"{column.name}: no smallest and greatest value"
            elif not _bounds(statistics, column.type, real, exact[group, index]):
                yield f"{column.name}: {statistics.min_raw}, {statistics.max_raw}, really {real}"


def _without_bound(kind, greatest):
    """A long text is cut and its last ASCII character raised: without one it has no upper bound."""
    start = greatest.encode()[:65] if kind == "text" else b""
    return len(start) > 64 and all(byte >= 0x7F for byte in start[:64])


def _bounds(statistics, kind, real, exact):
    """The real least and greatest values; of long texts perhaps cut, to something beyond them."""
    if kind != "text":
        return [_value(raw, kind) for raw in (statistics.min_raw, statistics.max_raw)] == real
    least, greatest = (text.encode() for text in real)
    cut_least, cut_greatest = (known is False for known in exact)
    return (
        statistics.min_raw < least if cut_least else statistics.min_raw == least
    ) and (statistics.max_raw > greatest if cut_greatest else statistics.max_raw == greatest)


def _value(raw, kind):
    """A bound as the file has it, in the type of the column."""
    return raw & 0xFFFFFFFF if kind == "uint32" else raw


def check_row_groups(trace):
    """Their sizes, and that rows which came too late for theirs are counted."""
    problems = []
    for table, parts in trace.parts.items():
        for part in parts:
            metadata = pq.read_metadata(part)
            for group in range(metadata.num_row_groups):
                rows = metadata.row_group(group).num_rows
                if not 0 < rows <= ROW_GROUP_ROWS:
                    problems.append(f"  {part.name}: row group {group} has {rows} rows")
    late = trace.sql("""
        WITH latest AS (
            SELECT file_number, row_group, max(time) AS latest FROM async_events GROUP BY ALL),
        before AS (
            SELECT file_number, row_group, max(latest) OVER (
                ORDER BY file_number, row_group ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS latest_before FROM latest)
        SELECT count(*) FROM async_events JOIN before USING (file_number, row_group)
        WHERE time < latest_before""")[0][0]
    counted = counters.late_rows(trace)
    if late != counted:
        problems.append(f"  {late} rows of async_events are late, {counted} are counted")
    return problems


def check_hashes(trace):
    problems = []
    places = "SELECT DISTINCT hash, name, filename, target, line FROM async_events"
    for found, *place in trace.sql(places):
        if found != callsite_hash(*place):
            problems.append(f"  hash of {place} is {found:#x}, not {callsite_hash(*place):#x}")
    return problems


def check_information(trace):
    """The numbers of rows in traces/*.json are those of the files."""
    counts = """
        SELECT count(*) FILTER (event_type = 'begin') AS begins,
               count(*) FILTER (event_type = 'end') AS ends,
               begins - ends AS unfinished,
               (SELECT count(*) FROM streams) AS tasks,
               (SELECT count(*) FROM processes) AS processes
        FROM async_events"""
    names = ["begins", "ends", "unfinished", "tasks", "processes"]
    found = dict(zip(names, trace.sql(counts)[0]))
    said = {name: sum(document["rows"][name] for document in trace.information) for name in names}
    events = sum(document["events"] for document in trace.information)
    if said != found or events != found["begins"] + found["ends"]:
        return [f"  traces/*.json says {events} events, {said}, the files have {found}"]
    return []
