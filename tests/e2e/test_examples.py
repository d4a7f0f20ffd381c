# SPDX-License-Identifier: BSD-2-Clause
"""The examples are what they say they are: an HTTP/1.1 server, its load client, named spans."""

import random
import signal
import socket
from pathlib import Path

import pytest

from harness import running
from harness.tracer import EXAMPLES, new_scratch, remove

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"


def request(first_line, *headers, body=b""):
    return first_line + b"\r\n" + b"".join(headers) + b"\r\n" + body


def get(path, *headers):
    return request(b"GET " + path + b" HTTP/1.1", HOST, *headers)


def post(path, body, *headers):
    return request(b"POST " + path + b" HTTP/1.1", HOST,
                   b"Content-Length: %d\r\n" % len(body), *headers, body=body)


@pytest.fixture(scope="module")
def server():
    """The example server, untraced, for all tests of this file; it must end well."""
    scratch = new_scratch()
    process = running.Process([EXAMPLES / "http_server", "--port", "0"], scratch, {})
    running.wait_until(lambda: "\n" in process.stdout or not process.running, "the port")
    try:
        process.port = int(process.stdout)
        yield process
        process.signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr == ""
    finally:
        process.kill()
        remove(scratch)


def connect(server, seconds=10):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive_all(connection):
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def talk(server, data, chunk=None):
    """Sends the bytes, at once or in pieces, and gives back what comes until the server closes."""
    with connect(server) as connection:
        step = chunk or len(data)
        try:
            for at in range(0, len(data), step):
                connection.sendall(data[at:at + step])
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        return receive_all(connection)


def statuses(received):
    return [int(line.split()[0]) for line in received.split(b"HTTP/1.1 ")[1:]]


ANSWERED = {
    "a request": (get(b"/health", CLOSE), [200]),
    "HTTP/1.0": (request(b"GET /health HTTP/1.0"), [200]),
    "a query": (get(b"/health?x=1", CLOSE), [200]),
    "a list of connection options": (get(b"/health", b"Connection: x, Close\r\n"), [200]),
    "the absolute form": (get(b"http://localhost/health", CLOSE), [200]),
    "an empty line in front": (b"\r\n" + get(b"/health", CLOSE), [200]),
    "a body": (post(b"/orders", b"x" * 8192, CLOSE), [200]),
    "a short body": (post(b"/orders", b"abc", CLOSE), [200]),
    "an empty body": (post(b"/orders", b"", CLOSE), [200]),
    "a failing operation": (get(b"/error", CLOSE), [500]),
    "an operation that takes too long": (get(b"/cancel", CLOSE), [504]),
    "no such path": (get(b"/nothing", CLOSE), [404]),
    "no such method there": (request(b"DELETE /orders HTTP/1.1", HOST, CLOSE), [405]),
    "pipelined requests": (
        get(b"/health") * 50 + get(b"/nothing") + get(b"/users") + post(b"/orders", b"GET ")
        + get(b"/error") + get(b"/nothing", CLOSE), [200] * 50 + [404, 200, 200, 500, 404]),
    "many pipelined errors": (get(b"/nothing") * 900 + get(b"/nothing", CLOSE), [404] * 901),
    "HEAD, which has no body": (
        request(b"HEAD /users HTTP/1.1", HOST) + get(b"/health", CLOSE), [200, 200]),
}

REFUSED = {
    "no host": (request(b"GET /health HTTP/1.1"), 400),
    "two hosts": (request(b"GET /health HTTP/1.1", HOST, HOST), 400),
    "another version": (request(b"GET /health HTTP/2.0", HOST), 505),
    "no version": (request(b"GET /health"), 400),
    "a bad method": (request(b"G@T /health HTTP/1.1", HOST), 400),
    "two blanks": (request(b"GET  /health HTTP/1.1", HOST), 400),
    "a blank before the colon": (request(b"GET /health HTTP/1.1", b"Host : x\r\n"), 400),
    "a folded header": (get(b"/health", b" folded\r\n"), 400),
    "a NUL": (get(b"/health", b"A: \0\r\n"), 400),
    "a bare CR": (get(b"/health", b"A: b\rc\r\n"), 400),
    "a bare LF": (b"GET /health HTTP/1.1\nHost: x\r\n\r\n", 400),
    "two lengths": (post(b"/orders", b"abc", b"Content-Length: 3\r\n"), 400),
    "a signed length": (request(b"POST /orders HTTP/1.1", HOST, b"Content-Length: +3\r\n"), 400),
    "an empty length": (request(b"POST /orders HTTP/1.1", HOST, b"Content-Length: \r\n"), 400),
    "a huge length": (
        request(b"POST /orders HTTP/1.1", HOST, b"Content-Length: " + b"9" * 30 + b"\r\n"), 413),
    "a long body": (post(b"/orders", b"x" * 8193), 413),
    "chunks": (request(b"POST /orders HTTP/1.1", HOST, b"Transfer-Encoding: chunked\r\n"), 501),
    "chunks and a length": (post(b"/orders", b"abc", b"Transfer-Encoding: chunked\r\n"), 400),
    "another expectation": (get(b"/health", b"Expect: 200-maybe\r\n"), 417),
    "a long path": (get(b"/" + b"x" * 3000), 414),
    "a very long path": (get(b"/" + b"x" * 30000), 414),
    "a long header": (get(b"/health", b"A: " + b"x" * 9000 + b"\r\n"), 431),
    "many headers": (get(b"/health", *[b"A: x\r\n"] * 65), 431),
}


