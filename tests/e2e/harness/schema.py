# SPDX-License-Identifier: BSD-2-Clause
"""The columns that users rely on, written down a second time, away from the tracer's own tables.

Types: text (dictionary string), time (timestamp in ns, UTC), int32, int64, uint32, boolean. A "?"
behind the type: the column may be null.
"""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    optional: bool

    @property
    def plain(self):
        """The type in which the three readers are compared: texts as strings, times as ns."""
        return PLAIN[self.type]

    @property
    def arrow(self):
        """The type that Arrow readers get to see."""
        return ARROW[self.type]


PLAIN = {
    "text": pa.string(),
    "time": pa.int64(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint32": pa.uint32(),
    "boolean": pa.bool_(),
}
ARROW = PLAIN | {
    "text": pa.dictionary(pa.int32(), pa.string()),
    "time": pa.timestamp("ns", tz="+00:00"),
}
# (physical type, logical type) in the Parquet schema.
PARQUET = {
    "text": ("BYTE_ARRAY", "String"),
    "time": ("INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=nanoseconds"),
    "int32": ("INT32", "None"),
    "int64": ("INT64", "None"),
    "uint32": ("INT32", "Int(bitWidth=32, isSigned=false)"),
    "boolean": ("BOOLEAN", "None"),
}


def _columns(text):
    columns = []
    for word in text.split():
        name, kind = word.split(":")
        columns.append(Column(name, kind.rstrip("?"), kind.endswith("?")))
    return columns


TABLES = {
    "async_events": _columns("""
        stream_id:text block_id:text time:time event_type:text span_id:int64 parent_span_id:int64
        depth:uint32 hash:uint32 name:text filename:text target:text line:uint32
        process_id:text tid:int32 cpu:int32
    """),
    "async_spans": _columns("""
        process_id:text span_id:int64 parent_span_id:int64 root_span_id:int64 depth:int32
        hash:uint32 name:text target:text filename:text line:int32
        begin_time:time end_time:time? duration_ns:int64? busy_ns:int64 busy_self_ns:int64
        queue_ns:int64? polls:int32 max_poll_ns:int64 migrations:int32 off_cpu_ns:int64?
        status:int32? outcome:text end_reason:text last_event_time:time state:text
        begin_stream_id:text end_stream_id:text? begin_tid:int32 end_tid:int32 lossy:boolean
    """),
    "processes": _columns("""
        process_id:text parent_process_id:text? pid:int32 ppid:int32 exe:text command_line:text
        username:text computer:text distro:text kernel:text cpu_brand:text
        start_time:time end_time:time? exit_status:int32? exit_signal:int32? updated:time
    """),
    "streams": _columns("""
        stream_id:text process_id:text tid:int32 thread_name:text start_time:time updated:time
    """),
}

# The 12 columns that come first in async_events, as micromegas has them.
# Tables that only some options write.
OPTIONAL_TABLES = {
    "async_polls": _columns("""
        process_id:text span_id:int64 stream_id:text tid:int32 cpu:int32
        begin_time:time end_time:time duration_ns:int64
    """),
}
TABLES |= OPTIONAL_TABLES

MICROMEGAS_COLUMNS = [column.name for column in TABLES["async_events"][:12]]
