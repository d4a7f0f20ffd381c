#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Traces under another kernel: boots it in QEMU with an initial file system made of the build.
# Emulated, hence slow: for correctness, not for figures.
#
#	tests/kernels/run.sh [PACKAGE]		a kernel image package (the newest of Debian's 6.1)
#
# Last line: "N passed, N failed". Downloads go to build/kernels and are kept.
set -eu
cd "$(dirname "$0")/../.."

here=$PWD
cache=$here/build/kernels
boot_seconds=600

say() {
	printf '%s\n' "$*" >&2
}

need() {
	command -v "$1" >/dev/null || {
		say "tests/kernels: $1 is missing (try: apt-get install qemu-system-x86 busybox-static cpio)"
		exit 1
	}
}

# The image's vmlinuz, downloaded and unpacked once; never installed.
fetch_kernel() {
	mkdir -p "$cache"
	package=${1:-$(apt-cache search --names-only '^linux-image-6\.1\..*-cloud-amd64$' |
		cut -d' ' -f1 | sort -V | tail -1)}
	[ -n "$package" ] || { say "tests/kernels: no such kernel package (apt-get update?)"; exit 1; }
	if [ ! -d "$cache/$package" ]; then
		(cd "$cache" && apt-get download -q "$package" >&2)
		dpkg -x "$cache/$package"_*.deb "$cache/$package"
	fi
	ls "$cache/$package"/boot/vmlinuz-*
}

# Programs, and the shared objects that they are linked with, where they expect them.
make_root() {
	root=$cache/root
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/traced"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp tests/kernels/guest-init "$root/init"
	chmod +x "$root/init"
	cp build/asyncspan-trace build/tests/programs/*.so "$root/traced/"
	for program in basic tasks process plugins workload many lifecycle throughput; do
		cp "build/tests/programs/$program" "$root/traced/"
	done
	for file in "$root"/traced/*; do
		ldd "$file" | grep -o '/[^ ]*' || true
	done | grep -v "^$here" | sort -u | while read -r object; do
		mkdir -p "$root$(dirname "$object")"
		cp -L "$object" "$root$object"
	done
	(cd "$root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$cache/initrd.gz"
}

need qemu-system-x86_64
need cpio
need busybox
[ -x build/asyncspan-trace ] || { say "tests/kernels: nothing is built (try: make)"; exit 1; }
kernel=$(fetch_kernel "$@")
make_root
log=$cache/console.log
timeout $boot_seconds qemu-system-x86_64 -accel tcg -m 2048 -smp 2 -nographic -no-reboot \
	-kernel "$kernel" -initrd "$cache/initrd.gz" -append 'console=ttyS0 quiet panic=-1' \
	</dev/null >"$log" 2>&1 || say "tests/kernels: the guest ended badly: see $log"
tr -d '\r' <"$log" | grep -a -A40 -e '^KERNEL' | grep -a -v '^\[' || true
passed=$(grep -a -c '^CASE ok' "$log" || true)
failed=$(grep -a -c '^CASE failed' "$log" || true)
grep -a -q '^CASES DONE' "$log" || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
