# SPDX-License-Identifier: BSD-2-Clause
"""Without a tracer the programs of these tests do the same, and every handle stays empty."""

import subprocess

import pytest

from harness.ledger import Ledger
from harness.tracer import PROGRAMS

WITH_SCENARIOS = ["basic", "misuse", "names", "plugins", "process", "scopes", "tasks"]
ENDS_BY_ITSELF = {"N11_exit": 7, "N11_kill": -9, "N11_segv": -11}
SMALLER = {"X3": ["1000"], "X11": ["10"], "N13": ["100"]}


def scenarios(program):
    listing = subprocess.run(
        [PROGRAMS / program, "--list"], capture_output=True, text=True, timeout=20, check=True
    )
    return [line.split("\t")[0] for line in listing.stdout.splitlines()]


@pytest.mark.parametrize("program", WITH_SCENARIOS)
def test_an_untraced_program_runs_and_begins_nothing(command_line, program):
    names = scenarios(program)
    assert names
    for name in names:
        ledger = command_line.scratch / f"{name}.jsonl"
        process = command_line.program(
            PROGRAMS / program, name, *SMALLER.get(name, []), ledger=ledger
        )
        assert process.wait(30) == ENDS_BY_ITSELF.get(name, 0), process.stderr
        written = Ledger(ledger)
        assert written.of("start"), name
        invented = {line["id"] for line in written.begins}
        assert invented == set(), f"{name}: ids while nobody traces"
