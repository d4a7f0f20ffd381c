#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what building, testing and measuring need and this machine (Debian 12 or a descendant) lacks:
# packages with apt-get, the Python readers of the tests into build/venv. Quick when nothing is missing.
set -eu
cd "$(dirname "$0")/.."

packages="gcc g++ libc6-dev clang libclang-rt-dev lld llvm bpftool libbpf-dev libelf-dev zlib1g-dev libzstd-dev liblz4-dev
	libxxhash-dev uuid-dev libcap-dev libjansson-dev libcmocka-dev
	pkg-config libuv1-dev libevent-dev libglib2.0-dev liburing-dev
	clang-format clang-tidy cppcheck mandoc valgrind libc6-dbg bpftrace
	musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
	python3 python3-venv ca-certificates"
requirements=tests/requirements.txt
venv=build/venv
stamp=$venv/requirements.installed

fail() {
	echo "make deps: $*" >&2
	exit 1
}

missing_packages() {
	installed=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' $packages 2>/dev/null || true)"
	for package in $packages; do
		case "$installed" in
		*" ii $package "*) ;;
		*) printf ' %s' "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

install_packages() {
	echo "  APT     $1"
	as_root apt-get -qq update >build/apt.log 2>&1 || true
	# shellcheck disable=SC2086 # a list of words
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
		-o DPkg::Lock::Timeout=120 $1 >>build/apt.log 2>&1 ||
		fail "cannot install$1: see build/apt.log"
}

# /usr/bin/python3 is the one that python3-venv belongs to, whatever else is first on the PATH.
install_python_packages() {
	echo "  VENV    $requirements"
	rm -rf "$venv"
	{ /usr/bin/python3 -m venv "$venv" &&
		"$venv/bin/pip" --disable-pip-version-check install --requirement "$requirements"; } \
		>build/venv.log 2>&1 ||
		fail "cannot install the Python packages of $requirements (is the package index" \
			"reachable?): see build/venv.log"
	cp "$requirements" "$stamp"
}

command -v dpkg-query >/dev/null || fail "no dpkg here: install the counterparts of:" $packages
mkdir -p build
missing=$(missing_packages)
if [ -n "$missing" ] || ! cmp -s "$requirements" "$stamp"; then
	exec 9>build/dependencies.lock
	flock 9
	missing=$(missing_packages)
	[ -z "$missing" ] || install_packages "$missing"
	cmp -s "$requirements" "$stamp" || install_python_packages
fi
