#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Asks the documented queries of engines that this project did not write: docs/engines.md. Installs
# them into build/engines-venv (and a JDK for Spark with apt-get) if they are not there; records the
# traces that it asks about, for which it becomes root.
set -eu
cd "$(dirname "$0")/../.."
requirements=tests/engines/requirements.txt
venv=build/engines-venv

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
if ! command -v java >/dev/null; then
	$sudo apt-get -qq update || true
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
		-o DPkg::Lock::Timeout=120 default-jre-headless
fi
if ! cmp -s "$requirements" "$venv/requirements.installed"; then
	rm -rf "$venv"
	/usr/bin/python3 -m venv "$venv"
	"$venv/bin/pip" --disable-pip-version-check --quiet install --requirement "$requirements"
	cp "$requirements" "$venv/requirements.installed"
fi
exec $sudo env PYTHONDONTWRITEBYTECODE=1 CI="${CI:-}" PATH="$PATH" "$venv/bin/python" -m pytest \
	-p no:cacheprovider -q -ra tests/engines
