#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check-valgrind-logs.sh FOLDER: prints the logs in it that count errors, and ends with status 1 if
# there is one, or none that counts to 0. (The log of a child that became another program ends without
# a count.)
set -u
bad=1
for log in "$1"/*.log; do
	if grep -q 'ERROR SUMMARY: 0 errors' "$log"; then
		[ $bad = 2 ] || bad=0
	elif grep -q 'ERROR SUMMARY' "$log"; then
		grep -v 'WARNING: unhandled eBPF command' "$log"
		bad=2
	fi
done
exit $bad
