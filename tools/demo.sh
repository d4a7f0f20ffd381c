#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Traces the example server under load for some seconds into ./asyncspan.data, shows the tracer's
# summary, then asks the files a first question. `make demo` builds everything before.
set -eu
cd "$(dirname "$0")/.."
seconds=5
output=build/demo.out # of the tracer: its process id, the server's port, then the summary
tracer=

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

stop_tracer() {
	[ -z "$tracer" ] || as_root sh -c 'kill -TERM "$1"' sh "$tracer" || true
}

fail() {
	echo "demo: $*" >&2
	exit 1
}

as_root true || fail "tracing needs root"
colour=never # the tracer cannot see that its output ends on a terminal
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	colour=always
fi

# The shell becomes the tracer, so that its process id is known, also behind sudo.
: >$output
as_root sh -c 'echo $$; exec "$@"' sh build/asyncspan-trace --color=$colour -- \
	build/examples/http_server --port 0 --threads 2 >$output &
background=$!
trap stop_tracer EXIT
trap 'exit 1' INT TERM
while [ "$(wc -l <$output)" -lt 2 ]; do
	tracer=$(head -n 1 $output)
	kill -0 $background 2>/dev/null || { wait $background || exit $?; fail "the server did not start"; }
	sleep 0.1
done
tracer=$(head -n 1 $output)
port=$(sed -n 2p $output)

echo "tracing build/examples/http_server on port $port, $seconds s of load:"
build/examples/http_load --port "$port" --connections 16 --duration $seconds --rate 1000
stop_tracer
tracer=
wait $background
tail -n +3 $output

echo
build/venv/bin/python tools/demo-query.py
