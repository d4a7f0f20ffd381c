# SPDX-License-Identifier: BSD-2-Clause
"""asyncspan.hpp: span objects from C++11 upward, and C++20 coroutines round any awaitable."""

import itertools
import subprocess

import pytest

from harness import stories

OBJECTS, AWAITABLES = "tests/header/objects.cpp", "tests/header/awaitables.cpp"
COMPILERS = ["g++", "clang++"]
LEVELS = ["-O0", "-O2"]
WAYS = ["-DASYNCSPAN_DISABLE", "-flto -fPIC -fvisibility=hidden"]


def runs(program):
    done = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler,standard", list(itertools.product(
    COMPILERS, ["c++11", "c++14", "c++17", "c++20"])))
def test_span_objects_compile_without_a_warning_and_do_nothing_untraced(scratch, compiler, standard):
    runs(stories.compile_program(scratch / "objects", OBJECTS, f"-std={standard}", "-O1",
                                 compiler=compiler))


@pytest.mark.parametrize("compiler,way,source", list(itertools.product(
    COMPILERS, WAYS, [OBJECTS, AWAITABLES])))
def test_both_compile_in_ways_that_users_build(scratch, compiler, way, source):
    runs(stories.compile_program(scratch / "program", source, "-std=c++20", "-O2", *way.split(),
                                 compiler=compiler))


@pytest.mark.parametrize("compiler,level", list(itertools.product(COMPILERS, LEVELS)))
def test_a_span_object_is_the_span_it_holds(tracer, scratch, compiler, level):
    program = stories.compile_program(scratch / "objects", OBJECTS, "-std=c++11", level,
                                      compiler=compiler)
    stories.check(tracer.record(program))


@pytest.mark.parametrize("compiler,level", list(itertools.product(
    COMPILERS, [["-O0"], ["-O2"], ["-O1", *stories.SANITIZERS]])))
def test_a_coroutine_awaits_what_it_can_and_is_entered_while_it_runs(tracer, scratch, compiler, level):
    program = stories.compile_program(scratch / "awaitables", AWAITABLES, "-std=c++20", *level,
                                      compiler=compiler)
    runs(program)
    stories.check(tracer.record(program))


def test_the_second_of_two_files_adds_no_second_definition(scratch):
    """Two objects of a program include everything; the linker finds each thing once."""
    source = scratch / "other.cpp"
    source.write_text("#include <asyncspan.hpp>\n#include <asyncspan/operations.h>\n")
    objects = []
    for name, path in (("one", stories.ROOT / AWAITABLES), ("two", source)):
        objects.append(scratch / f"{name}.o")
        subprocess.run(["g++", "-std=c++20", "-O2", f"-I{stories.ROOT}/include",
                        f"-I{stories.ROOT}/examples", "-c", path, "-o", objects[-1]],
                       timeout=60, check=True)
    subprocess.run(["g++", *objects, "-pthread", "-o", scratch / "both"], timeout=60, check=True)
    runs(scratch / "both")


def test_a_shared_object_with_coroutines_can_be_unloaded(scratch):
    """No symbol of the kind that is one per process and pins its library."""
    library = stories.compile_program(scratch / "library.so", AWAITABLES, "-std=c++20", "-O2",
                                      "-fPIC", "-shared", "-Wl,-z,defs", compiler="g++")
    symbols = subprocess.run(["readelf", "-sW", library], capture_output=True, text=True,
                             timeout=20, check=True).stdout
    pinning = [line for line in symbols.splitlines() if " UNIQUE " in line and "asyncspan" in line]
    assert pinning == []
