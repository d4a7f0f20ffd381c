# SPDX-License-Identifier: BSD-2-Clause
"""include/asyncspan.h in every way of building, traced: no span of any probe is missed."""

import subprocess
from pathlib import Path

import pytest

from harness import counters

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "header"
ROUNDS = 50
PROBES = ["begin", "begin_child", "begin_child_named", "begin_named",
          "spawn", "spawn_child", "spawn_child_named", "spawn_named"]  # fmt: skip

WAYS = {
    "gcc without optimisation": "gcc -O0",
    "gcc -O3": "gcc -O3",
    "gcc as C++": "g++ -O2 -x c++",
    "clang as C++": "clang++ -O2 -x c++",
    "gcc link-time optimised": "gcc -O2 -flto",
    "clang link-time optimised": "clang -O2 -flto -fuse-ld=lld",
    "clang thinly link-time optimised": "clang -O2 -flto=thin -fuse-ld=lld",
    "folded": "clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=all,--gc-sections",
    "not position independent": "gcc -O2 -fno-pie -no-pie",
    "static": "gcc -O2 -static",
    "static and position independent": "gcc -O2 -static-pie",
    "without the procedure linkage table": "gcc -O2 -fno-plt",
    "hidden": "gcc -O2 -fvisibility=hidden",
    "with control-flow protection": "gcc -O2 -fcf-protection=full",
    "stripped": "gcc -O2 -s",
    "address and undefined-behaviour sanitizers": "clang -O1 -fsanitize=address,undefined",
    "thread sanitizer": "gcc -O1 -fsanitize=thread",
    "musl": "musl-gcc -O2",
    "musl static": "musl-gcc -O2 -static",
}


def build(output, command, *sources):
    done = subprocess.run(
        [*command.split(), "-I", ROOT / "include", *sources, "-o", output],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return output


def check(recording, programs_rounds):
    """Every span is there: what the program counted, and each probe as often as it fired."""
    trace = recording.trace
    assert int(recording.stdout.split()[0]) == len(PROBES) * programs_rounds
    found = trace.sql("SELECT name, count(*), count(end_time) FROM async_spans GROUP BY 1 ORDER BY 1")
    assert found == [(name, programs_rounds, programs_rounds) for name in PROBES]
    assert trace.sql("SELECT DISTINCT depth, name LIKE '%child%' FROM async_spans "
                     "WHERE name <> 'begin' AND depth <> 1") == []
    assert counters.inconsistencies(trace) == {}


@pytest.mark.parametrize("way", WAYS)
def test_every_event_of_every_copy_of_a_probe_is_seen(tracer, scratch, way):
    """Two source files in one object."""
    program = build(scratch / "program", WAYS[way], SOURCES / "traced_main.c",
                    SOURCES / "traced_other.c")
    # ThreadSanitizer does not start with all layouts of addresses.
    before = ["setarch", "--addr-no-randomize"] if "thread" in way else []
    check(tracer.record(*before, program), 2 * ROUNDS)


@pytest.mark.parametrize("compiler", ["gcc", "clang", "musl-gcc"])
def test_an_object_that_is_linked_and_its_plugin_are_both_seen(tracer, scratch, compiler):
    """An executable, a shared object that it is linked with, and a plug-in that it opens: three
    objects with probes of their own, and for musl another dynamic linker."""
    flags = f"{compiler} -O2 -fPIC -shared"
    library = build(scratch / "libother.so", f"{flags} -Wl,-soname,libother.so",
                    SOURCES / "traced_other.c")
    plugin = build(scratch / "plugin.so", flags, SOURCES / "traced_other.c")
    program = build(scratch / "program", f"{compiler} -O2 -DWITH_PLUGIN -Wl,-rpath,{scratch}",
                    SOURCES / "traced_main.c", library, "-ldl")
    recording = tracer.record(program, plugin)
    check(recording, 2 * ROUNDS + 1)
    targets = recording.trace.sql(
        "SELECT target, count(*) FROM async_spans GROUP BY 1 ORDER BY 1")
    assert targets == [("libother.so", 8 * ROUNDS), ("plugin.so", 8), ("program", 8 * ROUNDS)]
