#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks ./asyncspan.data a first question, in SQL that any DuckDB understands."""

import duckdb

QUESTION = """\
SELECT name, count(*) AS spans, round(avg(duration_ns) / 1e6, 3) AS average_ms,
       round(avg(busy_ns) / 1e6, 3) AS busy_ms, max(depth) AS depth
FROM 'asyncspan.data/async_spans/**/*.parquet'
WHERE depth < 3 GROUP BY name ORDER BY sum(duration_ns) DESC"""

print("A first question, average duration by name where depth < 3, for DuckDB:\n")
print(QUESTION, "\n")
duckdb.sql(QUESTION).show(max_rows=20)
