# SPDX-License-Identifier: BSD-2-Clause
"""The probes as an interface for other tools, as man/asyncspan.3 describes it: what it says of macros,
probes and layout is what the header has, and its bpftrace scripts work as they are printed there."""

import re
import subprocess

import pytest

from harness.tracer import ROOT

HEADER = ROOT / "include" / "asyncspan.h"
MAN_PAGE = ROOT / "man" / "asyncspan.3"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]

# In src/server.c, so that the scripts find it; by whose name each span goes and how often.
SERVER = """
#include <asyncspan.h>
#include <string.h>

void work_elsewhere(void);

int main(void)
{
	asyncspan_t span, child;
	const char *paths = "GET /users GET /";
	int i;

	for (i = 0; i < 5; i++) {
		ASYNCSPAN_BEGIN(&span, "request");
		ASYNCSPAN_BEGIN_CHILD(&child, &span, "query");
		ASYNCSPAN_END(&child);
		ASYNCSPAN_END(&span);
	}
	for (i = 0; i < 3; i++) {
		ASYNCSPAN_SPAWN(&span, "job");
		ASYNCSPAN_SPAWN_CHILD(&child, &span, "part");
		ASYNCSPAN_END_STATUS(&span, -1);
		ASYNCSPAN_END(&child);
	}
	for (i = 0; i < 4; i++) {
		ASYNCSPAN_BEGIN_NAMED(&span, "GET /users");
		ASYNCSPAN_BEGIN_NAMED_N(&child, paths + 11, 5);
	}
	work_elsewhere();
	return 0;
}
"""
ELSEWHERE = """
#include <asyncspan.h>

void work_elsewhere(void)
{
	asyncspan_t span;

	ASYNCSPAN_BEGIN(&span, "request");
	ASYNCSPAN_END(&span);
}
"""
TIMES = {"request": 5, "query": 5, "job": 3, "part": 3}
LINES = {name: number for number, line in enumerate(SERVER.lstrip().splitlines(), 1)
         for name in TIMES if f'"{name}"' in line}


def run(*arguments, **options):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def server(scratch):
    """./server of the man page, stripped."""
    (scratch / "src").mkdir()
    (scratch / "src" / "server.c").write_text(SERVER.lstrip())
    (scratch / "src" / "elsewhere.c").write_text(ELSEWHERE.lstrip())
    run("gcc", "-O2", f"-I{HEADER.parent}", "src/server.c", "src/elsewhere.c", "-o", "server", cwd=scratch)
    run("strip", "-s", "server", cwd=scratch)
    return scratch / "server"


def examples(heading):
    """The texts between .EX and .EE of a section or subsection, as they are printed."""
    section = re.split(r"^\.S[HS] ", MAN_PAGE.read_text(), flags=re.M)
    (text,) = [part for part in section if part.startswith(f"{heading}\n")]
    return [example.replace("\\-", "-") for example in re.findall(r"^\.EX\n(.*?)^\.EE", text, re.M | re.S)]


def probe_table():
    """The arguments of each probe, from the table of the man page."""
    (text,) = re.findall(r"^\.TS\n(.*?)^\.TE", MAN_PAGE.read_text(), re.M | re.S)
    rows = [line.split(";") for line in text.splitlines()[4:]]
    return {probe: arguments.split(", ") for probes, arguments in rows for probe in probes.split(", ")}


def notes(file):
    """name -> arguments, as readelf shows them; of each probe one note."""
    found = re.findall(r"Provider: asyncspan\s+Name: (\S+)\s+Location:.*\s+Arguments: (.*)",
                       run("readelf", "--wide", "-n", file))
    assert len(found) == len(dict(found))
    return {name: arguments.split() for name, arguments in found}


def bpftrace(script, server):
    """The maps that a script leaves: name -> {key: value}."""
    file = server.parent / "script.bt"
    file.write_text(script)
    output = run("bpftrace", "-c", "./server", file, cwd=server.parent)
    maps = {}
    for name, key, value in re.findall(r"^@(\w+)(?:\[(.*)\])?: (\d+)$", output, re.M):
        maps.setdefault(name, {})[key] = int(value)
    return maps


