"""Several servers that hold the same data: a look is one server's from its first question to its last."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from gates.check import main
from stack.address import free_address
from tests.gates.fake_prometheus import clock, vector
from tests.gates.guarded_stack import stack_at
from tests.prometheus.fake_server import FakeServer, http

pytestmark = pytest.mark.e2e

TIME, EMPTY = http(200, clock()), http(200, vector({}))
NO = http(422, b'{"status":"error","errorType":"execution","error":"no"}')


def stack(directory: Path, first: str, second: str, *keys: str) -> Path:
    """A stack of two required gates."""
    path = stack_at(directory, first, f"failover: ['{second}']", "retries: 0", *keys)
    path.write_text(path.read_text().replace("99.5%}}", "99.5%}, latency: {under: 300ms, target: 99%}}"))
    return path


def gates(path: Path, code: int, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["--stack", str(path), "--format", "json", "--no-record", *words]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    found: list[dict[str, object]] = json.loads(out)["gates"]
    return found


def test_the_next_server_is_asked_when_one_is_unreachable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"http://{free_address('127.0.0.1')}"
    with FakeServer([TIME, EMPTY]) as server:
        found = gates(stack(tmp_path, nobody, server.url), 3, capsys)
    note = f"Prometheus at {nobody} refused the connection; is it running?; so {server.url} was asked"
    assert [gate["notes"][-1:] for gate in found] == [[note]] * 3


def test_nothing_is_said_of_servers_that_were_not_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([TIME, EMPTY]) as server, FakeServer([NO]) as spare:
        found = gates(stack(tmp_path, server.url, spare.url), 3, capsys)
    assert spare.requests == []
    assert not any(spare.url in str(gate) for gate in found)


@pytest.mark.parametrize("end", [b"", http(503, b""), lambda connection: connection.recv(1) and None])
def test_answers_of_two_servers_are_never_mixed(end: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([TIME, EMPTY, end]) as first, FakeServer([TIME, NO]) as second:
        path = stack(tmp_path, first.url, second.url, "timeout: 500ms")
        found = gates(path, 4, capsys)
        reason = f"Prometheus at {second.url} refused the query: execution: no"
        assert [gate["reason"] for gate in found] == [reason] * 3
    assert len(first.requests) == 3, "it is not asked once more"
    assert "query=time%28%29" in second.requests[0], "the second begins with the clock"
    assert len(second.requests) == 4


@pytest.mark.parametrize("reply", [NO, http(401, b""), http(404, b""), http(200, b"<html>")])
def test_a_server_that_answers_is_the_one_that_is_heard(
    reply: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeServer([TIME, reply]) as first, FakeServer([TIME, EMPTY]) as second:
        gates(stack(tmp_path, first.url, second.url), 4, capsys)
    assert second.requests == []


def test_when_all_are_lost_it_is_an_error_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def hangs(connection: socket.socket) -> None:
        connection.recv(1)

    began = time.monotonic()
    with FakeServer([hangs]) as first, FakeServer([hangs]) as second:
        path = stack(tmp_path, first.url, second.url, "timeout: 1s", "deadline: 1s")
        found = gates(path, 4, capsys)
    assert time.monotonic() - began < 20
    assert len(second.requests) == 1, "it has its share of the deadline"
    assert str(found[0]["reason"]).startswith(f"Prometheus at {second.url} gave no complete answer within 0.")
    note = f"Prometheus at {first.url} gave no complete answer within 0.5 s; so {second.url} was asked"
    assert found[0]["notes"][-1:] == [note]


def test_who_answered_last_is_asked_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(connection: socket.socket) -> None:
        asks_time = "query=time%28%29" in second.requests[-1]
        connection.sendall(TIME if asks_time else EMPTY)

    with FakeServer([b""]) as first, FakeServer([answer]) as second:
        gates(stack(tmp_path, first.url, second.url), 3, capsys, "--wait", "1s", "--every", "1s")
    assert len(first.requests) == 1
    assert sum("query=time%28%29" in request for request in second.requests) >= 2


def test_each_server_is_shown_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("t")
    keys = ("auth: {bearer_file: token}", "headers: {X-Scope-OrgID: team-a}")
    with FakeServer([b""]) as first, FakeServer([TIME, EMPTY]) as second:
        gates(stack(tmp_path, first.url, second.url, *keys), 3, capsys)
    for request in (*first.requests, *second.requests):
        assert "\r\nAuthorization: Bearer t\r\n" in request
        assert "\r\nX-Scope-OrgID: team-a\r\n" in request


def test_the_evidence_is_that_of_the_server_that_was_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = str(tmp_path / "evidence.json")
    with FakeServer([TIME, EMPTY, b""]) as first, FakeServer([TIME, NO]) as second:
        found = gates(stack(tmp_path, first.url, second.url), 4, capsys, "--evidence", evidence)
    assert main(["--replay", evidence, "--format", "json"]) == 4
    replayed = json.loads(capsys.readouterr().out)["gates"]
    assert [gate["reason"] for gate in replayed] == [gate["reason"] for gate in found]
