# SPDX-License-Identifier: BSD-2-Clause
"""Asks the kernel itself, not the tracer: may we use BPF, and which programs are loaded."""

import contextlib
import ctypes
import errno
import glob
import os
import platform
import re
import struct
from pathlib import Path

SYSTEM_CALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, PROG_GET_NEXT_ID = 5, 11
TYPE_KPROBE = 2
PROGRAM_ID = re.compile(rb"^prog_id:\s*(\d+)$", re.M)
# r0 = 0; exit
RETURN_0 = bytes.fromhex("b700000000000000" "9500000000000000")

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = _libc.syscall(SYSTEM_CALL, command, buffer, len(attributes))
    return result, ctypes.get_errno() if result < 0 else 0, buffer.raw


def load_program():
    """The descriptor of a program for uprobes that does nothing; OSError where it may not be."""
    instructions = ctypes.create_string_buffer(RETURN_0, len(RETURN_0))
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "=IIQQ", TYPE_KPROBE, 2, ctypes.addressof(instructions), ctypes.addressof(licence)
    )
    descriptor, error, _ = _bpf(PROG_LOAD, attributes.ljust(128, b"\0"))
    if descriptor < 0:
        raise OSError(error, os.strerror(error))
    return descriptor


def why_not():
    """Why programs for uprobes cannot be loaded here; None if they can."""
    try:
        os.close(load_program())
    except OSError as error:
        return f"bpf(BPF_PROG_LOAD): {error.strerror}"
    return None


def program_ids():
    """The ids of all programs loaded now."""
    found, last = set(), 0
    while True:
        attributes = struct.pack("=III", last, 0, 0).ljust(128, b"\0")
        result, error, buffer = _bpf(PROG_GET_NEXT_ID, attributes)
        if result < 0:
            assert error == errno.ENOENT, os.strerror(error)
            return found
        last = struct.unpack_from("=I", buffer, 4)[0]
        found.add(last)


def programs_without_holder(ids, processes="/proc/[0-9]*"):
    """Those of the programs that no process has open, itself or by a link: pinned or leaked."""
    if not ids:
        return set()
    held = set()
    for information in glob.iglob(f"{processes}/fdinfo/*"):
        with contextlib.suppress(OSError):
            held |= {int(number) for number in PROGRAM_ID.findall(Path(information).read_bytes())}
    # What has gone meanwhile was not left.
    return (ids - held) & program_ids()
