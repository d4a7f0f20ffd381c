#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every source file says its licence in the first lines; no trailing space, no carriage return, and a
# newline at the end of each text file. Prints what is wrong and where; exit status 1 if anything is.
set -u
cd "$(dirname "$0")/.."
bad=0

complain() {
	echo "$1: $2"
	bad=1
}

files=$(git ls-files --cached --others --exclude-standard)
for file in $files; do
	[ -f "$file" ] && grep -qI . "$file" || continue
	case "$file" in
	*.c | *.h | *.cpp | *.hpp | *.py | *.sh | */Makefile | Makefile | .clang-* | .ci/*)
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
			complain "$file" "no SPDX-License-Identifier in the first three lines"
		;;
	esac
	case "$file" in
	bpf/* | model/*)
		head -n 3 "$file" | grep -q 'GPL-2.0-only OR BSD-2-Clause' ||
			complain "$file" "not under (GPL-2.0-only OR BSD-2-Clause)"
		;;
	esac
	line=$(grep -nE '[[:space:]]+$' "$file" | head -n 1 | cut -d: -f1)
	[ -z "$line" ] || complain "$file:$line" "space at the end of a line"
	[ -z "$(tail -c 1 "$file")" ] || complain "$file" "no newline at the end"
done
exit $bad
