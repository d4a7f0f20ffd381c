#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures the project against its goals: `make bench`.

    tests/bench/run-bench.py [--repetitions N] [NAME ...]     NAME: see MEASUREMENTS

What is compared is measured in turn, repetition by repetition, so that a machine that slows down for
a while slows both down. A figure is the median of the repetitions, shown with the least and the
greatest. Ratios and differences are taken within a repetition. Figures with a goal go to
build/bench.json: name -> value, unit, and max or min. Exit status 1: a goal was missed.

Needs root (asks sudo). What the figures mean is said in docs/performance.md.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "build" / "bench"
TRACER = ROOT / "build" / "asyncspan-trace"
PAIRS = 300_000  # per repetition and tracer
PACE = 500_000  # events per second that must arrive
PACE_STEP = 1.15
PACE_SECONDS = 10
CPUS = sorted(os.sched_getaffinity(0))


class Figure:
    """One result: its repetitions, what they are of, and the goal if it has one."""

    def __init__(self, name, meaning, values, unit, *, maximum=None, minimum=None, value=None):
        self.name, self.meaning, self.unit = name, meaning, unit
        self.values = values
        self.value = statistics.median(values) if value is None else value
        self.maximum, self.minimum = maximum, minimum

    def has_goal(self):
        return self.maximum is not None or self.minimum is not None

    def met(self):
        return ((self.maximum is None or self.value <= self.maximum)
                and (self.minimum is None or self.value >= self.minimum))

    def goal(self):
        if self.maximum is not None:
            return f"<= {number(self.maximum)}"
        return f">= {number(self.minimum)}" if self.minimum is not None else ""

    def as_json(self):
        goal = {"max": self.maximum} if self.maximum is not None else {"min": self.minimum}
        return {"value": round(self.value, 4), "unit": self.unit, **goal}


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def output_of(*command, cpu=None):
    """What a program prints, as words; on one processor if told."""
    pinned = (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None
    done = subprocess.run([str(word) for word in command], cwd=ROOT, preexec_fn=pinned, check=True,
                          stdout=subprocess.PIPE, text=True, timeout=300)
    return done.stdout


# (a) What macros cost while nobody traces.

def untraced(repetitions):
    rows = [[float(word) for word in line.split()]
            for line in output_of(PROGRAMS / "untraced", repetitions, cpu=CPUS[-1]).splitlines()]
    return [
        Figure("untraced_ns_per_macro", "untraced begin+end pair, per macro",
               [(pair - without) / 2 for without, pair, _ in rows], "ns", maximum=0.5),
        Figure("untraced_four_ns_per_macro", "untraced begin, suspend, resume, end, per macro",
               [(four - without) / 4 for without, _, four in rows], "ns", maximum=0.5),
    ]


# (b) What a traced pair costs, against an empty program and a bpftrace script at the same sites.

class Target:
    """The program that is traced; pinned, so that the tracer's own work is not in its time."""

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAMS / "pairs"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, {CPUS[-1]})
        self.ask("pairs 1000")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def wait_for_semaphores(self, wanted, tracer=None):
        """Waits until the probes are on, and no more are being switched on, or all are off."""
        deadline = time.monotonic() + 30
        before = None
        while time.monotonic() < deadline:
            now = self.ask("semaphores")
            if now == before and (now != "0 0") == wanted and "0" not in now.split()[:wanted * 2]:
                return
            if tracer and tracer.poll() is not None:
                break
            before = now
            time.sleep(0.2)
        raise RuntimeError(f"semaphores stay at {before}")


def stop(tracer, again):
    """Interrupts a tracer; what it said. bpftrace misses a signal that comes while it does not wait
    for events, and wants another."""
    deadline = time.monotonic() + 60
    while True:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        try:
            return tracer.communicate(timeout=3 if again else 60)[1]
        except subprocess.TimeoutExpired:
            if not again or time.monotonic() > deadline:
                tracer.kill()
                raise


@contextlib.contextmanager
def tracing(target, command):
    """Runs a tracer on the other processors until the block is left."""
    tracer = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if len(CPUS) > 1:
        os.sched_setaffinity(tracer.pid, set(CPUS[:-1]))
    try:
        target.wait_for_semaphores(True, tracer)
        yield
    finally:
        messages = stop(tracer, again=command[0] == "bpftrace")
        if tracer.returncode not in (0, -signal.SIGINT):
            raise RuntimeError(f"{command[0]}: exit status {tracer.returncode}\n{messages}")
    target.wait_for_semaphores(False)


