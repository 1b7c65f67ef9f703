"""Requests that come slowly, half, or without end, and that they hold up nobody."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

import pytest

import hq.serving.protocol
from tests.hq.serving import Served, serving

pytestmark = pytest.mark.e2e

HALF = b"GET /metrics HTTP/1.1\r\nHost: local"
LATE = b'{"error":{"code":"timeout","message":"the headers did not arrive within 0.3 s"}}'


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("slow")) as served:
        yield served


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(hq.serving.protocol, "HEADER_SECONDS", 0.3)


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    with socket.create_connection((served.address.host, served.address.port), timeout=10) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    return answer


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_13_four_hundred_half_sent_requests_leave_a_scrape_under_100_ms(served: Served) -> None:
    """The median of several: this machine may be busy with something else for one of them."""
    with ExitStack() as held:
        stuck = [held.enter_context(connected(served)) for _ in range(400)]
        for connection in stuck:
            connection.sendall(HALF)
        scraper = HTTPConnection(served.address.host, served.address.port, timeout=10)
        seconds = []
        for _ in range(12):
            began = time.monotonic()
            scraper.request("GET", "/metrics")
            answer = scraper.getresponse()
            assert b"chaos_runs_total" in answer.read()
            seconds.append(time.monotonic() - began)
        scraper.close()
        assert statistics.median(seconds[2:]) < 0.1, seconds


def test_13_half_sent_requests_are_closed(served: Served, impatient: None) -> None:
    with ExitStack() as held:
        stuck = [held.enter_context(connected(served)) for _ in range(400)]
        for connection in stuck:
            connection.sendall(HALF)
        assert all(rest(connection).endswith(LATE) for connection in stuck)


def test_13_one_byte_now_and_then_does_not_help(served: Served, impatient: None) -> None:
    with connected(served) as connection:
        over = threading.Event()

        def dribble() -> None:
            for byte in HALF * 10:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return
                if over.wait(0.05):
                    return

        slow = threading.Thread(target=dribble)
        slow.start()
        try:
            answer = connection.recv(65536)
        finally:
            over.set()
            slow.join()
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_connection_that_says_nothing_is_closed_without_a_word(served: Served, impatient: None) -> None:
    with connected(served) as connection:
        assert rest(connection) == b""


def test_a_second_request_must_come_in_time_too(served: Served, impatient: None) -> None:
    with connected(served) as connection:
        connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n" + HALF)
        answer = rest(connection)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(LATE)


def test_a_connection_that_has_been_answered_may_be_quiet(served: Served, impatient: None) -> None:
    connection = HTTPConnection(served.address.host, served.address.port, timeout=10)
    connection.request("GET", "/-/healthy")
    connection.getresponse().read()
    opened = connection.sock
    threading.Event().wait(0.5)  # longer than the headers of a request may take
    connection.request("GET", "/-/healthy")
    assert connection.getresponse().status == 200
    assert connection.sock is opened
    connection.close()


@pytest.mark.parametrize("piece", [1000, 60_000])
def test_6_headers_without_end_are_refused_however_they_are_cut(served: Served, piece: int) -> None:
    with connected(served) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        try:
            for _ in range(60_000 // piece):
                connection.sendall(b"x" * piece)
            answer = rest(connection)
        except ConnectionError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_long_headers_that_are_not_too_long_are_served(served: Served) -> None:
    assert served.get("/-/healthy", x_long="x" * 15_000).status == 200


def test_a_long_body_is_no_long_header(served: Served) -> None:
    message = b'{"version": "4", "alerts": [' + b" " * 40_000 + b"]}"
    assert served.notify(message).status in (204, 400, 422)


def test_of_too_many_connections_the_longest_idle_is_closed(served: Served, monkeypatch) -> None:
    monkeypatch.setattr(hq.serving.protocol, "MOST_CONNECTIONS", 3)
    with ExitStack() as held:
        first, *others = [held.enter_context(connected(served)) for _ in range(3)]
        assert served.get("/-/healthy").status == 200
        assert is_closed(first)
        others[-1].sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert others[-1].recv(100).startswith(b"HTTP/1.1 200 ")


def test_what_is_no_http_is_refused_in_the_one_shape(served: Served) -> None:
    answer = served.raw(b"BREW\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n")
    assert answer.endswith(b'{"error":{"code":"bad_request","message":"this is not HTTP/1.1"}}')
