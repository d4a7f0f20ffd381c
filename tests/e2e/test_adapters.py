# SPDX-License-Identifier: BSD-2-Clause
"""The adapters for asynchronous libraries: each example says itself what its spans are, and the trace
says the same; the library does what it does without them."""

import re
import subprocess

import pytest

from harness import stories
from harness.tracer import EXAMPLES

FOLDERS = ["tree/a/b", "tree/c", "other"]
FILES = {"first": b"one two three\n" * 700, "second": b"x", "empty": b"", "tree/a/b/file": b"abc",
         "tree/c/file": b"defg", "other/file": b"hi"}

# Example -> (arguments, of which those with a slash are below the test's directory; package).
RUNS = {
    "uv_checksum": (["/first", "/second", "/none", "/empty"], "libuv"),
    "event_upper": (["one", "two and more", "three"], "libevent"),
    "glib_hash": (["/first", "/none", "/second"], "gio-2.0"),
    "uring_copy": (["/first", "/copy"], "liburing"),
    "ucontext_tree": (["/tree", "/other", "/none"], None),
    "coroutine_words": (["/first", "/none", "/empty"], None),
}
SUFFIX = {"coroutine_words": "cpp"}
EDGES = {"uv": "libuv", "event": "libevent", "glib": "gio-2.0", "uring": "liburing"}

# Of each example's spans some that matter: name -> (parent, outcomes and statuses that occur).
EXPECTED = {
    "uv_checksum": {
        "checksum_file": ("-", {("ok", 0), ("error", -2)}),
        "uv_fs_open on_open": ("checksum_file", {("ok", 0), ("error", -2)}),
        "uv_fs_read on_read": ("checksum_file", {("ok", 0)}),
        "uv_queue_work sum_up": ("checksum_file", {("ok", 0)}),
        "uv_queue_work try_guess": ("-", {("ok", 0), ("cancelled", stories.CANCELLED)}),
        "uv_timer_start on_progress": ("-", {("ok", 0)}),
        "uv_timer_start on_too_late": ("-", {("cancelled", stories.CANCELLED)}),
    },
    "event_upper": {
        "bufferevent_setcb on_line": ("-", {("ok", 0)}),
        "answer": ("bufferevent_setcb on_line", {("ok", 0)}),
        "event_add retry": ("-", {("ok", 0)}),
        "event_add silent": ("-", {("error", 110)}),
        "event_add reminder": ("-", {("cancelled", stories.CANCELLED)}),
        "event_base_once on_start": ("main", {("ok", 0)}),
    },
    "glib_hash": {
        "g_task_new on_hash": ("hash files", {("ok", 0), ("error", 4),
                                              ("cancelled", stories.CANCELLED)}),
        "g_timeout_add on_tick": ("-", {("ok", 0)}),
        "g_source on_own_source": ("g_idle_add on_idle", {("ok", 0)}),
        "g_idle_add on_never": ("-", {("cancelled", stories.CANCELLED)}),
    },
    "uring_copy": {
        "read": ("copy_block", {("ok", 0)}),
        "write": ("copy_block", {("ok", 0)}),
        "timeout": ("-", {("ok", 0)}),
        "read of nothing": ("-", {("error", -9)}),
        "read that never ends": ("-", {("cancelled", stories.CANCELLED)}),
        "poll left behind": ("-", {("cancelled", stories.CANCELLED)}),
    },
    "ucontext_tree": {
        "walk": ("size up", {("ok", 0), ("cancelled", stories.CANCELLED)}),
    },
    "coroutine_words": {
        "count_all": ("main", {("ok", 0)}),
        "count_words": ("count_all", {("ok", 0), ("error", 1), ("error", 2)}),
        "read_file": ("count_words", {("ok", 0), ("error", 1)}),
        "given_up": ("main", {("cancelled", stories.CANCELLED)}),
    },
}


@pytest.fixture(scope="session")
def arguments(tmp_path_factory):
    """arguments("uv_checksum"): with files to work on."""
    root = tmp_path_factory.mktemp("adapters")
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    for name, content in FILES.items():
        (root / name).write_bytes(content)
    return lambda example: [
        f"{root}{word}" if word.startswith("/") else word for word in RUNS[example][0]
    ]


@pytest.mark.parametrize("example", RUNS)
def test_an_example_is_traced_as_what_it_says_of_itself(recorded, arguments, example):
    stories.check(recorded(EXAMPLES / example, *arguments(example)))


@pytest.mark.parametrize("example", RUNS)
def test_operations_lie_below_what_began_them_and_end_with_the_librarys_own_status(
        recorded, arguments, example):
    trace = recorded(EXAMPLES / example, *arguments(example)).trace
    names = {span.span_id: span.name for span in trace.spans} | {0: "-"}
    for name, (parent, ends) in EXPECTED[example].items():
        spans = trace.spans_named(name)
        assert {names[span.parent_span_id] for span in spans} == {parent}, name
        assert {(span.outcome, span.status) for span in spans} == ends, name