@pytest.mark.parametrize("what", ANSWERED)
def test_requests_are_answered_in_their_order_and_the_connection_closed_when_asked(server, what):
    data, expected = ANSWERED[what]
    assert statuses(talk(server, data)) == expected


@pytest.mark.parametrize("what", ["a request", "a short body", "pipelined requests"])
@pytest.mark.parametrize("chunk", [1, 7])
def test_it_does_not_matter_how_requests_are_cut_into_pieces(server, what, chunk):
    data, expected = ANSWERED[what]
    assert statuses(talk(server, data, chunk)) == expected


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_proper_request_is_refused_with_its_status_and_nothing_after_it_read(server, what):
    data, expected = REFUSED[what]
    assert statuses(talk(server, data + get(b"/health"))) == [expected]


def test_a_connection_stays_open_for_the_next_request(server):
    with connect(server) as connection:
        for _ in range(3):
            connection.sendall(get(b"/health"))
            assert statuses(connection.recv(65536)) == [200]


def test_the_body_of_a_request_that_expects_it_is_asked_for(server):
    head, body = post(b"/orders", b"abc", b"Expect: 100-continue\r\n", CLOSE).split(b"\r\n\r\n")
    with connect(server) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert statuses(receive_all(connection)) == [200]


def test_the_server_survives_bytes_of_any_kind(server):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    samples = [data for data, _ in [*ANSWERED.values(), *REFUSED.values()] if len(data) < 1000]
    for _ in range(300):
        data = bytearray(b"".join(chance.choices(samples, k=chance.randint(1, 3))))
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with connect(server) as connection:
            connection.sendall(data[:chance.randint(1, len(data))])
    assert statuses(talk(server, get(b"/health", CLOSE))) == [200], f"seed {seed}"


def test_the_server_serves_its_own_computer_only(server):
    """Its sockets that listen, by /proc/PID/net: address and port in hexadecimal, state 0A."""
    listening = []
    for family in ("tcp", "tcp6"):
        table = Path(f"/proc/{server.pid}/net/{family}")
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and address.endswith(f":{server.port:04X}"):
                listening.append(address)
    assert listening == [f"0100007F:{server.port:04X}"]


def test_the_load_client_finds_every_answer_as_expected(server, command_line):
    load = [EXAMPLES / "http_load", "--port", server.port]
    status, out, err = command_line.run("--connections", "12", "--duration", "1.5", program=load)
    assert (status, err) == (0, "")
    assert "failures 0 " in out


def test_the_load_client_fails_where_nobody_answers(command_line):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # taken, and nobody listens
        port = bound.getsockname()[1]
        status, _, err = command_line.run("--port", port, "--connections", "1", "--duration", "0.1",
                                          program=EXAMPLES / "http_load")
    assert status == 1
    assert "connect" in err


@pytest.mark.parametrize("example", ["http_server", "http_load"])
@pytest.mark.parametrize("wrong", [["--port", "x"], ["--port", "65536"], ["--nonsense"], ["extra"]])
def test_wrong_usage_is_explained_and_help_is_given(command_line, example, wrong):
    status, out, err = command_line.run(*wrong, program=EXAMPLES / example)
    assert (status, out) == (2, "")
    assert "usage:" in err
    status, out, err = command_line.run("--help", program=EXAMPLES / example)
    assert (status, err) == (0, "")
    assert out.startswith("usage:")


def test_the_server_ends_well_with_requests_under_way(command_line):
    process = command_line.program(EXAMPLES / "http_server", "--port", "0")
    running.wait_until(lambda: "\n" in process.stdout or not process.running, "the port")
    process.port = int(process.stdout)
    with connect(process) as idle, connect(process) as waiting:
        waiting.sendall(get(b"/slow"))
        idle.sendall(get(b"/health"))
        assert statuses(idle.recv(65536)) == [200]
        process.signal(signal.SIGINT)
        assert receive_all(idle) == b""
        assert statuses(receive_all(waiting)) == [200]
    assert process.wait(10) == 0


def test_named_spans_shows_many_names_at_one_location(tracer):
    trace = tracer.record(EXAMPLES / "named_spans").trace
    assert trace.sql("""
        SELECT p.name, p.line = min(p.line) OVER (), p.depth, c.name, c.depth
        FROM async_spans p JOIN async_spans c ON c.parent_span_id = p.span_id
        WHERE p.depth = 0 ORDER BY p.name""") == [
            ("compress #2", True, 0, "compress", 1),
            ("index #1", True, 0, "index", 1),
            ("mail #3", True, 0, "mail", 1),
        ]
    assert trace.sql("""
        SELECT name, count(*), min(depth), max(depth), min(target) FROM async_spans
        WHERE depth = 2 GROUP BY name ORDER BY name""") == [
            (step, 3, 2, 2, "job_runner") for step in ("read", "transform", "write")
        ]
