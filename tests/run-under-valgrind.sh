#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The tracer under valgrind, for end-to-end tests: ASYNCSPAN_TRACE=tests/run-under-valgrind.sh. What
# valgrind finds goes to build/valgrind/PID.log, apart from what the tracer itself says, and makes the
# exit status 99. A command that the tracer starts does not run under valgrind.
tests=$(dirname "$0")
logs=$tests/../build/valgrind
mkdir -p "$logs"
exec valgrind --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
	--suppressions="$tests/valgrind.supp" --log-file="$logs/%p.log" \
	"$tests/../build/asyncspan-trace" "$@"
