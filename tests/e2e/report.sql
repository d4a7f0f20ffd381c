-- SPDX-License-Identifier: BSD-2-Clause
-- Every number of `report --json`, asked of the files by DuckDB. "-- path: P" names the member; in
-- lists [] stands for any element, and the query gives the element's key first, the number last.
-- A query takes up the lines down to the next ";". What stands before the first path is run first.

CREATE TEMP TABLE period AS
SELECT min(start_time_ns) AS first, max(end_time_ns) AS last FROM information;

CREATE TEMP TABLE s AS
SELECT a.*, epoch_ns(a.begin_time) AS b, a.duration_ns IS NOT NULL AS ended,
       coalesce(epoch_ns(a.end_time),
                greatest(epoch_ns(a.last_event_time),
                         CASE WHEN a.end_reason = 'open' THEN (SELECT last FROM period)
                              ELSE coalesce(epoch_ns(p.end_time), (SELECT last FROM period)) END)) AS e
FROM async_spans a LEFT JOIN processes p USING (process_id);

CREATE TEMP TABLE flight AS
WITH change AS (
    SELECT name, b AS t, 1 AS d FROM s WHERE e > b UNION ALL SELECT name, e, -1 FROM s WHERE e > b)
SELECT name, t, sum(d) AS d FROM change GROUP BY name, t;

CREATE TEMP TABLE p99 AS
SELECT name, quantile_disc(duration_ns, 0.99) AS p99 FROM s WHERE ended GROUP BY name;

