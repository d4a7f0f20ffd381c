# SPDX-License-Identifier: BSD-2-Clause
"""Asks the kernel itself, not the tracer: may we use BPF, and which programs are loaded."""

import ctypes
import errno
import json
import os
import platform
import struct
import subprocess

SYSTEM_CALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, PROG_GET_NEXT_ID = 5, 11
TYPE_KPROBE = 2
# r0 = 0; exit
RETURN_0 = bytes.fromhex("b700000000000000" "9500000000000000")

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = _libc.syscall(SYSTEM_CALL, command, buffer, len(attributes))
    return result, ctypes.get_errno() if result < 0 else 0, buffer.raw


def why_not():
    """Why programs for uprobes cannot be loaded here; None if they can."""
    instructions = ctypes.create_string_buffer(RETURN_0, len(RETURN_0))
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "=IIQQ", TYPE_KPROBE, 2, ctypes.addressof(instructions), ctypes.addressof(licence)
    )
    descriptor, error, _ = _bpf(PROG_LOAD, attributes.ljust(128, b"\0"))
    if descriptor < 0:
        return f"bpf(BPF_PROG_LOAD): {os.strerror(error)}"
    os.close(descriptor)
    return None


def program_ids():
    """The ids of all programs loaded now."""
    found, last = set(), 0
    while True:
        result, error, buffer = _bpf(PROG_GET_NEXT_ID, struct.pack("=III", last, 0, 0).ljust(128, b"\0"))
        if result < 0:
            assert error == errno.ENOENT, os.strerror(error)
            return found
        last = struct.unpack_from("=I", buffer, 4)[0]
        found.add(last)


def programs_without_holder(ids):
    """Those of the programs that stay loaded although no process holds them: pinned or leaked."""
    if not ids:
        return []
    listing = subprocess.run(
        ["bpftool", "--json", "prog", "show"],
        env=os.environ | {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"},
        capture_output=True,
        timeout=30,
        check=True,
    )
    return [
        program
        for program in json.loads(listing.stdout)
        if program["id"] in ids and not program.get("pids")
    ]
