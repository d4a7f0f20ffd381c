# SPDX-License-Identifier: BSD-2-Clause
"""The probes of a program as binutils sees them, and what became of them in a running process."""

import re
import struct
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SEMAPHORES = "asyncspan_semaphores"
NOP = b"\x90"


@dataclass(frozen=True)
class Probe:
    name: str
    site: int  # address in the file
    semaphore: int


@lru_cache
def probes_of(file):
    """The notes of provider asyncspan in an ELF file."""
    notes = _readelf("--notes", file)
    pattern = (
        r"Provider: asyncspan\s+Name: (\S+)\s+"
        r"Location: (0x[0-9a-f]+), Base: 0x[0-9a-f]+, Semaphore: (0x[0-9a-f]+)"
    )
    return [
        Probe(name, int(site, 16), int(semaphore, 16))
        for name, site, semaphore in re.findall(pattern, notes)
    ]


def _readelf(option, file):
    return subprocess.run(
        ["readelf", "--wide", option, str(file)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=20,
        check=True,
    ).stdout


@lru_cache
def _first_segment(file):
    """Address of the first loaded segment; 0 in a position-independent file."""
    segments = _readelf("--segments", file)
    return int(re.search(r"^\s*LOAD\s+0x0+\s+(0x[0-9a-f]+)", segments, re.M)[1], 16)


def load_bias(pid, file):
    """What to add to an address in the file for its address in the process; None: not mapped."""
    wanted = Path(file).stat()
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and int(fields[4]) == wanted.st_ino and int(fields[2], 16) == 0:
            return int(fields[0].split("-")[0], 16) - _first_segment(file)
    return None


def _read(pid, address, size):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)


def semaphores(pid, file):
    """(begin, flush, others, spare) of a file mapped in a process."""
    bias = load_bias(pid, file)
    assert bias is not None, f"{file} is not mapped in process {pid}"
    start = min(probe.semaphore for probe in probes_of(file))
    return struct.unpack("<4H", _read(pid, bias + start, 8))


def attached(pid, file):
    """A tracer listens to everything: begins, and suspend, resume and end."""
    bias = load_bias(pid, file)
    if bias is None:
        return False
    begin, _, others, _ = semaphores(pid, file)
    return begin > 0 and others > 0


def traces_left(pid, file):
    """What a tracer has left behind in a process: semaphores above 0, sites that are not a nop."""
    left = [f"semaphores {semaphores(pid, file)}"] if any(semaphores(pid, file)) else []
    bias = load_bias(pid, file)
    for probe in probes_of(file):
        byte = _read(pid, bias + probe.site, 1)
        if byte != NOP:
            left.append(f"{probe.name}: first byte {byte.hex()}")
    return left
