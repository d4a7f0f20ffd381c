# SPDX-License-Identifier: BSD-2-Clause
"""The ledgers that traced programs write about themselves (programs/README.md), and the comparison.

    ledger = Ledger(file)
    ledger.check(trace)     # every begin, end, poll and counter is in the files, and nothing else

Times in a ledger are CLOCK_MONOTONIC; a trace says what to add to get its own.
"""

import json
from collections import Counter, defaultdict

from . import counters
from .trace_files import TraceError

NAME_BYTES = 255
UNREADABLE = "?"
# Outcomes that no counter of the tracer stands for.
UNCOUNTED = {"normal", "overwritten"}
# What a resume is that begins no poll.
NO_POLL = {"double_resume", "not_top", "orphan"}


class Ledger:
    def __init__(self, file):
        text = file.read_text() if file.exists() else ""
        self.lines = [json.loads(line) for line in text.splitlines()]

    def of(self, event):
        return [line for line in self.lines if line["event"] == event]

    @property
    def begins(self):
        """Begins that the tracer was there for."""
        return [line for line in self.of("begin") if line["traced"]]

    @property
    def ends(self):
        return [line for line in self.of("end") if line["traced"] and line["outcome"] != "orphan"]

    @property
    def untraced(self):
        return [line for line in self.lines if line.get("traced") is False]

    @property
    def summary(self):
        (line,) = self.of("summary")
        return line

    def id_of(self, name):
        (line,) = [line for line in self.begins if line["name"] == name]
        return line["id"]

    def check(self, trace, polls=True):
        """polls: the ledger has every resume and suspend."""
        problems = _Comparison(self, trace).problems(polls)
        if problems:
            raise TraceError("ledger and files differ:\n" + "\n".join(problems[:20]))

    def check_summary(self, trace):
        """Of programs that write sums instead of lines."""
        found = trace.sql("""
            SELECT count(*), count(end_time), sum(span_id::HUGEINT) % 18446744073709551616,
                   bit_xor(span_id) FROM async_spans""")[0]
        summary = self.summary
        expected = tuple(summary[key] for key in ("spans", "ended", "id_sum", "id_xor"))
        if found != expected:
            raise TraceError(f"spans, ended, sum, xor of ids: {found}, the ledger has {expected}")


def written_name(text):
    """What becomes of a name: the ledger has each byte as a code point."""
    if text is None:
        return UNREADABLE
    return cut(text.encode("latin-1"))


def cut(name):
    """The first 255 bytes, back to a whole character, as valid UTF-8."""
    kept = name[:NAME_BYTES]
    if len(name) > NAME_BYTES:
        kept = kept.decode("utf-8", "ignore").encode() if _valid(name) else kept
    return kept.decode("utf-8", "replace")


def _valid(name):
    try:
        name.decode()
        return True
    except UnicodeDecodeError:
        return False


