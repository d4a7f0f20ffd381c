# SPDX-License-Identifier: BSD-2-Clause
"""What the header makes of the code around it: sites, size of a call site, the red zone, the funnel."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import probes
from harness.tracer import BUILD, EXAMPLES, PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "bench"))
import call_site  # noqa: E402

HOT_BYTES = 32
RED_ZONE = PROGRAMS / "red_zone"


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace",
                          timeout=60, check=True).stdout


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def objects():
    """Every example, every program and plug-in that the tests trace."""
    files = [path for folder in (EXAMPLES, PROGRAMS) for path in sorted(folder.iterdir())
             if path.is_file() and is_elf(path)]
    return [path for path in files if probes.probes_of(path)]


def test_every_site_in_every_program_is_a_nop_of_one_byte_at_the_entry_of_a_function():
    """And the instruction behind it is the return: the function does nothing else."""
    assert len(objects()) > 20
    for path in objects():
        functions = {int(address, 16): name for address, name in re.findall(
            r"^([0-9a-f]+) \w+ (asyncspan_probe_\w+)$", run("nm", path), re.M)}
        for probe in probes.probes_of(path):
            code = run("objdump", "-dw", f"--start-address={probe.site}",
                       f"--stop-address={probe.site + 2}", path)
            assert re.findall(r"^ *[0-9a-f]+:\t\S.*?\t(\w+)\s*$", code, re.M) == ["nop", "ret"], path
            if functions:  # not stripped
                assert functions[probe.site] == f"asyncspan_probe_{probe.name}", path


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("macro", call_site.MACROS)
def test_a_call_site_adds_little_code_to_what_runs_untraced(compiler, macro):
    assert 0 < call_site.macro_bytes(compiler, macro) <= HOT_BYTES


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_call_sites_of_an_example_add_little_code_to_what_runs_untraced(compiler):
    assert 0 < call_site.example_bytes(compiler) <= HOT_BYTES


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_events_leave_by_the_four_functions_of_the_funnel_alone(tmp_path, compiler):
    """A second back end replaces these four (ASYNCSPAN__BACK_END), and has replaced everything."""
    out = tmp_path / "object.o"
    run(compiler, "-O0", "-I", ROOT / "include", "-c", ROOT / "tests" / "header" / "every_macro.c",
        "-o", out)
    callers, function = set(), None
    for line in run("objdump", "-dr", out).splitlines():
        entry = re.match(r"^[0-9a-f]+ <(\w+)>:$", line)
        function = entry[1] if entry else function
        if re.search(r"R_X86_64_\w+\s+asyncspan_probe_", line):
            callers.add(function)
    assert callers == {"asyncspan__emit_begin", "asyncspan__emit_suspend", "asyncspan__emit_resume",
                       "asyncspan__emit_end"}


def test_another_back_end_leaves_no_call_of_a_probe():
    program = BUILD / "tests" / "unit" / "test_header_back_end"
    calls = re.findall(r"\b(?:call|jmp) .*<asyncspan_probe_", run("objdump", "-d", program))
    assert calls == []


def test_leaf_functions_keep_their_data_in_the_red_zone_while_they_are_traced(tracer):
    leaf = re.search(r"<leaf>:\n(.*?)\n\n", run("objdump", "-d", RED_ZONE), re.S)[1]
    assert re.search(r"-0x[0-9a-f]+\(%rsp", leaf), "leaf() does not use the red zone"
    assert not re.search(r"\t(sub|add) .*%rsp|\tpush", leaf), "leaf() moves the stack pointer"
    recording = tracer.record(RED_ZONE)
    around, in_handlers = map(int, recording.stdout.split()[:2])
    found = dict(recording.trace.sql("SELECT name, count(end_time) FROM async_spans GROUP BY 1"))
    assert around == 40_000 and in_handlers > 0
    assert found == {"around_macros": around, "in_handler": in_handlers}
