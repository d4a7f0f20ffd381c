#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the parts of `make test` and ends with one line of totals over all of them.

    tests/run-tests.py            all parts
    tests/run-tests.py unit e2e   some (see PARTS)

Every cmocka test, pytest test and static check counts as one, once per part that runs it. A program
that ends badly without saying which test failed counts as a failed test. Everything the parts print
goes to build/test.log, and to the screen only what failed. Exit status 0: nothing failed.

With CI=true nothing may be skipped; otherwise the end-to-end tests that trace are skipped, and reported
so, where the kernel does not let us load a BPF program.
"""

import contextlib
import functools
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
RESULTS = BUILD / "test-results"
PYTHON = BUILD / "venv" / "bin" / "python"
CI = os.environ.get("CI") == "true"
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,possible", "--suppressions=tests/valgrind.supp"]


@dataclass
class Result:
    name: str
    outcome: str  # passed, failed or skipped
    detail: str = ""


class Log:
    """build/test.log: each command with all that it printed."""

    def __init__(self):
        BUILD.mkdir(exist_ok=True)
        self.lock = threading.Lock()
        self.file = open(BUILD / "test.log", "w", encoding="utf-8", errors="replace")

    def write(self, text):
        with self.lock:
            self.file.write(text if text.endswith("\n") else text + "\n")
            self.file.flush()


LOG = Log()


def run(command, timeout, env=None):
    """Runs one command, logs it; returns (exit status, everything it printed)."""
    try:
        done = subprocess.run(command, cwd=ROOT, timeout=timeout, env={**os.environ, **(env or {})},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        status = "timeout"
        output = (expired.stdout or b"") + f"\nstopped after {timeout} s".encode()
    output = output.decode("utf-8", "replace")
    LOG.write(f"\n$ {shlex.join(map(str, command))}\n{output}[exit status {status}]")
    return status, output


def check(name, command, timeout=580):
    """A static check or a build: one command that must succeed, in silence or not."""
    status, output = run(command, timeout)
    return Result(name, "passed") if status == 0 else Result(name, "failed", output)


def make(name, *targets):
    return check(name, ["make", "--keep-going", f"-j{os.cpu_count()}", *targets])


def read_junit(path):
    """The tests in one JUnit file, which cmocka and pytest both write."""
    results = []
    for case in ElementTree.parse(path).iter("testcase"):
        module = case.get("classname")
        name = f"{module}: {case.get('name')}" if module else case.get("name")
        trouble = [child for child in case if child.tag in ("failure", "error")]
        if trouble:
            detail = "\n".join((item.get("message") or "") + "\n" + (item.text or "")
                               for item in trouble)
            results.append(Result(name, "failed", detail.strip()))
        elif case.find("skipped") is not None:
            results.append(Result(name, "skipped", case.find("skipped").get("message") or ""))
        else:
            results.append(Result(name, "passed"))
    return results


def read_all(paths, owner, status, output):
    """Results of one test program; its bad end is a failed test even if its files say otherwise."""
    results = []
    for path in paths:
        try:
            results += read_junit(path)
        except ElementTree.ParseError as error:
            results.append(Result(f"{owner}: {path.name}", "failed", f"unreadable: {error}"))
    for result in results:
        result.name = f"{owner}: {result.name}"
    if not results:
        results.append(Result(owner, "failed", f"no test ran, exit status {status}\n{output}"))
    elif status != 0 and all(result.outcome != "failed" for result in results):
        results.append(Result(owner, "failed", f"exit status {status}\n{output}"))
    return results


def unit_program(program, part, wrapper, env):
    folder = RESULTS / part
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{program.name}.*.xml"):
        old.unlink()
    status, output = run([*wrapper, program], timeout=280, env={
        **env, "CMOCKA_MESSAGE_OUTPUT": "xml",
        "CMOCKA_XML_FILE": str(folder / f"{program.name}.%g.xml")})
    files = sorted(folder.glob(f"{program.name}.*.xml"))
    return read_all(files, program.name, status, output)


def unit_programs(part, build=BUILD, wrapper=(), env=None, only="test_*"):
    """Each cmocka program of one build, as many at a time as there are processors."""
    sources = sorted(ROOT.glob(f"tests/unit/{only}.c"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lists = pool.map(lambda source: unit_program(build / "tests" / "unit" / source.stem, part,
                                                     wrapper, env or {}), sources)
        return [result for results in lists for result in results]


@functools.cache
def as_root():
    """What to put before a command that needs privileges. Where they cannot be had nothing, and the
    end-to-end tests say themselves what they must skip."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"] if CI or not sys.stdin.isatty() else ["sudo"]
    with contextlib.suppress(OSError):
        if subprocess.run([*sudo, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return sudo
    return []


def pytest(part, tracer=None, marker=None, patience=1):
    """End-to-end tests, with the privileges that tracing needs; patience stretches their limits."""
    report = RESULTS / f"{part}.xml"
    report.unlink(missing_ok=True)
    settings = {"PYTHONDONTWRITEBYTECODE": "1", "CI": os.environ.get("CI", ""),
                "ASYNCSPAN_TEST_PATIENCE": patience, **SANITIZERS}
    if tracer:
        settings["ASYNCSPAN_TRACE"] = tracer
    command = [*as_root(), "env", *(f"{name}={value}" for name, value in settings.items()), PYTHON,
               "-m", "pytest", "-p", "no:cacheprovider", "-q", "-ra", f"--junitxml={report}",
               "-o", "tmp_path_retention_policy=failed",
               *(["-m", marker] if marker else []), "tests/e2e"]
    status, output = run(command, timeout=1500)
    return read_all([report] if report.exists() else [], part, status, output)


def part_build():
    return [make("gcc builds everything without a warning", "programs", "each-source")]


def part_lint():
    return [make(name, target) for name, target in (
        ("clang-format has nothing to change", "lint-format"),
        ("licence lines and line ends are in order", "lint-text"),
        ("mandoc finds nothing in the man pages", "lint-man"),
        ("cppcheck finds nothing", "lint-cppcheck"),
        ("clang-tidy finds nothing", "lint-tidy"))]


def part_clang():
    return [make("clang builds everything without a warning", "build-clang")]


def part_install():
    """What `make install` leaves is enough to build an application."""
    target = BUILD / "install-test"
    prefix = target / "usr"
    shutil.rmtree(target, ignore_errors=True)
    installed = make("make install succeeds", "install", f"DESTDIR={target}", "PREFIX=/usr")
    if installed.outcome == "failed":
        return [installed]
    return [
        installed,
        check("the installed program runs", [prefix / "bin" / "asyncspan-trace", "--version"]),
        check("an application builds with the installed header alone",
              ["gcc", f"-I{prefix}/include", ROOT / "examples" / "named_spans.c", "-pthread", "-o",
               target / "named_spans"]),
        check("the installed pkg-config file names the header's directory",
              ["grep", "-qx", "prefix=/usr", prefix / "share" / "pkgconfig" / "asyncspan.pc"]),
        check("the installed manual page is there", ["test", "-f", prefix / "share" / "man" / "man1" /
                                                     "asyncspan-trace.1"])]


def part_unit():
    return unit_programs("unit")


def part_unit_sanitizers():
    built = make("clang builds with ASan and UBSan", "build-asan")
    if built.outcome == "failed":
        return [built]
    return [built, *unit_programs("unit-sanitizers", BUILD / "asan", env=SANITIZERS)]


def part_unit_valgrind():
    return unit_programs("unit-valgrind", wrapper=VALGRIND, env={"ASYNCSPAN_STEPS": "200000"})


def part_fuzz():
    """A short search, the same each time; `make fuzz` is the long one."""
    return [make("the reader of files takes 60,000 inputs of a fuzzer", "fuzz", "FUZZ_RUNS=60000")]


def part_coverage():
    """The model's rules, line by line and branch by branch, by the tests of the rules alone."""
    coverage = BUILD / "coverage"
    for old in coverage.glob("**/*.gcda"):
        old.unlink()
    built = make("gcc builds the tests of the rules with --coverage", "build-coverage")
    if built.outcome == "failed":
        return [built]
    results = unit_programs("coverage", coverage, only="test_rules*")
    gate = check("every line and branch of model/ is reached", [
        PYTHON, "-m", "gcovr", "--root", ROOT, "--filter", f"{ROOT}/model/", "--txt",
        "--fail-under-line", "100", "--fail-under-branch", "100", coverage])
    return [built, *results, gate]


def part_e2e():
    return pytest("e2e")


def part_e2e_sanitizers():
    return pytest("e2e-sanitizers", BUILD / "asan" / "asyncspan-trace", "sanitizers", patience=4)


def part_e2e_valgrind():
    """A tracer that ends by a signal has no exit status to tell of errors: valgrind's logs do."""
    logs = BUILD / "valgrind"
    logs.mkdir(exist_ok=True)
    for old in logs.glob("*.log"):
        old.unlink()
    results = pytest("e2e-valgrind", ROOT / "tests" / "run-under-valgrind.sh",
                     "sanitizers and not traces_itself", patience=10)
    if any(result.outcome == "passed" for result in results):
        results.append(check("valgrind finds no error in any run of the tracer",
                             [ROOT / "tests" / "check-valgrind-logs.sh", logs]))
    return results


PARTS = {
    "build": part_build,
    "lint": part_lint,
    "clang": part_clang,
    "install": part_install,
    "unit": part_unit,
    "unit-sanitizers": part_unit_sanitizers,
    "unit-valgrind": part_unit_valgrind,
    "fuzz": part_fuzz,
    "coverage": part_coverage,
    "e2e": part_e2e,
    "e2e-sanitizers": part_e2e_sanitizers,
    "e2e-valgrind": part_e2e_valgrind,
}

# Parts that only read the sources.
STATIC = ("lint", "clang")


def totals(results):
    count = {outcome: sum(result.outcome == outcome for result in results)
             for outcome in ("passed", "failed", "skipped")}
    return f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"


def nothing_skipped(result):
    if result.outcome != "skipped":
        return result
    return Result(result.name, "failed", f"skipped, which CI=true does not allow: {result.detail}")


def show(part, results, seconds):
    lines = [f"{part:16} {totals(results):40} {seconds:6.1f} s"]
    for result in results:
        if result.outcome == "failed":
            lines.append(f"  FAILED {result.name}")
            lines += [f"    {line}" for line in result.detail.splitlines()[-40:]]
        elif result.outcome == "skipped":
            lines.append(f"  skipped {result.name}: {result.detail}")
    say("\n".join(lines))


def say(text):
    print(text, flush=True)
    LOG.write(text)


def run_part(name):
    begin = time.monotonic()
    results = PARTS[name]() or [Result(name, "failed", "no test found")]
    if CI:
        results = [nothing_skipped(result) for result in results]
    show(name, results, time.monotonic() - begin)
    return results


def run_patiently(names):
    """Of this thread, and what it starts: only what the others leave of the processors."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    return [result for name in names for result in run_part(name)]


def run_parts(wanted):
    """The build comes first. End-to-end tests mostly wait: the static parts fill the gaps."""
    results = run_part("build") if "build" in wanted else []
    if any(result.outcome == "failed" for result in results):
        return results
    with ThreadPoolExecutor(1) as pool:
        static = pool.submit(run_patiently, [name for name in wanted if name in STATIC])
        for name in wanted:
            if name != "build" and name not in STATIC:
                results += run_part(name)
        return results + static.result()


def main():
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"run-tests.py: no part {unknown[0]!r}; the parts are: {' '.join(PARTS)}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = run_parts(wanted)
    say(totals(results))
    sys.exit(any(result.outcome == "failed" for result in results))


if __name__ == "__main__":
    main()
