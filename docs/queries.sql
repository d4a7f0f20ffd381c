-- SPDX-License-Identifier: BSD-2-Clause
-- Views over a trace: its tables, and one for each question. For DuckDB, started where
-- asyncspan.data lies:
--
--	duckdb -init docs/queries.sql
--	FROM latency WHERE name LIKE 'GET %';
--
-- docs/queries.md explains them. The first part names the files and is DuckDB's own. The second is
-- plain SQL over the first part's views: docs/engines.md says how other engines get those views.
-- Durations are in nanoseconds; *_ms are floating-point numbers, in milliseconds.

-- The tables

CREATE OR REPLACE VIEW async_spans AS
SELECT * FROM read_parquet('asyncspan.data/async_spans/**/*.parquet');

CREATE OR REPLACE VIEW async_events AS
SELECT * FROM read_parquet('asyncspan.data/async_events/**/*.parquet');

CREATE OR REPLACE VIEW processes AS
SELECT * FROM read_parquet('asyncspan.data/processes/**/*.parquet');

CREATE OR REPLACE VIEW streams AS
SELECT * FROM read_parquet('asyncspan.data/streams/**/*.parquet');

-- async_events with its time as an integer, in nanoseconds since 1970.
CREATE OR REPLACE VIEW async_events_ns AS
SELECT * REPLACE (epoch_ns(time) AS time) FROM async_events;

-- The events of one process, by its process_id; time as an integer, to be subtracted.
CREATE OR REPLACE MACRO view_instance(view_name, id) AS TABLE
SELECT * FROM async_events_ns
WHERE CASE WHEN view_name = 'async_events' THEN process_id = id
           ELSE error('view_instance: there is only ''async_events''') END;

-- The questions

-- Where traces share a directory a process has a row in each: the newest.
CREATE OR REPLACE VIEW processes_latest AS
SELECT process_id, parent_process_id, pid, ppid, exe, command_line, username, computer, distro,
       kernel, cpu_brand, start_time, end_time, exit_status, exit_signal, updated
FROM (SELECT *, row_number() OVER (PARTITION BY process_id ORDER BY updated DESC) AS place
      FROM processes) AS placed
WHERE place = 1;

-- The same of streams.
CREATE OR REPLACE VIEW streams_latest AS
SELECT stream_id, process_id, tid, thread_name, start_time, updated
FROM (SELECT *, row_number() OVER (PARTITION BY stream_id ORDER BY updated DESC) AS place
      FROM streams) AS placed
WHERE place = 1;

-- Every span with its duration in milliseconds; null: unfinished.
CREATE OR REPLACE VIEW async_spans_with_duration AS
SELECT *, duration_ns / 1e6 AS duration_ms FROM async_spans;

-- Average duration of the outermost three levels.
CREATE OR REPLACE VIEW shallow_spans AS
SELECT name, count(*) AS spans, avg(duration_ms) AS average_ms
FROM async_spans_with_duration
WHERE depth < 3
GROUP BY name
ORDER BY average_ms DESC;

-- How many spans there are on each level, and how long they take.
CREATE OR REPLACE VIEW by_depth AS
SELECT depth, count(*) AS spans, avg(duration_ms) AS average_ms, max(duration_ms) AS max_ms
FROM async_spans_with_duration
GROUP BY depth
ORDER BY depth;

-- Names that occur more than 10 times on a level below the roots.
CREATE OR REPLACE VIEW nested_often AS
SELECT name, depth, count(*) AS spans
FROM async_spans_with_duration
WHERE depth > 0
GROUP BY name, depth
HAVING count(*) > 10
ORDER BY spans DESC, name, depth;

-- For each name of a root: how deep its operations go, and how many spans one of them has.
CREATE OR REPLACE VIEW deep_nesting AS
SELECT root.name AS name, count(*) AS operations, max(tree.deepest) AS deepest,
       max(tree.spans) AS most_spans, max(root.duration_ns) / 1e6 AS max_ms
FROM (SELECT process_id, root_span_id, max(depth) AS deepest, count(*) AS spans
      FROM async_spans
      GROUP BY process_id, root_span_id) AS tree
JOIN async_spans AS root ON root.process_id = tree.process_id AND root.span_id = tree.root_span_id
GROUP BY root.name
ORDER BY deepest DESC, most_spans DESC, name;

-- The tree: every path from a root downward, its spans added up.
CREATE OR REPLACE VIEW hierarchy AS
WITH RECURSIVE tree AS (
    SELECT process_id, span_id, depth, duration_ns, busy_ns, concat(name, '') AS path
    FROM async_spans
    WHERE parent_span_id = 0
    UNION ALL
    SELECT child.process_id, child.span_id, child.depth, child.duration_ns, child.busy_ns,
           concat(tree.path, ' > ', child.name) AS path
    FROM tree
    JOIN async_spans AS child
      ON child.process_id = tree.process_id AND child.parent_span_id = tree.span_id
)
SELECT path, depth, count(*) AS spans, avg(duration_ns) / 1e6 AS average_ms,
       sum(busy_ns) / 1e6 AS busy_ms
FROM tree
GROUP BY path, depth
ORDER BY path;

