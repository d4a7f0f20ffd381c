#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The tracer under valgrind, for end-to-end tests: ASYNCSPAN_TRACE=tests/run-under-valgrind.sh.
# A command that it starts is not run under valgrind. Errors and leaks make the exit status 99.
exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
	"$(dirname "$0")/../build/asyncspan-trace" "$@"
