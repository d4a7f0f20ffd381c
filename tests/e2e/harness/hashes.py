# SPDX-License-Identifier: BSD-2-Clause
"""The column `hash`, computed a second time: xxh32 chained over name, filename, target and line."""

import struct

MASK = 0xFFFFFFFF
PRIME = (2654435761, 2246822519, 3266489917, 668265263, 374761393)


def _rotate(value, bits):
    return (value << bits | value >> (32 - bits)) & MASK


def xxh32(data, seed):
    """XXH32 as its specification has it (doc/xxhash_spec.md of the xxHash project)."""
    at = 0
    if len(data) >= 16:
        lanes = [seed + PRIME[0] + PRIME[1], seed + PRIME[1], seed, seed - PRIME[0]]
        while len(data) - at >= 16:
            for lane, word in enumerate(struct.unpack_from("<4I", data, at)):
                lanes[lane] = _rotate((lanes[lane] + word * PRIME[1]) & MASK, 13) * PRIME[0] & MASK
            at += 16
        value = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
    else:
        value = seed + PRIME[4] & MASK
    value = value + len(data) & MASK
    while len(data) - at >= 4:
        (word,) = struct.unpack_from("<I", data, at)
        value = _rotate((value + word * PRIME[2]) & MASK, 17) * PRIME[3] & MASK
        at += 4
    for byte in data[at:]:
        value = _rotate((value + byte * PRIME[4]) & MASK, 11) * PRIME[0] & MASK
    value = (value ^ value >> 15) * PRIME[1] & MASK
    value = (value ^ value >> 13) * PRIME[2] & MASK
    return value ^ value >> 16


def callsite_hash(name, filename, target, line):
    value = 0
    for text in (name, filename, target):
        value = xxh32(text.encode(), value)
    return xxh32(struct.pack("<I", line), value)
