"""A probe says how a member answers, whatever stands there, and never takes longer than it may."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from exporters.pool import PoolCollector
from exporters.probe import Outcome, Question
from stack.address import Address, free_address
from stack.model import Member, Pool
from tests.exporters.exposed import Samples, collect
from tests.exporters.listening import Answer, listening, says


def pool(*members: Address, **changes: object) -> Pool:
    made = Pool(
        name="proxies",
        used_by="shop",
        listen=Address("127.0.0.1", 1),
        members=tuple(Member(number, address, None) for number, address in enumerate(members)),
        upstream="http://vendor.example:8100",
        probe="/healthz",
    )
    return replace(made, **changes)


def probed(made: Pool, seconds: float = 5.0) -> Samples:
    return collect(PoolCollector({made.name: made}), seconds=seconds)


def outcome(samples: Samples, member: int = 0) -> str:
    found = [
        word.value
        for word in Outcome
        if samples[f'pool_member_probe_outcome{{member="{member}",outcome="{word}",pool="proxies"}}'] == 1
    ]
    assert len(found) == 1
    return found[0]


def up(samples: Samples, member: int = 0) -> float:
    return samples[f'pool_member_up{{member="{member}",pool="proxies"}}']


def seconds_of(samples: Samples, member: int = 0) -> float:
    return samples[f'pool_member_probe_duration_seconds{{member="{member}",pool="proxies"}}']


def _reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def _silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)  # until the client leaves


def _dripping(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def _endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "expected", "is_up"),
    [
        pytest.param(says(OK), "ok", 1, id="200"),
        pytest.param(says(b"HTTP/1.0 204\r\n\r\n"), "ok", 1, id="no-reason"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\n\r\n"), "ok", 1, id="redirect-is-not-followed"),
        pytest.param(says(b"HTTP/1.1 429 Too Many Requests\r\n\r\n"), "throttled", 0, id="429"),
        pytest.param(says(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "http_error", 0, id="503"),
        pytest.param(says(b"HTTP/1.1 404 Not Found\r\n\r\n"), "http_error", 0, id="404"),
        pytest.param(says(b"SSH-2.0-OpenSSH\r\n"), "malformed", 0, id="no-http"),
        pytest.param(says(b"HTTP/1.1 abc\r\n\r\n"), "malformed", 0, id="no-status"),
        pytest.param(says(b"\xff" * 200_000), "malformed", 0, id="no-line-end"),
        pytest.param(says(b""), "reset", 0, id="closes"),
        pytest.param(says(b"HTTP/1."), "reset", 0, id="closes-half-way"),
        pytest.param(_reset, "reset", 0, id="resets"),
        pytest.param(_silent, "timeout", 0, id="says-nothing"),
        pytest.param(_dripping, "timeout", 0, id="70-one-byte-at-a-time"),
        pytest.param(_endless, "ok", 1, id="70-endless-body"),
    ],
)
def test_the_outcome_says_how_the_member_answered(answer: Answer, expected: str, is_up: float) -> None:
    with listening(answer) as listener:
        began = time.monotonic()
        samples = probed(pool(listener.address), seconds=1.0)
        assert time.monotonic() - began < 2.0
    assert (outcome(samples), up(samples)) == (expected, is_up)
    assert samples['exporter_collector_success{collector="pool"}'] == 1
    assert 0 < seconds_of(samples) < 1.0


def test_nobody_listening_is_refused() -> None:
    assert outcome(probed(pool(free_address("127.0.0.1")))) == "refused"


def test_a_name_that_is_none_is_unreachable() -> None:
    assert outcome(probed(pool(Address("no-such-host.invalid", 80)))) == "unreachable"


def test_a_probe_asks_for_the_probe_path_of_the_upstream_and_says_what_it_is() -> None:
    with listening(says(OK)) as listener:
        probed(pool(listener.address))
        lines = listener.asked[0].decode().splitlines()
    assert lines[0] == "GET /healthz HTTP/1.1"
    assert "host: vendor.example:8100" in lines
    assert "x-dev-hq-probe: 1" in lines
    assert "connection: close" in lines


def test_a_pool_that_tunnels_is_asked_to_connect() -> None:
    with listening(says(b"HTTP/1.1 200 Connection established\r\n\r\n")) as listener:
        tunnel = pool(
            members=(Member(0, listener.address, Address("proxy.example", 3128)),), upstream="https://v.example"
        )
        samples = probed(tunnel)
        lines = listener.asked[0].decode().splitlines()
    assert lines[:2] == ["CONNECT v.example:443 HTTP/1.1", "host: v.example:443"]
    assert "x-dev-hq-probe: 1" in lines
    assert (outcome(samples), up(samples)) == ("ok", 1)


def test_a_path_cannot_end_the_request_line() -> None:
    request = Question.of(pool(probe="/a b\r\nx: é?q=%20")).request
    assert request.splitlines()[0] == b"GET /a%20b%0D%0Ax:%20%C3%A9?q=%20 HTTP/1.1"


def test_members_are_probed_at_once_and_a_slow_one_spoils_no_other() -> None:
    with listening(says(OK)) as good, listening(_silent) as slow:
        began = time.monotonic()
        samples = probed(pool(good.address, *[slow.address] * 8, good.address), seconds=0.8)
        assert time.monotonic() - began < 1.6
    assert [up(samples, member) for member in (0, 9)] == [1, 1]
    assert [outcome(samples, member) for member in range(1, 9)] == ["timeout"] * 8
    assert seconds_of(samples, 0) < 0.4


def test_the_delay_of_a_member_is_measured() -> None:
    def late(connection: socket.socket, _: bytes) -> None:
        time.sleep(0.2)
        connection.sendall(OK)

    with listening(late) as listener:
        assert 0.2 <= seconds_of(probed(pool(listener.address))) < 0.5


def test_no_pools_are_no_series() -> None:
    samples = collect(PoolCollector({}))
    assert not any(key.startswith("pool_") for key in samples)
    assert samples['exporter_collector_success{collector="pool"}'] == 1


def test_probing_sixteen_members_is_cheap() -> None:
    """At a scrape a second, 20 ms of the exporter's CPU are 2 % of a core."""
    with listening(says(OK)) as listener:
        collector = PoolCollector({"proxies": pool(*[listener.address] * 16)})
        collect(collector)
        began = time.process_time()
        for _ in range(10):
            samples = collect(collector)
        spent = (time.process_time() - began) / 10
    assert up(samples, 15) == 1
    assert spent < 0.06, "this counts the listener's threads too"
