#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks model/rules.h in one place at a time and sees whether the tests of the rules notice.

    tools/mutate.py                 all mutants; exit status 1 if one survives
    tools/mutate.py --list          what would be changed
    tools/mutate.py --line 214      the mutants of one line
    tools/mutate.py --model         by the model-based test alone

Inverted: every condition of an if, of ?: and of a loop, and each operand of && and ||. Moved by one:
+ 1, - 1, and every comparison of order. Taken out: assignments and calls that stand alone as a
statement. Exchanged: the constants of the rules' own enumerations that choose what is done. Every
mutant is compiled with tests/unit/test_rules.c and tests/unit/test_model.c; it is caught when one of
the two fails, ends badly or does not end. Mutants that no test can tell from the rules are listed,
each with the reason, in tools/mutate-equivalent.txt; an entry that is none any more is an error too.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "model" / "rules.h"
EQUIVALENT = ROOT / "tools" / "mutate-equivalent.txt"
TESTS = {
    "rules": ["tests/unit/test_rules.c"],
    "model": ["tests/unit/test_model.c", "tests/model/reference.c", "tests/model/walk.c"],
}
COMPILER = os.environ.get("CC", "gcc").split()
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-w"]
SECONDS = 60
STEPS = "400000"  # a fault is a matter of some thousand; what survives walks on
CONSTANTS = {
    "MODEL_DROP_STALE": "MODEL_CLOSE",
    "MODEL_CLOSE": "MODEL_DROP_STALE",
    "MODEL_CLOSE_THREAD": "MODEL_CLOSE_LAST",
    "MODEL_CLOSE_LAST": "MODEL_CLOSE_THREAD",
    "MODEL_SUSPENDED": "MODEL_ENTERED",
    "MODEL_ENTERED": "MODEL_SUSPENDED",
    "MODEL_QUEUED": "MODEL_SUSPENDED",
    "MODEL_ENDED": "MODEL_SUSPENDED",
    "MODEL_NEVER": "0",
}


@dataclass(frozen=True)
class Mutant:
    start: int
    end: int
    text: str  # in place of what stands there
    line: int
    function: str
    what: str

    @property
    def key(self):
        """Stays when lines move."""
        return f"{self.function}: {self.what}"


