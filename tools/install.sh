#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# install.sh BUILD VERSION DESTDIR PREFIX: program, headers, manual pages and pkg-config file below
# DESTDIR/PREFIX. `make install` calls it.
set -eu
cd "$(dirname "$0")/.."
build=$1 version=$2 prefix=$4
root=$3$prefix

install -d "$root/bin" "$root/share/pkgconfig"
install -m 755 "$build/asyncspan-trace" "$root/bin/"

(cd include && find . -name '*.h' -o -name '*.hpp') | while read -r header; do
	install -D -m 644 "include/$header" "$root/include/$header"
done

for page in man/*.[1-9]; do
	[ -e "$page" ] || continue
	install -D -m 644 "$page" "$root/share/man/man${page##*.}/${page##*/}"
done

cat >"$root/share/pkgconfig/asyncspan.pc" <<END
prefix=$prefix
includedir=\${prefix}/include

Name: asyncspan
Description: USDT instrumentation header for asynchronous spans, traced by asyncspan-trace
Version: $version
Cflags: -I\${includedir}
END