class _Comparison:
    def __init__(self, ledger, trace):
        self.ledger = ledger
        self.trace = trace
        self.offset = trace.information[0]["clock_offset_ns"]
        # A pid may be used by several images (exec): a span's process is one of them.
        self.pids = {process.process_id: process.pid for process in trace.processes}
        self.spans = {(self.pids[s.process_id], s.span_id): s for s in trace.spans}
        self.by_name = defaultdict(list)
        for span in sorted(trace.spans, key=lambda span: span.begin_time):
            self.by_name[self.pids[span.process_id], span.name].append(span)

    def problems(self, polls):
        found = self.begins() + self.ends() + self.counters() + (self.polls() if polls else [])
        return [f"  {problem}" for problem in found]

    def within(self, line, time):
        return line["time_before"] <= time - self.offset <= line["time_after"]

    def span_of(self, line):
        """The row of a begin; a scope's handle has no name: its row is found by name and time."""
        if line["id"] is not None:
            return self.spans.get((line["pid"], line["id"]))
        for span in self.by_name[line["pid"], written_name(line["name"])]:
            moment = span.begin_time if line["event"] == "begin" else span.end_time
            if moment is not None and self.within(line, moment):
                return span
        return None

    def begins(self):
        problems, seen = [], set()
        for line in self.ledger.begins:
            span = self.span_of(line)
            if not span:
                problems.append(f"no row for {line}")
                continue
            seen.add((span.process_id, span.span_id))
            problems += self.differences(line, span)
        for span in self.trace.spans:
            if (span.process_id, span.span_id) not in seen:
                problems.append(f"a row that the ledger does not know: {span}")
        return problems

    def differences(self, line, span):
        expected = {
            "name": written_name(line["name"]),
            "depth": line["depth"],
            "begin_tid": line["tid"],
            "line": line["line"],
            "filename": cut(line["file"].encode("latin-1")),
            "parent": self.parent_of(line, span),
        }
        found = {key: getattr(span, key) for key in expected if key != "parent"}
        found["parent"] = span.parent_span_id
        problems = [
            f"{line['name']!r:.40}: {key} is {found[key]!r}, expected {expected[key]!r}"
            for key in expected
            if found[key] != expected[key]
        ]
        if not self.within(line, span.begin_time):
            problems.append(f"{line['name']!r:.40}: begin at {span.begin_time}, {line}")
        return problems

    def parent_of(self, line, span):
        if line["parent"] is not None:
            return line["parent"]
        names = self.by_name[self.pids[span.process_id], line["parent_name"]]
        candidates = [p.span_id for p in names if p.begin_time <= span.begin_time]
        return candidates[-1] if candidates else None

    def ends(self):
        problems, ended = [], set()
        for line in self.ledger.ends:
            span = self.span_of(line)
            if not span or span.end_time is None:
                problems.append(f"no end row for {line}")
                continue
            ended.add((span.process_id, span.span_id))
            found = (span.status, span.end_tid)
            if found != (line["status"], line["tid"]):
                problems.append(f"end of {span.name!r:.40}: status and tid {found}, {line}")
            if not self.within(line, span.end_time):
                problems.append(f"end of {span.name!r:.40}: at {span.end_time}, {line}")
        for span in self.trace.spans:
            if span.end_time is not None and (span.process_id, span.span_id) not in ended:
                problems.append(f"an end that the ledger does not know: {span}")
        return problems

    def polls(self):
        """How often a span was entered, on how many tasks; how long, where all went normally."""
        problems = []
        histories = defaultdict(list)
        for line in self.ledger.lines:
            if line.get("id"):
                histories[line["pid"], line["id"]].append(line)
        # Then a poll may have ended otherwise than by its span's own suspend or end.
        irregular = any(
            line.get("outcome", "normal") not in UNCOUNTED | {"orphan", "parent_gone"}
            for line in self.ledger.lines
        )
        for key, history in histories.items():
            span = self.spans.get(key)
            if not span:
                continue
            history = [line for line in history if line["outcome"] != "orphan"]
            history.sort(key=lambda line: line["time_before"])
            problems += self.poll_counts(span, history)
            if not irregular:
                problems += self.poll_times(span, history)
        return problems

    @staticmethod
    def poll_counts(span, history):
        entries = [
            line
            for line in history
            if line["event"] == "begin"
            and line["entered"]
            or line["event"] == "resume"
            and line["outcome"] not in NO_POLL
        ]
        moved = sum(a["tid"] != b["tid"] for a, b in zip(entries, entries[1:]))
        if (span.polls, span.migrations) != (len(entries), moved):
            return [
                f"{span.name!r:.40}: {span.polls} polls, {span.migrations} migrations, "
                f"expected {len(entries)}, {moved}"
            ]
        return []

    def poll_times(self, span, history):
        """busy_ns and queue_ns lie between the narrowest and the widest reading of the ledger."""
        if history[0]["event"] != "begin":
            return []
        polls, open_poll = _polls_of(history)
        problems = []
        queue = _between(history[0], polls[0][0]) if polls else None
        if polls and polls[0][0] is history[0]:
            queue = (0, 0)
        if not _lies_in(span.queue_ns, queue):
            problems.append(f"{span.name!r:.40}: queue {span.queue_ns}, not in {queue}")
        if not open_poll:
            bounds = [_between(*poll) for poll in polls]
            busy = (sum(max(0, narrow) for narrow, _ in bounds), sum(wide for _, wide in bounds))
            if not _lies_in(span.busy_ns, busy):
                problems.append(f"{span.name!r:.40}: busy {span.busy_ns}, not in {busy}")
        return problems

    def counters(self):
        """Each irregular outcome raises its counter by one; nothing else does."""
        expected = Counter(
            line["outcome"]
            for line in self.ledger.lines
            if line.get("outcome", "normal") not in UNCOUNTED and line.get("id") != 0
        )
        for line in self.ledger.of("thread_exit"):
            expected["thread_exit"] += line["entered"] - 1
        found = counters.inconsistencies(self.trace)
        if dict(expected) != found:
            return [f"inconsistencies counted {found}, expected {dict(expected)}"]
        return []


def _polls_of(history):
    """(line that enters, line that leaves) of each poll, and whether the last one is open."""
    polls, entered = [], None
    for line in history:
        if line["event"] == "resume" or line["event"] == "begin" and line["entered"]:
            entered = line
        elif entered and line["event"] in ("suspend", "end"):
            polls.append((entered, line))
            entered = None
    return polls + ([(entered, None)] if entered else []), entered is not None


def _between(first, second):
    """The least and the most time that can lie between two lines."""
    return (
        second["time_before"] - first["time_after"],
        second["time_after"] - first["time_before"],
    )


def _lies_in(value, bounds):
    if bounds is None or value is None:
        return bounds is value
    return bounds[0] <= value <= bounds[1]