def without_comments(source):
    """The same, with spaces in place of comments and preprocessor lines: offsets stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    source = re.sub(r"/\*.*?\*/", blank, source, flags=re.S)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", blank, source, flags=re.M)


def closing(source, start):
    """Of the parenthesis at start the place of its partner."""
    depth = 0
    for place in range(start, len(source)):
        depth += {"(": 1, ")": -1}.get(source[place], 0)
        if depth == 0:
            return place
    raise ValueError("a parenthesis is not closed")


def operands(source, start, end):
    """Where the operands of && and || begin and end, if there are several."""
    places, depth, last = [], 0, start
    for place in range(start, end):
        depth += {"(": 1, ")": -1}.get(source[place], 0)
        if depth == 0 and source[place:place + 2] in ("&&", "||"):
            places.append((last, place))
            last = place + 2
    return [*places, (last, end)] if places else []


def conditions(source):
    """Every condition: (start, end)."""
    for match in re.finditer(r"\b(?:if|while|for) \(", source):
        start = match.end() - 1
        end = closing(source, start)
        inside = start + 1, end
        if match[0].startswith("for"):
            first = source.index(";", start) + 1
            inside = first, source.index(";", first)
        yield inside
        yield from operands(source, *inside)
    for match in re.finditer(r"(?:return|[^=!<>]=) ([^;?]+?) \?", source):
        yield match.span(1)


def changes(source):
    """(start, end, text in place): every change."""
    for start, end in conditions(source):
        condition = source[start:end]
        lead = len(condition) - len(condition.lstrip())
        yield start + lead, end, f"!({condition.strip()})"
    for match in re.finditer(r" [+-] 1\b", source):
        yield *match.span(), ""
    for match in re.finditer(r" (<=|>=|<|>) ", source):
        yield *match.span(1), {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[match[1]]
    for match in re.finditer(r"^\t+((?:[\w>.*-]+(?:\[\w+\])? [-+|&]?= |[\w>.-]+(?:\+\+|--)|(?:model|MODEL)_\w+\()[^;{}]*;)",
                             source, re.M):
        yield *match.span(1), ";"
    for match in re.finditer(r"\b(?:" + "|".join(CONSTANTS) + r")\b", source):
        yield *match.span(), CONSTANTS[match[0]]


def mutants_of(text):
    source = without_comments(text)
    begin = source.index("MODEL_INLINE struct model_span *model_find(")
    functions = [(match.start(), match[1]) for match in re.finditer(
        r"^(?:MODEL_INLINE|MODEL_OUTLINE|static) [^;{]*?(\w+)\([^;{]*\)\n\{", source, re.M)]
    found, seen = [], {}
    for start, end, new in sorted(set(changes(source))):
        if start < begin:
            continue
        function = [name for place, name in functions if place <= start][-1]
        statement = source[source.rindex("\n", 0, start) + 1:source.index("\n", start)].strip()
        old = " ".join(source[start:end].split())
        what = f"`{old}` -> `{' '.join(new.split())}` in `{statement}`"
        times = seen[function, what] = seen.get((function, what), 0) + 1
        if times > 1:
            what += f" ({times})"
        line = source.count("\n", 0, start) + 1
        found.append(Mutant(start, end, new, line, function, what))
    return found


def build(folder, name):
    return subprocess.run(
        [*COMPILER, *FLAGS, f"-I{folder}", "-Imodel", "-Iuser", "-Iinclude", *TESTS[name],
         "-lcmocka", "-o", folder / name],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def passes(folder, name):
    """Does the test pass? One that has to be stopped does not."""
    environment = {**os.environ, "ASYNCSPAN_STEPS": STEPS, "ASYNCSPAN_SEED": "1"}
    try:
        done = subprocess.run([folder / name], cwd=ROOT, env=environment, timeout=SECONDS,
                              capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def caught_by(text, mutant, tests):
    """The name of the test that notices; None: none does."""
    with tempfile.TemporaryDirectory(prefix="asyncspan-mutant-") as name:
        folder = Path(name)
        (folder / "rules.h").write_text(text[:mutant.start] + mutant.text + text[mutant.end:])
        for test in tests:
            built = build(folder, test)
            if built.returncode != 0:
                return "compiler"
            if not passes(folder, test):
                return test
    return None


def read_equivalent():
    """key -> reason; two lines each, the second indented."""
    known, key = {}, None
    for line in EQUIVALENT.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            known[key] = f"{known[key]} {line.strip()}".strip()
        else:
            key = line.strip()
            known[key] = ""
    return known


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="only show the mutants")
    parser.add_argument("--line", type=int, help="those of one line of model/rules.h")
    parser.add_argument("--model", action="store_true", help="by the model-based test alone")
    return parser.parse_args()


def main():
    options = arguments()
    text = RULES.read_text()
    everything = mutants_of(text)
    mutants = [m for m in everything if options.line in (None, m.line)]
    if options.list:
        for mutant in mutants:
            print(f"{mutant.line}: {mutant.key}")
        return 0
    tests = ["model"] if options.model else list(TESTS)
    unchanged = Mutant(0, 0, "", 0, "", "")
    failing = caught_by(text, unchanged, tests)
    if failing:
        sys.exit(f"mutate.py: the tests fail without a mutant: {failing}")
    known = read_equivalent()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda mutant: caught_by(text, mutant, tests), mutants))
    count = {name: results.count(name) for name in ("compiler", *tests)}
    survivors = [m for m, result in zip(mutants, results) if not result]
    unknown = [m for m in survivors if m.key not in known]
    for mutant in unknown:
        print(f"survives: model/rules.h:{mutant.line}: {mutant.key}")
    wrong = [m for m, result in zip(mutants, results) if result and m.key in known]
    for mutant in wrong:
        print(f"listed as equivalent, but caught: {mutant.key}")
    gone = sorted(set(known) - {m.key for m in everything})
    for key in gone:
        print(f"listed as equivalent, but no mutant: {key}")
    print(f"{len(mutants)} mutants: {count['compiler']} do not compile, "
          + ", ".join(f"{count[name]} caught by test_{name}" for name in tests)
          + f", {len(survivors) - len(unknown)} equivalent, {len(unknown)} survive")
    return 1 if unknown or gone or (wrong and not options.model) else 0


if __name__ == "__main__":
    sys.exit(main())