# depth.bt keeps what defines the goal: parent, depth, location and begin time. state.bt keeps all that
# the tracer keeps of a span.
EMPTY, OURS, SCRIPT, FULL_SCRIPT = "empty", "ours", "depth.bt", "state.bt"


def command_of(tracer, pid, directory):
    """How a tracer is started: the name of a step (see attach_step.c), ours, or the script."""
    if tracer == OURS:
        return [TRACER, "-q", "-p", pid, "-o", directory]
    if tracer in (SCRIPT, FULL_SCRIPT):
        return ["bpftrace", "-q", "-p", pid, f"tests/bench/{tracer}"]
    return [PROGRAMS / "attach_step", pid, tracer]


def costs(target, tracer, *requests):
    """What each request costs in turn under one tracer: nanoseconds per pair, or span."""
    with scratch_directory() as directory:
        with tracing(target, command_of(tracer, target.process.pid, directory)):
            for request in dict.fromkeys(requests):
                target.ask(f"{request} {PAIRS // 10}")
            found = [float(target.ask(f"{request} {PAIRS}")) for request in requests]
        if tracer == OURS:
            expected = 2 * (PAIRS * len(requests) + PAIRS // 10 * len(set(requests)))
            arrived = count_events(directory)
            if arrived != expected:
                raise RuntimeError(f"{arrived} of {expected} events arrived")
        return found


def ratios(ours, base):
    return [one / other for one, other in zip(ours, base)]


def traced_pair(repetitions):
    rows = []
    with Target() as target:
        for _ in range(repetitions):
            empty_pair, empty_four = costs(target, EMPTY, "pairs", "fours")
            pair, named, again, four = costs(target, OURS, "pairs", "named", "pairs", "fours")
            script, = costs(target, SCRIPT, "pairs")
            full_script, = costs(target, FULL_SCRIPT, "pairs")
            rows.append((empty_pair, empty_four, pair, named, again, four, script, full_script))
    empty_pair, empty_four, pair, named, again, four, script, full_script = zip(*rows)
    return [
        Figure("empty_pair_ns", "pair with an empty program", empty_pair, "ns"),
        Figure("bpftrace_pair_ns", "pair with a bpftrace script (depth.bt)", script, "ns"),
        Figure("bpftrace_state_pair_ns", "pair with a bpftrace script of all state (state.bt)",
               full_script, "ns"),
        Figure("traced_pair_ns", "pair traced by asyncspan-trace", pair, "ns"),
        Figure("traced_pair_to_empty", "traced pair / empty program", ratios(pair, empty_pair),
               "ratio", maximum=1.6),
        Figure("traced_pair_to_bpftrace", "traced pair / depth.bt", ratios(pair, script), "ratio",
               maximum=0.7),
        Figure("traced_pair_to_bpftrace_state", "traced pair / state.bt", ratios(pair, full_script),
               "ratio"),
        Figure("traced_four_to_empty", "traced begin, suspend, resume, end / empty program",
               ratios(four, empty_four), "ratio", maximum=1.6),
        Figure("named_pair_to_static", "traced pair, name of 16 bytes / static name",
               ratios(named, pair), "ratio", maximum=1.3),
        Figure("static_pair_beside_named", "traced pair after named ones / before",
               ratios(again, pair), "ratio", maximum=1.05),
    ]


# What is in a traced pair, step by step: each alone, above the empty program.

def steps(repetitions):
    rows = {step: [] for step in (EMPTY, "clock", "task", "table", "table-find", "record", OURS)}
    with Target() as target:
        for _ in range(repetitions):
            for step, values in rows.items():
                values += costs(target, step, "pairs")

    def above(step, base=EMPTY):
        return [value - without for value, without in zip(rows[step], rows[base])]

    return [
        Figure("step_trap_ns", "two traps, with an empty program", rows[EMPTY], "ns"),
        Figure("step_clock_ns", "two readings of the clock", above("clock"), "ns"),
        Figure("step_task_ns", "task storage twice", above("task"), "ns"),
        Figure("step_table_ns", "span table: insert and delete", above("table"), "ns"),
        Figure("step_find_ns", "span table: find", above("table-find", "table"), "ns"),
        Figure("step_record_ns", "ring buffer: begin and end record", above("record"), "ns"),
        Figure("step_all_ns", "all that asyncspan-trace does", above(OURS), "ns"),
    ]


# How much code a call site adds, where it runs while nobody traces.

def call_site_size(_repetitions):
    import call_site

    figures = []
    for compiler in ("gcc", "clang"):
        sizes = {macro: call_site.macro_bytes(compiler, macro) for macro in call_site.MACROS}
        sizes["examples/http"] = call_site.example_bytes(compiler)
        largest = max(sizes, key=sizes.get)
        figures.append(Figure(f"call_site_bytes_{compiler}",
                              f"hot code of a call site, {compiler}, largest: {largest}",
                              list(sizes.values()), "bytes", maximum=32, value=sizes[largest]))
    return figures


# (c) What depth costs in the rules.

def depth(repetitions):
    with_depth, without = [], []
    for _ in range(repetitions):
        for program, values in (("rules_with_depth", with_depth), ("rules_without_depth", without)):
            lines = output_of(PROGRAMS / program, 5, cpu=CPUS[-1]).split()
            values.append(statistics.median(map(float, lines)))
    return [
        Figure("rules_ns_per_event", "the rules natively, per event", with_depth, "ns"),
        Figure("depth_ns_per_event", "of these, for the depth",
               [more - less for more, less in zip(with_depth, without)], "ns", maximum=1.0),
    ]


# (d) How many events per second reach the files without loss.

@contextlib.contextmanager
def scratch_directory():
    parent = Path(tempfile.mkdtemp(prefix="asyncspan-bench-"))
    try:
        yield parent / "data"
    finally:
        shutil.rmtree(parent)


def count_events(directory):
    import duckdb

    return duckdb.sql("select count(*) from read_parquet("
                      f"'{directory}/async_events/**/*.parquet')").fetchall()[0][0]


def traced_pace(pace):
    """One run: (events made, events in the files, events made per second)."""
    with scratch_directory() as directory:
        printed = output_of(TRACER, "-q", "-o", directory, "--", PROGRAMS / "paced", len(CPUS),
                            pace, PACE_SECONDS)
        made, seconds = printed.split()[:2]
        return int(made), count_events(directory), int(made) / float(seconds)


def loss_free(repetitions):
    """The first third of the runs at the goal's pace, all of which must be free of loss; the others
    one step faster after each run without loss and one step slower after each with some. The figure
    is the highest pace that was kept, below every one at which something was lost."""
    pace, runs = PACE * 1.01, []
    for run in range(repetitions):
        made, arrived, rate = traced_pace(pace)
        runs.append((rate, made - arrived))
        print(f"  pace {pace:,.0f}: {rate:,.0f} events/s, {made - arrived:,} lost", file=sys.stderr)
        if run >= repetitions // 3:
            kept_up = rate > 0.98 * pace
            pace *= 1 / PACE_STEP if made != arrived else PACE_STEP if kept_up else 1
    first_loss = min((rate for rate, lost in runs if lost), default=float("inf"))
    best = max((rate for rate, lost in runs if not lost and rate < first_loss), default=0)
    return [Figure("loss_free_events_per_second",
                   f"loss-free on {len(CPUS)} processors for {PACE_SECONDS} s",
                   [rate for rate, _ in runs], "events/s", minimum=PACE, value=best)]


# (e) How fast the files are written and read, and how large they are.

def written_files(repetitions):
    import files

    return files.measure(max(1, repetitions // 3), Figure)


MEASUREMENTS = {
    "untraced": untraced,
    "call-site": call_site_size,
    "traced-pair": traced_pair,
    "steps": steps,
    "depth": depth,
    "loss-free": loss_free,
    "files": written_files,
}


def print_table(figures):
    print(f"{'':52} {'goal':>12} {'median':>12}   {'least ... greatest':24} unit")
    for figure in figures:
        spread = f"{number(min(figure.values))} ... {number(max(figure.values))}"
        verdict = "" if figure.met() else "  MISSED"
        print(f"{figure.meaning:52} {figure.goal():>12} {number(figure.value):>12}   {spread:24} "
              f"{figure.unit}{verdict}", flush=True)


def write_json(figures):
    path = ROOT / "build" / "bench.json"
    path.write_text(json.dumps({figure.name: figure.as_json() for figure in figures
                                if figure.has_goal()}, indent=2) + "\n", encoding="utf-8")
    if "SUDO_UID" in os.environ:
        os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))


def main():
    parser = argparse.ArgumentParser(description="Measure the project against its goals.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(MEASUREMENTS))
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_args()
    unknown = set(options.names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"no measurement {unknown.pop()!r}; there are: {' '.join(MEASUREMENTS)}")
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", sys.executable, *sys.argv])
    figures = []
    for name in options.names or MEASUREMENTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += MEASUREMENTS[name](options.repetitions)
    print_table(figures)
    write_json(figures)
    sys.exit(any(not figure.met() for figure in figures))


if __name__ == "__main__":
    main()
