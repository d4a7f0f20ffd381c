# SPDX-License-Identifier: BSD-2-Clause
"""How many bytes a call site of include/asyncspan.h adds to the code that runs while nobody traces.

    macro_bytes("gcc", "ASYNCSPAN_BEGIN")       one call in a small function
    example_bytes("clang")                      the mean over the call sites of examples/http

Counted are the instructions of all basic blocks but those that call into the header, which run only
while somebody traces; from them those of the same code without the macros are subtracted.
"""

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A section for each function: so that relocations of calls name it.
FLAGS = ["-O2", "-std=gnu11", "-ffunction-sections", "-I", ROOT / "include"]
MACROS = {
    "ASYNCSPAN_BEGIN": 'ASYNCSPAN_BEGIN(span, "x")',
    "ASYNCSPAN_SUSPEND": "ASYNCSPAN_SUSPEND(span)",
    "ASYNCSPAN_RESUME": "ASYNCSPAN_RESUME(span)",
    "ASYNCSPAN_END": "ASYNCSPAN_END(span)",
    "ASYNCSPAN_SCOPE": 'ASYNCSPAN_SCOPE("x")',
}
# Calls something before, as nearly all functions with a macro do: what lives across a call is in saved
# registers then, with the macro or without.
FUNCTION = """
#include <asyncspan.h>
int call(asyncspan_t *span, int (*work)(asyncspan_t *span));
int call(asyncspan_t *span, int (*work)(asyncspan_t *span))
{
	int done = work(span);

	%s;
	return done + work(span);
}
"""
CALL_SITE = re.compile(r"\bASYNCSPAN_(?:BEGIN|SPAWN|SUSPEND|RESUME|END|SCOPE)\w*\(")

SYMBOL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(\S*) *(.*)$")


def disassemble(file):
    """{function: [(address, length, mnemonic, operands, what the relocation names)]}, without those
    of the header itself and without what the compiler set apart as cold."""
    text = subprocess.run(["objdump", "-drw", file], capture_output=True, text=True, check=True,
                          timeout=30).stdout
    functions, current, cold = {}, None, False
    for line in text.splitlines():
        if line.startswith("Disassembly of section"):
            cold = "unlikely" in line
        symbol = SYMBOL.match(line)
        if symbol:
            hidden = cold or symbol[2].startswith("asyncspan_")
            current = None if hidden else functions.setdefault(symbol[2], [])
        instruction = INSTRUCTION.match(line)
        if instruction and current is not None:
            operands, _, relocation = instruction[4].partition("R_X86_64")
            current.append((int(instruction[1], 16), len(instruction[2].split()), instruction[3],
                            operands, relocation))
    return functions


def hot_bytes(instructions):
    """The length of a function without the blocks that call into the header."""
    jumps = [one for one in instructions if one[2].startswith("j") or one[2].startswith("ret")]
    leaders = {address + length for address, length, *_ in jumps}
    leaders |= {int(target, 16) for _, _, mnemonic, operands, _ in jumps
                for target in re.findall(r"^([0-9a-f]+) <", operands) if mnemonic != "ret"}
    total = block = 0
    traced = False
    for address, length, mnemonic, operands, relocation in instructions:
        if address in leaders:
            total += 0 if traced else block
            block, traced = 0, False
        padding = mnemonic in ("nop", "nopl", "nopw", "data16", "cs", "xchg")
        block += 0 if padding else length
        traced |= mnemonic == "call" and "asyncspan_" in operands + relocation
    return total + (0 if traced else block)


def compiled(compiler, source, *flags):
    """Hot bytes of all functions of a source file."""
    with tempfile.TemporaryDirectory(prefix="asyncspan-call-site-") as directory:
        out = Path(directory) / "object.o"
        subprocess.run([compiler, *FLAGS, *flags, "-c", source, "-o", out], check=True, timeout=60)
        return sum(hot_bytes(instructions) for instructions in disassemble(out).values())


def macro_bytes(compiler, macro):
    with tempfile.TemporaryDirectory(prefix="asyncspan-call-site-") as directory:
        source = Path(directory) / "call.c"
        sizes = []
        for statement in (MACROS[macro], "(void)span"):
            source.write_text(FUNCTION % statement)
            sizes.append(compiled(compiler, source))
        return sizes[0] - sizes[1]


def example_bytes(compiler):
    sources = sorted((ROOT / "examples" / "http").glob("*.c")) + [ROOT / "examples" / "http_server.c"]
    added = sum(compiled(compiler, source) - compiled(compiler, source, "-DASYNCSPAN_DISABLE")
                for source in sources)
    sites = sum(len(CALL_SITE.findall(source.read_text())) for source in sources)
    return added / sites