def test_the_man_page_has_every_macro_and_function_of_the_header():
    public = set(re.findall(r"^#define (ASYNCSPAN_(?!_)(?!H$)\w+)", HEADER.read_text(), re.M))
    public |= set(re.findall(r"^static inline .*\b(asyncspan_(?!_)\w+)\(", HEADER.read_text(), re.M))
    assert len(public) > 25
    synopsis, rest = MAN_PAGE.read_text().split(".SH DESCRIPTION")
    for name in public - {"ASYNCSPAN_CANCELLED"}:
        assert re.search(rf"\b{name}\b", synopsis), f"{name} is not in the synopsis"
    for name in public:
        assert re.search(rf"\b{name}\b", rest), f"{name} is not described"


def test_a_stripped_program_has_a_note_of_each_probe_with_the_arguments_of_the_man_page(server):
    table = probe_table()
    assert {name: len(arguments) for name, arguments in notes(server).items()} == {
        name: len(arguments) for name, arguments in table.items()
    }
    for name, arguments in notes(server).items():
        sizes = [argument.split("@")[0] for argument in arguments]
        assert sizes == ["-4" if what == "status" else "8" for what in table[name]]


def test_the_location_is_laid_out_as_the_man_page_says(scratch):
    (struct,) = [example for example in examples("PROBES") if "struct asyncspan_location" in example]
    (offsets,) = re.findall(r"^Its offsets are ([\d, and]+)\.$", MAN_PAGE.read_text(), re.M)
    fields = re.findall(r"(\w+);", struct)
    source = scratch / "layout.c"
    source.write_text(
        "#include <asyncspan.h>\n#include <stddef.h>\n"
        + struct.replace("struct asyncspan_location", "struct printed")
        + "".join(
            f'_Static_assert(offsetof(struct {name}, {field}) == {offset}, "{field}");\n'
            for name in ("asyncspan_location", "printed")
            for field, offset in zip(fields, re.findall(r"\d+", offsets), strict=True)
        )
        + '_Static_assert(sizeof(struct asyncspan_location) == sizeof(struct printed), "size");\n'
    )
    run("gcc", "-std=c11", f"-I{HEADER.parent}", "-c", source, "-o", scratch / "layout.o")


def test_the_idioms_of_the_man_page_compile(scratch):
    functions = "".join(
        f"int idiom_{number}(void)\n{{\n{example}\nreturn 0;\n}}\n"
        for number, example in enumerate(examples("IDIOMS"))
    )
    source = scratch / "idioms.c"
    source.write_text("""
#include <asyncspan.h>
#include <stdio.h>
struct thing { asyncspan_t span; int error; uint64_t span_id; const char *topic; };
static struct thing *r, *job, *m, *message;
static asyncspan_t reply, retry;
static int error;
static char name[64];
static const char *path;
static FILE *file;
void step(struct thing *), run(struct thing *), set(void);
void set(void) { r = job = m = message = NULL; error = 0; path = NULL; file = NULL; }
""" + functions)
    assert functions.count("idiom_") > 5
    for compiler, standard in (("gcc", "c11"), ("clang", "c11")):
        run(compiler, f"-std={standard}", *WARNINGS, "-Wno-missing-prototypes", "-O2",
            f"-I{HEADER.parent}", "-c", source, "-o", scratch / "idioms.o")


def test_bpftrace_lists_every_probe_of_a_stripped_program(permitted, server):
    listed = run("bpftrace", "-l", f"usdt:{server}:asyncspan:*").splitlines()
    assert sorted(line.rsplit(":", 1)[1] for line in listed) == sorted(probe_table())


def test_the_bpftrace_script_counts_by_location_and_leaves_other_files_out(permitted, server):
    (script,) = [example for example in examples("bpftrace") if "struct location {" in example]
    maps = bpftrace(script, server)
    assert maps["spans"] == {f"{name}, {LINES[name]}": times for name, times in TIMES.items()}
    assert set(maps["nanoseconds"]) == set(TIMES)
    assert all(time > 0 for time in maps["nanoseconds"].values())


def test_the_bpftrace_script_filters_by_a_name_made_at_run_time(permitted, server):
    (script,) = [example for example in examples("bpftrace") if "@users" in example]
    assert bpftrace(script, server) == {"users": {"": 4}}


def test_the_bpftrace_script_reads_names_with_and_without_a_length(permitted, server):
    (script,) = [example for example in examples("bpftrace") if "@names" in example]
    assert bpftrace(script, server) == {"names": {"GET /users": 4, "GET /": 4}}
