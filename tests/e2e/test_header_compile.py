# SPDX-License-Identifier: BSD-2-Clause
"""include/asyncspan.h in every compiler, standard and way of building, without tracing."""

import itertools
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "header"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
LEVELS = ["-O0", "-O1", "-O2", "-O3"]
C = list(itertools.product(["gcc", "clang"], ["c11", "c17", "gnu2x"]))
CXX = list(itertools.product(["g++", "clang++"], ["c++11", "c++14", "c++17", "c++20"]))

# Ways of building that change what the compiler or the linker does with the header's assembly.
WAYS = [
    "-DASYNCSPAN_DISABLE",
    '-DASYNCSPAN_TARGET="module"',
    "-fno-pie -no-pie",
    "-fPIE -pie",
    "-static",
    "-static-pie",
    "-fno-plt",
    "-fvisibility=hidden",
    "-fcf-protection",
    "-flto",
    "-ffunction-sections -fdata-sections -Wl,--gc-sections",
    "-masm=intel",
    "-mcmodel=large",
    "-fsanitize=address,undefined",
    "-fsanitize=thread",
    "-fstack-protector-all -D_FORTIFY_SOURCE=2",
    "-fno-asynchronous-unwind-tables -fomit-frame-pointer",
    "-s",
]
WAYS_OF_CLANG = ["-flto -fuse-ld=lld", "-flto=thin -fuse-ld=lld"]
# Another C library, and another processor: without -fcf-protection and the like, which are x86's.
MUSL = [("musl-gcc", flags) for flags in
        ["-std=c11 -O0", "-std=c17 -O2", "-std=gnu2x -O3", "-O2 -static", "-O2 -flto", "-O2 -s"]]
AARCH64 = [("aarch64-linux-gnu-gcc", flags) for flags in
           ["-std=c11 -O0", "-std=c11 -O2", "-std=c17 -O3", "-std=gnu2x -O1", "-O2 -static",
            "-O2 -flto", "-O2 -fno-pie -no-pie", "-O2 -fno-plt -fvisibility=hidden",
            "-O2 -mbranch-protection=standard", "-O2 -s"]]


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=60, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def language(compiler):
    return ["-x", "c++"] if compiler.endswith("++") else ["-x", "c"]


def build(output, compiler, *flags):
    """Two source files into one program; what the compiler says is a failure."""
    status, said = run(compiler, *language(compiler), *WARNINGS, *flags, "-Iinclude",
                       SOURCES / "every_macro.c", SOURCES / "second_file.c", "-o", output)
    return output, status, said


def runs(program, *before):
    status, said = run(*before, program)
    assert (status, said) == (0, "")


STANDARDS = [(compiler, f"-std={standard} {level}")
             for compiler, standard in C + CXX for level in LEVELS]
IN_WAYS = [(compiler, f"-O2 {way}")
           for compiler in ["gcc", "clang", "g++", "clang++"] for way in WAYS]
IN_WAYS += [(compiler, f"-O2 {way}") for compiler in ["clang", "clang++"] for way in WAYS_OF_CLANG]


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """All programs, built on all cores at once: (compiler, flags) -> what build() returns."""
    directory = tmp_path_factory.mktemp("programs")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {case: pool.submit(build, directory / str(number), case[0], *case[1].split())
               for number, case in enumerate(STANDARDS + IN_WAYS + MUSL + AARCH64)}


@pytest.mark.parametrize("compiler,flags", STANDARDS)
def test_it_compiles_without_a_warning_and_does_nothing_untraced(builds, compiler, flags):
    program, status, said = builds[compiler, flags].result()
    assert (status, said) == (0, "")
    runs(program)


@pytest.mark.parametrize("compiler,flags", IN_WAYS)
def test_it_compiles_in_ways_that_users_build(builds, compiler, flags):
    program, status, said = builds[compiler, flags].result()
    assert (status, said) == (0, "")
    # ThreadSanitizer does not start with all layouts of addresses.
    runs(program, *(["setarch", "--addr-no-randomize"] if "thread" in flags else []))


@pytest.mark.parametrize("compiler,flags", MUSL)
def test_it_compiles_and_runs_with_the_c_library_musl(builds, compiler, flags):
    program, status, said = builds[compiler, flags].result()
    assert (status, said) == (0, "")
    runs(program)


@pytest.mark.parametrize("compiler,flags", AARCH64)
def test_it_compiles_and_runs_on_aarch64(builds, compiler, flags):
    program, status, said = builds[compiler, flags].result()
    assert (status, said) == (0, "")
    runs(program, "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("standard,level", [("c++11", "-O2"), ("c++17", "-O0"), ("c++20", "-O2")])
def test_scopes_and_polls_end_when_left_by_an_exception(tmp_path, compiler, standard, level):
    program = tmp_path / "program"
    status, said = run(compiler, f"-std={standard}", level, "-Wall", "-Wextra", "-Wshadow",
                       "-Werror", "-Iinclude", SOURCES / "left_by_exception.cpp", "-o", program)
    assert (status, said) == (0, "")
    runs(program)


MISTAKES = {
    "a handle that is none": "int x; ASYNCSPAN_BEGIN(&x, \"x\");",
    "a handle by value": "asyncspan_t s = { 0 }; ASYNCSPAN_SUSPEND(s);",
    "a name that is no literal": "asyncspan_t s; const char *n = \"x\"; ASYNCSPAN_BEGIN(&s, n);",
    "a number as name": "asyncspan_t s; ASYNCSPAN_BEGIN_NAMED(&s, 1.5);",
    "a status that is none": "asyncspan_t s = { 0 }; ASYNCSPAN_END_STATUS(&s, \"x\");",
    "a parent by value": "asyncspan_t s, p = { 0 }; ASYNCSPAN_BEGIN_CHILD(&s, p, \"x\");",
    "a location by value": "ASYNCSPAN_LOCATION(l, \"x\"); asyncspan_t s; ASYNCSPAN_BEGIN_AT(&s, l);",
    "a poll of no handle": "int x = 0; ASYNCSPAN_POLL(&x) { x++; }",
    "a scope with no literal": "const char *n = \"x\"; ASYNCSPAN_SCOPE(n);",
}


@pytest.mark.parametrize("disabled", [[], ["-DASYNCSPAN_DISABLE"]], ids=["enabled", "disabled"])
@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "clang++"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_arguments_of_a_wrong_type_are_refused(tmp_path, compiler, mistake, disabled):
    source = tmp_path / "mistake.c"
    text = "#include <asyncspan.h>\nint main(void)\n{\n\t%s\n\treturn 0;\n}\n"

    def status_of(statement):
        source.write_text(text % statement)
        return run(compiler, *language(compiler), "-Werror", *disabled, "-Iinclude", "-fsyntax-only",
                   source)[0]

    assert status_of(";") == 0
    assert status_of(MISTAKES[mistake]) != 0


def test_strings_of_a_target_that_is_no_string_are_refused(tmp_path):
    source = tmp_path / "mistake.c"
    source.write_text("#include <asyncspan.h>\nASYNCSPAN_LOCATION(l, \"x\");\n")
    status, _ = run("gcc", "-DASYNCSPAN_TARGET=module", "-Iinclude", "-fsyntax-only", source)
    assert status != 0