-- Names whose spans begin many others: children of one span, on average and at most.
CREATE OR REPLACE VIEW spawn_many AS
SELECT parent.name AS name, count(*) AS parents, sum(brood.children) AS children,
       max(brood.children) AS most_children
FROM (SELECT process_id, parent_span_id, count(*) AS children
      FROM async_spans
      WHERE parent_span_id <> 0
      GROUP BY process_id, parent_span_id) AS brood
JOIN async_spans AS parent
  ON parent.process_id = brood.process_id AND parent.span_id = brood.parent_span_id
GROUP BY parent.name
ORDER BY most_children DESC, name;

-- What runs below what.
CREATE OR REPLACE VIEW parents_and_children AS
SELECT parent.name AS parent, child.name AS child, count(*) AS spans,
       avg(child.duration_ns) / 1e6 AS average_ms
FROM async_spans AS child
JOIN async_spans AS parent
  ON parent.process_id = child.process_id AND parent.span_id = child.parent_span_id
GROUP BY parent.name, child.name
ORDER BY spans DESC, parent, child;

-- Percentiles of the duration: the smallest duration that at least so many percent do not exceed.
CREATE OR REPLACE VIEW latency AS
SELECT name, count(*) AS spans,
       min(CASE WHEN place * 100 >= total * 50 THEN duration_ns END) / 1e6 AS p50_ms,
       min(CASE WHEN place * 100 >= total * 90 THEN duration_ns END) / 1e6 AS p90_ms,
       min(CASE WHEN place * 100 >= total * 99 THEN duration_ns END) / 1e6 AS p99_ms,
       max(duration_ns) / 1e6 AS max_ms
FROM (SELECT name, duration_ns,
             row_number() OVER (PARTITION BY name ORDER BY duration_ns) AS place,
             count(*) OVER (PARTITION BY name) AS total
      FROM async_spans
      WHERE duration_ns IS NOT NULL) AS ordered
GROUP BY name
ORDER BY p99_ms DESC, name;

-- The most spans of a name open at once. One that ends when another begins makes room for it.
CREATE OR REPLACE VIEW concurrency AS
SELECT name, max(open_spans) AS most_at_once
FROM (SELECT name,
             sum(change) OVER (PARTITION BY name ORDER BY time, change
                               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS open_spans
      FROM (SELECT name, begin_time AS time, 1 AS change FROM async_spans
            UNION ALL
            SELECT name, end_time AS time, -1 AS change FROM async_spans
            WHERE end_time IS NOT NULL) AS changes) AS counted
GROUP BY name
ORDER BY most_at_once DESC, name;

-- Averages of the time queued before it was first entered, busy, and waiting in between.
CREATE OR REPLACE VIEW busy_and_waiting AS
SELECT name, avg(queue_ns) / 1e6 AS queue_ms, avg(busy_ns) / 1e6 AS busy_ms,
       avg(duration_ns - busy_ns - coalesce(queue_ns, 0)) / 1e6 AS waiting_ms,
       max(max_poll_ns) / 1e6 AS longest_poll_ms
FROM async_spans
WHERE duration_ns IS NOT NULL
GROUP BY name
ORDER BY busy_ms DESC;

-- How operations ended.
CREATE OR REPLACE VIEW outcomes AS
SELECT name, count(*) AS spans,
       sum(CASE WHEN outcome = 'error' THEN 1 ELSE 0 END) AS errors,
       sum(CASE WHEN outcome = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
       sum(CASE WHEN outcome = 'unfinished' THEN 1 ELSE 0 END) AS unfinished
FROM async_spans
GROUP BY name
ORDER BY errors DESC, cancelled DESC, unfinished DESC, name;

-- Which thread of which program.
CREATE OR REPLACE VIEW threads AS
SELECT s.thread_name AS thread_name, s.tid AS tid, p.exe AS exe, p.username AS username,
       p.computer AS computer, count(*) AS events
FROM async_events AS e
JOIN streams_latest AS s ON s.stream_id = e.stream_id
JOIN processes_latest AS p ON p.process_id = s.process_id
GROUP BY s.thread_name, s.tid, p.exe, p.username, p.computer
ORDER BY events DESC, exe, tid;

-- Durations from the events alone, exact.
CREATE OR REPLACE VIEW durations_of_events AS
SELECT b.name AS name, b.depth AS depth, count(*) AS spans, sum(e.time - b.time) AS sum_ns,
       max(e.time - b.time) AS max_ns
FROM async_events_ns AS b
JOIN async_events_ns AS e ON e.process_id = b.process_id AND e.span_id = b.span_id
WHERE b.event_type = 'begin' AND e.event_type = 'end'
GROUP BY b.name, b.depth
ORDER BY name, depth;

-- Children that are not one deeper than their parent: none, ever.
CREATE OR REPLACE VIEW wrong_depths AS
SELECT child.process_id AS process_id, child.span_id AS span_id, child.depth AS depth,
       parent.depth AS parent_depth
FROM async_events AS child
JOIN async_events AS parent
  ON parent.process_id = child.process_id AND parent.span_id = child.parent_span_id
WHERE child.event_type = 'begin' AND parent.event_type = 'begin'
  AND parent.depth + 1 <> child.depth;
