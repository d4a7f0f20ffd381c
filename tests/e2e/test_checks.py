# SPDX-License-Identifier: BSD-2-Clause
"""The verbs that check: doctor and list."""

import json
import os
import shutil
import subprocess

import pytest

from harness import probes
from harness.running import wait_until
from harness.tracer import PROGRAM, PROGRAMS
from test_command_line import NOBODY, error_line

ATTACH, BASIC = PROGRAMS / "attach", PROGRAMS / "basic"
NAMES = sorted(
    [f"{kind}{child}{named}" for kind in ("begin", "spawn") for child in ("", "_child")
     for named in ("", "_named")] + ["suspend", "resume", "end"]
)


def test_list_shows_the_probes_that_readelf_shows(command_line):
    status, stdout, stderr = command_line.run("list", BASIC)
    assert (status, stderr) == (0, "")
    assert sorted(probe.name for probe in probes.probes_of(BASIC)) == NAMES
    for name in NAMES:
        assert f"asyncspan:{name}" in stdout.split(), stdout
    assert "refused" not in stdout
    assert max(len(line) for line in stdout.splitlines()[2:]) <= 80


def listed(stdout):
    """path -> {(probe, address)} of the provider asyncspan."""
    return {
        entry["path"]: {
            (probe["name"], probe["address"])
            for probe in entry["probes"]
            if probe["provider"] == "asyncspan" and probe["attachable"]
        }
        for entry in json.loads(stdout)["objects"]
    }


@pytest.mark.parametrize("variant", ["", "_static", "_stripped", "_nopie", "_lto", "_clang", "_O0"])
def test_list_finds_the_same_sites_as_readelf_however_a_program_is_built(command_line, variant):
    file = PROGRAMS / f"basic{variant}"
    status, stdout, stderr = command_line.run("list", file, "--json")
    assert (status, stderr) == (0, "")
    expected = {(probe.name, probe.site) for probe in probes.probes_of(file)}
    assert listed(stdout)[str(file)] == expected != set()


def test_list_of_a_process_shows_the_objects_that_it_has_loaded(tracer):
    program = tracer.program(ATTACH, "X8", stdin=subprocess.PIPE)
    try:
        wait_until(lambda: "ready" in program.stdout, "ready")
        status, stdout, stderr = tracer.run("list", "--json", "-p", program.pid)
    finally:
        program.kill()
    assert (status, stderr) == (0, "")
    assert {name for name, _ in listed(stdout)[str(ATTACH)]} == set(NAMES)


@pytest.mark.parametrize("what", ["missing", "a directory", "no ELF file", "cut off"])
def test_list_of_what_cannot_be_read_is_one_line_and_2(command_line, what):
    path = command_line.scratch / "file"
    if what == "a directory":
        path.mkdir()
    elif what == "no ELF file":
        path.write_text("#!/bin/sh\n")
    elif what == "cut off":
        path.write_bytes(BASIC.read_bytes()[:1000])
    status, stdout, stderr = command_line.run("list", path)
    assert (status, stdout) == (2, "")
    assert str(path) in error_line(stderr)


def test_list_of_a_program_without_probes_says_so(command_line):
    status, stdout, stderr = command_line.run("list", shutil.which("true"))
    assert (status, stdout) == (1, "")
    assert "no probes" in error_line(stderr)


@pytest.mark.sanitizers
@pytest.mark.traces_itself
def test_doctor_finds_all_that_tracing_needs_here(tracer):
    status, stdout, stderr = tracer.run("doctor")
    assert (status, stderr) == (0, ""), stdout
    assert "ns" in stdout, "what one event costs here"


def test_doctor_as_json_is_one_document(tracer):
    status, stdout, stderr = tracer.run("doctor", "--json")
    assert (status, stderr) == (0, "")
    assert json.loads(stdout)


def test_doctor_says_what_an_ordinary_user_lacks_and_what_to_do(command_line):
    own = shutil.copy(PROGRAM, command_line.scratch / "asyncspan-trace")
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    status, stdout, _ = command_line.run(
        "doctor", program=[*(as_nobody if os.geteuid() == 0 else []), own]
    )
    assert status == 1
    assert "CAP_" in stdout or "sudo" in stdout
