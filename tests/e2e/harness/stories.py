# SPDX-License-Identifier: BSD-2-Clause
"""What the examples of the adapters say of their own spans (examples/story/story.h), and a trace of them.

    stories.check(recording)            # the command's stdout against the rows of its trace
"""

import subprocess
from collections import Counter, namedtuple
from pathlib import Path

from . import counters

ROOT = Path(__file__).resolve().parents[3]
CANCELLED = -(2**31)

Story = namedtuple("Story", "name parent depth polls migrations status outcome")

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def outcome(status):
    return "ok" if status == 0 else "cancelled" if status == CANCELLED else "error"


def told(text):
    """The spans that a program told, one Story each, and the lines that are something else."""
    spans, others = [], []
    for line in text.splitlines():
        if line.startswith("span\t"):
            _, name, parent, polls, migrations, status = line.split("\t")
            spans.append((name, parent, int(polls), int(migrations), int(status)))
        else:
            others.append(line)
    return spans, others


def depths(spans):
    """name -> its depth by the parents told; None where a name has several, or lies in itself."""
    parents = {}
    for name, parent, *_ in spans:
        parents.setdefault(name, set()).add(parent)

    def depth(name, inside=()):
        if name in inside or len(parents[name]) != 1:
            return None
        (parent,) = parents[name]
        if parent == "-":
            return 0
        above = depth(parent, (*inside, name))
        return None if above is None else above + 1

    return {name: depth(name) for name in parents}


def check(recording):
    """Every span told is in the trace, and no other; no rule of the model was broken for it."""
    spans, _ = told(recording.stdout)
    assert spans, "the program told nothing"
    depth_of = depths(spans)
    expected = Counter(
        Story(name, parent, depth_of[name], polls, migrations, status, outcome(status))
        for name, parent, polls, migrations, status in spans
    )
    names = {span.span_id: span.name for span in recording.trace.spans} | {0: "-"}
    found = Counter(
        Story(span.name, names[span.parent_span_id],
              None if depth_of.get(span.name, 0) is None else span.depth,
              span.polls, span.migrations, span.status, span.outcome)
        for span in recording.trace.spans
    )
    assert found == expected, f"only traced: {found - expected}\nonly told: {expected - found}"
    assert counters.inconsistencies(recording.trace) == {}


def compile_program(output, source, *flags, package=None, compiler="gcc"):
    """A program of this tree as an application would build it; warnings are errors."""
    of_package = []
    if package:
        of_package = subprocess.run(
            ["pkg-config", "--cflags", "--libs",
             *([package] if isinstance(package, str) else package)],
            capture_output=True, text=True, timeout=20, check=True).stdout.split()
    done = subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-g",
         *flags, f"-I{ROOT}/include", f"-I{ROOT}/examples", ROOT / source,
         *[word.replace("-I", "-isystem", 1) if word.startswith("-I") else word
           for word in of_package], "-pthread", "-o", output],
        capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return output
