# SPDX-License-Identifier: BSD-2-Clause
"""A small trace made by hand, with pyarrow, to try the checks on: right, or wrong in one point.

    made = MadeTrace()
    made.events[0]["depth"] = 7
    made.write(directory)
"""

import json
import os
import platform
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

from .hashes import callsite_hash
from .schema import OPTIONAL_TABLES, TABLES

TRACE = "0123abcd-0000-4000-8000-000000000000"
START = 1_700_000_000_000_000_000
MICROSECOND = 1000


def identifier(text):
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


PROCESS, OTHER_PROCESS = identifier("process"), identifier("another process")
MAIN, WORKER = sorted([identifier("task 1"), identifier("task 2")])
TASKS = {MAIN: 4711, WORKER: 4712}


class MadeTrace:
    """outer runs inner, which ends on the worker; queued is never entered; open is never ended."""

    def __init__(self):
        self.events, self.spans = [], []
        self.processes = [_process()]
        self.streams = [_stream(stream) for stream in TASKS]
        self.information = {
            "trace_id": TRACE,
            "clock_offset_ns": 5,
            "events": 7,
            "rows": {"begins": 4, "ends": 3, "unfinished": 1, "tasks": 2, "processes": 1},
            "counters": [
                _counter("unrecorded", "loss"),
                _counter("name_lost", "loss"),
                _counter("orphan", "inconsistency"),
                _counter("late_rows", "note"),
            ],
        }
        self._span(1, "outer", 0, 0, 1, begin=(10, MAIN), end=(90, MAIN), busy=50, own=20, polls=2)
        self._span(2, "inner", 1, 1, 1, begin=(20, MAIN), end=(70, WORKER), busy=30, own=30,
                   polls=2, migrations=1, status=7)
        self._span(3, "queued", 1, 1, 1, begin=(30, MAIN), end=(40, MAIN), status=-(2**31))
        self._span(4, "open", 0, 0, 4, begin=(50, WORKER), busy=10, own=10, polls=1)
        self.events.sort(key=lambda event: (event["stream_id"], event["time"]))
        self.spans.sort(key=lambda span: span["end_time"] or 2**63)

    def _span(self, number, name, parent, depth, root, begin, end=None, busy=0, own=0, polls=0,
              migrations=0, status=0):
        place = {"name": name, "filename": "made.c", "target": "made", "line": number}
        same = place | {
            "process_id": PROCESS,
            "span_id": number,
            "parent_span_id": parent,
            "depth": depth,
            "hash": callsite_hash(*place.values()),
        }
        moments = [("begin", *begin)] + ([("end", *end)] if end else [])
        for kind, time, stream in moments:
            self.events.append(same | _event(kind, time, stream))
        ended = bool(end)
        outcome = {0: "ok", -(2**31): "cancelled"}.get(status, "error")
        self.spans.append(same | {
            "root_span_id": root,
            "begin_time": START + begin[0] * MICROSECOND,
            "end_time": START + end[0] * MICROSECOND if ended else None,
            "duration_ns": (end[0] - begin[0]) * MICROSECOND if ended else None,
            "busy_ns": busy * MICROSECOND,
            "busy_self_ns": own * MICROSECOND,
            "queue_ns": 0 if polls else None,
            "polls": polls,
            "max_poll_ns": busy * MICROSECOND,
            "migrations": migrations,
            "off_cpu_ns": None,
            "status": status if ended else None,
            "outcome": outcome if ended else "unfinished",
            "end_reason": "end" if ended else "exit",
            "last_event_time": START + (end or begin)[0] * MICROSECOND,
            "state": "ended" if ended else "entered",
            "begin_stream_id": begin[1],
            "end_stream_id": end[1] if ended else None,
            "begin_tid": TASKS[begin[1]],
            "end_tid": TASKS[end[1]] if ended else 0,
            "lossy": False,
        })

    def rows(self, table):
        return {
            "async_events": self.events,
            "async_spans": self.spans,
            "processes": self.processes,
            "streams": self.streams,
        }[table]

    def write(self, directory):
        for table, columns in TABLES.items():
            if table in OPTIONAL_TABLES:
                continue
            folder = directory / table
            folder.mkdir(parents=True)
            fields = [pa.field(c.name, c.arrow, nullable=c.optional) for c in columns]
            rows = [{c.name: row[c.name] for c in columns} for row in self.rows(table)]
            data = pa.Table.from_pylist(rows, schema=pa.schema(fields))
            part = folder / f"{TRACE[:8]}-000000.parquet"
            pq.write_table(
                data, part, write_page_checksum=True, compression="zstd", data_page_version="2.0"
            )
        information = directory / "traces" / f"{TRACE}.json"
        information.parent.mkdir()
        information.write_text(json.dumps(self.information))
        for path in directory.rglob("*"):
            path.chmod(0o750 if path.is_dir() else 0o640)


def _counter(name, kind):
    return {"name": name, "kind": kind, "value": 0, "meaning": f"the meaning of {name}"}


def _event(kind, time, stream):
    return {
        "stream_id": stream,
        "block_id": identifier(f"block of {stream}"),
        "time": START + time * MICROSECOND,
        "event_type": kind,
        "tid": TASKS[stream],
        "cpu": os.cpu_count() - 1,
    }


def _process():
    return {
        "process_id": PROCESS,
        "parent_process_id": None,
        "pid": 4711,
        "ppid": 1,
        "exe": "/usr/bin/made",
        "command_line": "made by hand",
        "username": "somebody",
        "computer": platform.node(),
        "distro": "Debian GNU/Linux 12",
        "kernel": platform.release(),
        "cpu_brand": "a processor",
        "start_time": START,
        "end_time": START + 100 * MICROSECOND,
        "exit_status": 0,
        "exit_signal": None,
        "updated": START + 100 * MICROSECOND,
    }


def _stream(stream):
    return {
        "stream_id": stream,
        "process_id": PROCESS,
        "tid": TASKS[stream],
        "thread_name": f"task {TASKS[stream]}",
        "start_time": START,
        "updated": START,
    }
