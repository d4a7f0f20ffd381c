# SPDX-License-Identifier: BSD-2-Clause
"""The probes in linked objects, read by binutils: exactly one note of each, on a 1-byte nop."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests" / "header"
SEMAPHORE_OF = {
    "begin": 0, "begin_named": 0, "begin_child": 0, "begin_child_named": 0,
    "spawn": 0, "spawn_named": 0, "spawn_child": 0, "spawn_child_named": 0,
    "suspend": 4, "resume": 4, "end": 4,
}  # fmt: skip
ARGUMENTS = ["8@%rdi", "8@%rsi", "8@%rdx", "8@%rcx", "8@%r8"]
ARGUMENTS_OF = {
    "begin": 2, "begin_named": 4, "begin_child": 3, "begin_child_named": 5,
    "spawn": 2, "spawn_named": 4, "spawn_child": 3, "spawn_child_named": 5,
    "suspend": 1, "resume": 1,
}  # fmt: skip

FILES = ["every_macro.c", "second_file.c"]

# name -> steps; {out} is the object, {dir} a scratch directory
BUILDS = {
    "gcc": ["gcc -O2 {files} -o {out}"],
    "gcc without optimisation": ["gcc -O0 {files} -o {out}"],
    "gcc not position independent": ["gcc -O2 -fno-pie -no-pie {files} -o {out}"],
    "gcc static": ["gcc -O2 -static {files} -o {out}"],
    "gcc shared": ["gcc -O2 -fPIC -shared {files} -o {out}"],
    "gcc link-time optimised": ["gcc -O2 -flto {files} -o {out}"],
    "gcc fat objects": [
        "gcc -O2 -flto -ffat-lto-objects -c {first} -o {dir}/1.o",
        "gcc -O2 -flto -ffat-lto-objects -c {second} -o {dir}/2.o",
        "gcc -O2 -flto {dir}/1.o {dir}/2.o -o {out}",
    ],
    "gcc relocatable first": [
        "gcc -O2 -c {first} -o {dir}/1.o",
        "gcc -O2 -c {second} -o {dir}/2.o",
        "ld -r {dir}/1.o {dir}/2.o -o {dir}/3.o",
        "gcc {dir}/3.o -o {out}",
    ],
    "clang": ["clang -O2 {files} -o {out}"],
    "clang and lld": ["clang -O2 -fuse-ld=lld {files} -o {out}"],
    "clang link-time optimised": ["clang -O2 -flto -fuse-ld=lld {files} -o {out}"],
    "clang static": ["clang -O2 -static -fuse-ld=lld {files} -o {out}"],
    "clang shared": ["clang -O2 -fPIC -shared -fuse-ld=lld {files} -o {out}"],
    "gcc static and position independent": ["gcc -O2 -static-pie {files} -o {out}"],
    "gcc without the procedure linkage table": ["gcc -O2 -fno-plt {files} -o {out}"],
    "gcc with control-flow protection": ["gcc -O2 -fcf-protection=full {files} -o {out}"],
    "gcc hidden": ["gcc -O2 -fvisibility=hidden -fPIC -shared {files} -o {out}"],
    "musl": ["musl-gcc -O2 {files} -o {out}"],
    "musl static": ["musl-gcc -O2 -static {files} -o {out}"],
    "C and C++ mixed": [
        "gcc -O2 -x c -c {first} -o {dir}/1.o",
        "clang++ -O2 -x c++ -Duse_macros_elsewhere=use_macros_in_cxx -c {second} -o {dir}/2.o",
        "gcc -O2 -x c -c {second} -o {dir}/3.o",
        "g++ {dir}/1.o {dir}/2.o {dir}/3.o -o {out}",
    ],
    "folded by gold": [
        "gcc -O2 -ffunction-sections -fuse-ld=gold -Wl,--icf=all {files} -o {out}"
    ],
    "folded by lld": [
        "clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=all {files} -o {out}"
    ],
    "folded safely by lld": [
        "clang -O2 -ffunction-sections -fuse-ld=lld -Wl,--icf=safe {files} -o {out}"
    ],
}


def run(command):
    done = subprocess.run(command.split(), capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(directory, steps):
    out = directory / "object"
    first, second = (SOURCES / name for name in FILES)
    for step in steps:
        compiles = step.split()[0] != "ld"
        run((step + (" -Iinclude" if compiles else "")).format(
            out=out, dir=directory, first=first, second=second, files=f"{first} {second}"))
    return out


NOTE = re.compile(r"Provider: (\S+)\s+Name: (\S+)\s+Location: (\w+), Base: (\w+), "
                  r"Semaphore: (\w+)\s+Arguments: ([^\n]*)")


def notes(path):
    """[(probe, site, base, semaphore, arguments)] of this provider, as readelf reads them."""
    found = NOTE.findall(run(f"readelf -nW {path}"))
    return [(probe, int(site, 16), int(base, 16), int(semaphore, 16), arguments.strip())
            for provider, probe, site, base, semaphore, arguments in found
            if provider == "asyncspan"]


def sections(path):
    """{name: (address, offset, size, flags)}"""
    line = re.compile(r"\[ *\d+\] (\S+) +\S+ +(\w+) (\w+) (\w+) \w+ +(\w*) ")
    return {name: (int(address, 16), int(offset, 16), int(size, 16), flags)
            for name, address, offset, size, flags in line.findall(run(f"readelf -SW {path}"))}


def segments(path):
    """[(address, file size, offset, flags)] of what is loaded."""
    line = re.compile(r"LOAD +(\w+) (\w+) \w+ (\w+) \w+ ([RWE ]{3})")
    return [(int(address, 16), int(size, 16), int(offset, 16), flags)
            for offset, address, size, flags in line.findall(run(f"readelf -lW {path}"))]


def in_file(path, address, wanted):
    """The offset in the file of an address in a segment that has these flags, and no others."""
    for start, size, offset, flags in segments(path):
        if start <= address < start + size:
            assert all((flag in flags) == (flag in wanted) for flag in "RWE"), flags
            return offset + address - start
    raise AssertionError(f"{address:#x} is not loaded from the file")


@pytest.fixture(scope="module", params=BUILDS)
def built(request, tmp_path_factory):
    return build(tmp_path_factory.mktemp("header"), BUILDS[request.param])


def test_every_probe_has_exactly_one_note_per_linked_object(built):
    assert sorted(note[0] for note in notes(built)) == sorted(SEMAPHORE_OF)


def test_every_probe_has_a_site_of_its_own_a_nop_of_one_byte_before_a_return(built):
    content = built.read_bytes()
    sites = {probe: site for probe, site, *_ in notes(built)}
    assert len(set(sites.values())) == len(SEMAPHORE_OF)
    for site in sites.values():
        offset = in_file(built, site, "RE")
        assert content[offset:offset + 2] == b"\x90\xc3"


def test_every_site_is_the_first_instruction_of_its_function(built):
    symbols = {name: int(address, 16) for address, name in
               re.findall(r"(\w+) .* FUNC .* asyncspan_probe_(\S+)", run(f"readelf -sW {built}"))}
    for probe, site, *_ in notes(built):
        assert symbols[probe] == site


def test_arguments_are_in_the_registers_of_the_calling_convention(built):
    for probe, _, _, _, arguments in notes(built):
        expected = " ".join(ARGUMENTS[:ARGUMENTS_OF[probe]]) if probe != "end" \
            else "8@%rdi -4@%esi"
        assert arguments == expected


def test_semaphores_are_one_aligned_group_that_the_kernel_can_count_in(built):
    address, offset, size, flags = sections(built)[".probes"]
    groups = {semaphore - SEMAPHORE_OF[probe] for probe, _, _, semaphore, _ in notes(built)}
    assert len(groups) == 1
    group = groups.pop()
    assert group % 8 == 0
    assert address <= group and group + 8 <= address + size
    place = in_file(built, group, "RW")
    assert built.read_bytes()[place:][:8] == bytes(8)
    # The kernel counts at the first address where this page of the file is mapped writable.
    page = place // 4096
    mapped = [start for start, size, offset, flags in segments(built)
              if "W" in flags and offset // 4096 <= page <= (offset + size - 1) // 4096]
    assert len(mapped) == 1


def test_notes_stay_when_everything_is_stripped(built, tmp_path):
    stripped = tmp_path / "stripped"
    run(f"strip -s {built} -o {stripped}")
    assert notes(stripped) == notes(built)


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld"])
def test_probes_that_are_used_stay_when_unused_functions_are_removed(tmp_path, linker):
    """gold leaves notes whose functions are gone: at address 0, where no nop can be."""
    source = tmp_path / "two_probes.c"
    source.write_text('#include <asyncspan.h>\n'
                      'int main(void)\n{\n\tasyncspan_t s;\n\tASYNCSPAN_BEGIN(&s, "x");\n'
                      '\tASYNCSPAN_END(&s);\n\treturn 0;\n}\n')
    out = tmp_path / "object"
    run(f"clang -O2 -ffunction-sections -fuse-ld={linker} -Wl,--gc-sections -Iinclude {source} "
        f"-o {out}")
    content = out.read_bytes()
    live = [note for note in notes(out) if note[1] != 0]
    assert {"begin", "end"} <= {note[0] for note in live}
    for _, site, *_ in live:
        offset = in_file(out, site, "RE")
        assert content[offset:offset + 2] == b"\x90\xc3"


def test_copies_that_thin_link_time_optimisation_leaves_all_have_notes(tmp_path):
    out = build(tmp_path, ["clang -O2 -flto=thin -fuse-ld=lld {files} -o {out}"])
    content = out.read_bytes()
    assert {note[0] for note in notes(out)} == set(SEMAPHORE_OF)
    assert len({note[3] for note in notes(out)}) == 2
    for _, site, *_ in notes(out):
        offset = in_file(out, site, "RE")
        assert content[offset:offset + 2] == b"\x90\xc3"
    calls = re.findall(r"^(\w+) .*<asyncspan_probe_\w+>:", run(f"objdump -d {out}"), re.M)
    assert {int(address, 16) for address in calls} <= {note[1] for note in notes(out)}


AARCH64 = {
    "without optimisation": ["aarch64-linux-gnu-gcc -O0 {files} -o {out}"],
    "optimised": ["aarch64-linux-gnu-gcc -O2 {files} -o {out}"],
    "link-time optimised": ["aarch64-linux-gnu-gcc -O2 -flto {files} -o {out}"],
    "static": ["aarch64-linux-gnu-gcc -O2 -static {files} -o {out}"],
    "shared": ["aarch64-linux-gnu-gcc -O2 -fPIC -shared {files} -o {out}"],
    "with branch protection": [
        "aarch64-linux-gnu-gcc -O2 -mbranch-protection=standard {files} -o {out}"
    ],
}


@pytest.mark.parametrize("way", AARCH64)
def test_on_aarch64_every_site_is_a_nop_before_a_return_with_arguments_in_registers(tmp_path, way):
    out = build(tmp_path, AARCH64[way])
    content = out.read_bytes()
    found = {note[0]: note[1:] for note in notes(out)}
    assert sorted(note[0] for note in notes(out)) == sorted(SEMAPHORE_OF)
    assert len({site for site, *_ in found.values()}) == len(SEMAPHORE_OF)
    for probe, (site, _, semaphore, arguments) in found.items():
        offset = in_file(out, site, "RE")
        assert content[offset:offset + 8] == b"\x1f\x20\x03\xd5\xc0\x03\x5f\xd6"
        count = ARGUMENTS_OF.get(probe)
        assert arguments == (" ".join(f"8@x{i}" for i in range(count)) if count else "8@x0 -4@x1")
        assert semaphore - SEMAPHORE_OF[probe] == found["begin"][2]


def test_a_disabled_object_has_no_probe_and_no_semaphore(tmp_path):
    out = build(tmp_path, ["gcc -O2 -DASYNCSPAN_DISABLE {files} -o {out}"])
    assert notes(out) == []
    assert ".probes" not in sections(out)