CREATE TEMP TABLE siblings AS
WITH step AS (
    SELECT process_id, parent_span_id, name, b, e,
           outcome = 'error' AND e <= lag(b) OVER later AS goes_on,
           max(e) OVER (PARTITION BY process_id, parent_span_id, name ORDER BY b, e
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM s WHERE ended AND parent_span_id <> 0
    WINDOW later AS (PARTITION BY process_id, parent_span_id, name ORDER BY e DESC, depth, b DESC)),
run AS (
    SELECT *, count(*) FILTER (goes_on IS NOT true) OVER (
                  PARTITION BY process_id, parent_span_id, name ORDER BY e DESC, b DESC) AS number
    FROM step),
length AS (
    SELECT process_id, parent_span_id, name, number, count(*) AS tries, sum(e - b) AS wall,
           sum(greatest(0, e - greatest(b, coalesce(reached, b)))) AS together
    FROM run GROUP BY ALL)
SELECT process_id, parent_span_id, name, max(tries) AS tries, sum(tries) AS n, sum(wall) AS wall,
       sum(together) AS together
FROM length GROUP BY ALL;

CREATE TEMP TABLE above AS
WITH RECURSIVE up AS (
    SELECT process_id, span_id, name, parent_span_id AS next, 0 AS repeats FROM s
    UNION ALL
    SELECT up.process_id, up.span_id, up.name, p.parent_span_id,
           up.repeats + (p.name = up.name)::INTEGER
    FROM up JOIN s p ON p.process_id = up.process_id AND p.span_id = up.next)
SELECT process_id, span_id, max(repeats) AS repeats FROM up GROUP BY ALL;

-- One row per case of a finding: what it is worth, and the time that it concerns.
CREATE TEMP TABLE cases AS
SELECT 'never_ended' AS kind, name, '' AS parent, span_id, e - b AS value, e - b AS concerned,
       greatest(1000000000, 10 * coalesce(p99, 0)) AS lim, (state <> 'entered')::INTEGER AS waiting
FROM s LEFT JOIN p99 USING (name)
WHERE end_reason = 'open' AND e - b > greatest(1000000000, 10 * coalesce(p99, 0))
UNION ALL
SELECT 'recursion', name, '', span_id, repeats, CASE WHEN ended THEN busy_self_ns ELSE 0 END, 3, 0
FROM s JOIN above USING (process_id, span_id) WHERE repeats >= 3
UNION ALL
SELECT 'deep_nesting', (SELECT arg_max(name, depth) FROM s), '', span_id, depth, e - b, 64, 0
FROM s WHERE depth > 64
UNION ALL
SELECT 'retry_storm', c.name, p.name, p.span_id, c.tries, c.together, 5, 0
FROM siblings c JOIN s p ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
WHERE c.tries >= 5
UNION ALL
SELECT 'long_poll', name, '', span_id, max_poll_ns, least(max_poll_ns, busy_self_ns), 10000000, 0
FROM s WHERE max_poll_ns > 10000000
UNION ALL
SELECT 'queueing', name, '', span_id, queue_ns, queue_ns, 0, 0
FROM s WHERE ended AND queue_ns > 0 AND name IN (
    SELECT name FROM s WHERE ended AND queue_ns > 0 GROUP BY name
    HAVING quantile_disc(queue_ns, 0.99) > 10000000
       AND quantile_disc(queue_ns, 0.99) > quantile_disc(duration_ns - queue_ns, 0.5))
UNION ALL
SELECT 'serial_fan_out', c.name, p.name, p.span_id, c.n, c.together, 10, 0
FROM siblings c JOIN s p ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
WHERE c.tries < 5 AND c.n >= 10 AND 100 * c.wall < 110 * c.together
UNION ALL
SELECT 'outlived_parent', c.name, p.name, c.span_id, c.e - p.e, c.e - p.e, 0, 0
FROM s c JOIN s p ON p.process_id = c.process_id AND p.span_id = c.parent_span_id
WHERE p.ended AND c.e > p.e AND c.queue_ns = 0;

CREATE TEMP TABLE ranked AS
SELECT *, row_number() OVER (PARTITION BY kind, name, parent ORDER BY value DESC) - 1 AS place
FROM cases;

CREATE TEMP TABLE queues AS
SELECT name, quantile_disc(queue_ns, 0.99) AS value,
       greatest(10000000, quantile_disc(duration_ns - queue_ns, 0.5)) AS lim
FROM s WHERE ended AND queue_ns > 0 GROUP BY name;

-- path: spans
SELECT count(*) FROM s;
-- path: unfinished
SELECT count(*) FROM s WHERE NOT ended;
-- path: errors
SELECT count(*) FROM s WHERE outcome = 'error';
-- path: cancelled
SELECT count(*) FROM s WHERE outcome = 'cancelled';
-- path: lossy
SELECT count(*) FROM s WHERE lossy;
-- path: in_flight_mean
SELECT sum(e - b) / (SELECT last - first FROM period) FROM s;
-- path: in_flight_max
WITH total AS (SELECT t, sum(d) AS d FROM flight GROUP BY t)
SELECT coalesce(max(n), 0) FROM (SELECT sum(d) OVER (ORDER BY t) AS n FROM total);
-- path: wall_total_ns
SELECT sum(duration_ns) FROM s;
-- path: wall_max_ns
SELECT max(duration_ns) FROM s;
-- path: busy_total_ns
SELECT sum(busy_ns) FROM s WHERE ended;
-- path: busy_self_total_ns
SELECT sum(busy_self_ns) FROM s WHERE ended;
-- path: idle_total_ns
SELECT sum(duration_ns - busy_ns) FROM s WHERE ended;
-- path: queue_total_ns
SELECT sum(queue_ns) FROM s WHERE ended;
-- path: max_poll_ns
SELECT coalesce(max(max_poll_ns), 0) FROM s;
-- path: max_depth
SELECT max(depth) FROM s;
-- path: duration_ns
SELECT last - first FROM period;
-- path: events
SELECT sum(events) FROM information;
-- path: lost
SELECT coalesce(sum(value), 0) FROM counters WHERE kind = 'loss';
-- path: name_count
SELECT count(DISTINCT name) FROM s;

-- path: names[].count
SELECT name, count(*) FROM s GROUP BY name;
-- path: names[].unfinished
SELECT name, count(*) FILTER (NOT ended) FROM s GROUP BY name;
-- path: names[].errors
SELECT name, count(*) FILTER (outcome = 'error') FROM s GROUP BY name;
-- path: names[].cancelled
SELECT name, count(*) FILTER (outcome = 'cancelled') FROM s GROUP BY name;
-- path: names[].lossy
SELECT name, count(*) FILTER (lossy) FROM s GROUP BY name;
-- path: names[].in_flight_mean
SELECT name, sum(e - b) / (SELECT last - first FROM period) FROM s GROUP BY name;
-- path: names[].in_flight_max
SELECT name, coalesce(max(n), 0) FROM (SELECT DISTINCT name FROM s)
LEFT JOIN (SELECT name, sum(d) OVER (PARTITION BY name ORDER BY t) AS n FROM flight) USING (name)
GROUP BY name;
-- path: names[].wall_total_ns
SELECT name, sum(duration_ns) FROM s GROUP BY name;
-- path: names[].wall_max_ns
SELECT name, max(duration_ns) FROM s GROUP BY name;
-- path: names[].wall_p50_ns
SELECT name, quantile_disc(duration_ns, 0.50) FROM s GROUP BY name;
-- path: names[].wall_p90_ns
SELECT name, quantile_disc(duration_ns, 0.90) FROM s GROUP BY name;
-- path: names[].wall_p99_ns
SELECT name, quantile_disc(duration_ns, 0.99) FROM s GROUP BY name;
-- path: names[].busy_total_ns
SELECT name, sum(busy_ns) FILTER (ended) FROM s GROUP BY name;
-- path: names[].busy_self_total_ns
SELECT name, sum(busy_self_ns) FILTER (ended) FROM s GROUP BY name;
-- path: names[].idle_total_ns
SELECT name, sum(duration_ns - busy_ns) FILTER (ended) FROM s GROUP BY name;
-- path: names[].queue_total_ns
SELECT name, sum(queue_ns) FILTER (ended) FROM s GROUP BY name;
-- path: names[].queue_p50_ns
SELECT name, quantile_disc(queue_ns, 0.50) FILTER (ended) FROM s GROUP BY name;
-- path: names[].queue_p90_ns
SELECT name, quantile_disc(queue_ns, 0.90) FILTER (ended) FROM s GROUP BY name;
-- path: names[].queue_p99_ns
SELECT name, quantile_disc(queue_ns, 0.99) FILTER (ended) FROM s GROUP BY name;
-- path: names[].queue_max_ns
SELECT name, max(queue_ns) FILTER (ended) FROM s GROUP BY name;
-- path: names[].max_poll_ns
SELECT name, max(max_poll_ns) FROM s GROUP BY name;

-- path: by_depth[].depth
SELECT depth, depth FROM s GROUP BY depth;
-- path: by_depth[].count
SELECT depth, count(*) FROM s GROUP BY depth;
-- path: by_depth[].unfinished
SELECT depth, count(*) FILTER (NOT ended) FROM s GROUP BY depth;
-- path: by_depth[].errors
SELECT depth, count(*) FILTER (outcome = 'error') FROM s GROUP BY depth;
-- path: by_depth[].cancelled
SELECT depth, count(*) FILTER (outcome = 'cancelled') FROM s GROUP BY depth;
-- path: by_depth[].wall_total_ns
SELECT depth, sum(duration_ns) FROM s GROUP BY depth;
-- path: by_depth[].wall_max_ns
SELECT depth, max(duration_ns) FROM s GROUP BY depth;
-- path: by_depth[].busy_total_ns
SELECT depth, sum(busy_ns) FILTER (ended) FROM s GROUP BY depth;

-- path: findings[].count
SELECT kind, name, parent, count(*) FROM cases GROUP BY ALL;
-- path: findings[].value
SELECT kind, name, parent, coalesce(any_value(q.value), max(c.value))
FROM cases c LEFT JOIN (SELECT 'queueing' AS kind, * FROM queues) q USING (kind, name) GROUP BY ALL;
-- path: findings[].limit
SELECT kind, name, parent, coalesce(any_value(q.lim), max(c.lim))
FROM cases c LEFT JOIN (SELECT 'queueing' AS kind, * FROM queues) q USING (kind, name) GROUP BY ALL;
-- path: findings[].total_ns
SELECT kind, name, parent, sum(concerned) FROM cases GROUP BY ALL;
-- path: findings[].waiting
SELECT kind, name, parent, sum(waiting) FROM cases GROUP BY ALL;
-- path: findings[].spans[].value
SELECT kind, name, parent, place, value FROM ranked WHERE place < 5;
-- One of the cases that are worth as much: which of several equal ones is shown is not said.
-- path: findings[].spans[].span_id
SELECT r.kind, r.name, r.parent, r.place, list(c.span_id)
FROM ranked r JOIN cases c ON (c.kind, c.name, c.parent, c.value) = (r.kind, r.name, r.parent, r.value)
WHERE r.place < 5 GROUP BY ALL;

-- path: thresholds.never_ended_ns
SELECT 1000000000;
-- path: thresholds.never_ended_factor
SELECT 10;
-- path: thresholds.recursion
SELECT 3;
-- path: thresholds.depth
SELECT 64;
-- path: thresholds.retries
SELECT 5;
-- path: thresholds.poll_ns
SELECT 10000000;
-- path: thresholds.queue_ns
SELECT 10000000;
-- path: thresholds.siblings
SELECT 10;
-- path: thresholds.serial_percent
SELECT 110;
-- path: counters[].value
SELECT name, value FROM counters;