@pytest.mark.parametrize("example", ["uv_checksum", "glib_hash", "ucontext_tree"])
def test_work_done_on_other_threads_migrates(recorded, arguments, example):
    spans = recorded(EXAMPLES / example, *arguments(example)).trace.spans
    assert any(span.migrations > 0 and span.outcome == "ok" for span in spans)


@pytest.mark.parametrize("example", [name for name in RUNS if RUNS[name][1]])
def test_the_location_is_the_line_of_the_call(recorded, arguments, example):
    recording = recorded(EXAMPLES / example, *arguments(example))
    lines = (stories.ROOT / "examples" / f"{example}.c").read_text().splitlines()
    seen = 0
    for span in recording.trace.spans:
        function = re.match(r"(?:uv|event|bufferevent|g)_\w+", span.name)
        if function and span.name.split()[0] != "g_source":
            assert span.filename == f"examples/{example}.c"
            assert f"asyncspan_{function[0]}" in lines[span.line - 1], (span.name, span.line)
            seen += 1
    assert seen or example == "uring_copy"


def test_coroutines_are_found_by_function_and_file(recorded, arguments):
    recording = recorded(EXAMPLES / "coroutine_words", *arguments("coroutine_words"))
    lines = (stories.ROOT / "examples/coroutine_words.cpp").read_text().splitlines()
    for span in recording.trace.spans:
        assert span.filename == "examples/coroutine_words.cpp"
        # g++ gives the coroutine's last line, clang++ its first.
        first = next(n for n, line in enumerate(lines, 1) if re.search(rf"\b{span.name}\(", line))
        assert first <= span.line


def work_of(example, text):
    """What the program did, apart from its story, whose order and polls may differ."""
    return sorted(stories.told(text)[1])


@pytest.mark.parametrize("example", RUNS)
def test_an_example_does_the_same_untraced_traced_and_without_the_header(
        recorded, arguments, scratch, example):
    source = f"examples/{example}.{SUFFIX.get(example, 'c')}"
    standard = ("g++", "-std=c++20") if source.endswith("cpp") else ("gcc", "-std=gnu11")
    disabled = stories.compile_program(scratch / "disabled", source, standard[1],
                                       "-DASYNCSPAN_DISABLE", package=RUNS[example][1],
                                       compiler=standard[0])
    notes = subprocess.run(["readelf", "-n", disabled], capture_output=True, text=True, timeout=20,
                           check=True).stdout
    assert "asyncspan" not in notes
    results = [work_of(example, recorded(EXAMPLES / example, *arguments(example)).stdout)]
    for program in (EXAMPLES / example, disabled):
        done = subprocess.run([program, *arguments(example)], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        results.append(work_of(example, done.stdout))
    assert results[0] and results[0] == results[1] == results[2]


@pytest.mark.parametrize("example", RUNS)
def test_an_adapter_leaks_nothing_and_touches_nothing_that_is_gone(tracer, arguments, scratch,
                                                                   example):
    source = f"examples/{example}.{SUFFIX.get(example, 'c')}"
    standard = ("g++", "-std=c++20") if source.endswith("cpp") else ("gcc", "-std=gnu11")
    program = stories.compile_program(scratch / "sanitized", source, standard[1], "-O1",
                                      *stories.SANITIZERS, package=RUNS[example][1],
                                      compiler=standard[0])
    stories.check(tracer.record(program, *arguments(example)))


@pytest.mark.parametrize("library", EDGES)
def test_what_is_easily_wrong_is_right(tracer, scratch, library):
    program = stories.compile_program(scratch / "edges", f"tests/adapters/{library}_edges.c",
                                      "-std=gnu11", "-O1", *stories.SANITIZERS,
                                      package=EDGES[library])
    untraced = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert untraced.returncode == 0, untraced.stderr
    stories.check(tracer.record(program))


@pytest.mark.parametrize("library", [*EDGES, "ucontext"])
def test_an_adapter_needs_only_its_library(scratch, library):
    source = scratch / "alone.c"
    source.write_text(f"#include <asyncspan/{library}.h>\nint main(void)\n{{\n\treturn 0;\n}}\n")
    stories.compile_program(scratch / "alone", source, "-std=gnu11", package=EDGES.get(library))


@pytest.mark.parametrize("language", ["gcc -std=gnu11", "clang -std=gnu11",
                                      "gcc -std=c17 -D_GNU_SOURCE", "g++ -std=c++11",
                                      "g++ -std=c++20", "clang++ -std=c++11", "clang++ -std=c++20"])
@pytest.mark.parametrize("disabled", [[], ["-DASYNCSPAN_DISABLE"]], ids=["enabled", "disabled"])
def test_adapters_compile_without_a_warning(scratch, language, disabled):
    compiler, *flags = language.split()
    source = scratch / ("all.cpp" if "++" in compiler else "all.c")
    lines = [f"#include <asyncspan/{library}.h>" for library in [*EDGES, "ucontext"]]
    source.write_text("\n".join([*lines, "int main(void)", "{", "\treturn 0;", "}", ""]))
    stories.compile_program(scratch / "all", source, *flags, *disabled,
                            package=list(EDGES.values()), compiler=compiler)
