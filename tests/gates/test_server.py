"""Every way in which a server can fail to answer, through the gate's door: exit code 4, one sentence, in time."""

from __future__ import annotations

import json
import re
import socket
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from gates.check import main
from stack.address import free_address
from tests.gates.fake_prometheus import clock, vector
from tests.gates.guarded_stack import stack_at
from tests.prometheus.fake_server import FakeServer, Reply, http

pytestmark = pytest.mark.e2e

IMPATIENT = ("timeout: 500ms", "retries: 0", "deadline: 2s")
HTML = "Content-Type: text/html\r\n"
TIME = http(200, clock())
STARTING = "is not ready (503): it is starting and reads its write-ahead log"


def complaint(reply_type: str, words: str) -> bytes:
    return json.dumps({"status": "error", "errorType": reply_type, "error": words}).encode()


def result(kind: str, rows: object, **more: object) -> bytes:
    return http(200, json.dumps({"status": "success", "data": {"resultType": kind, "result": rows}, **more}).encode())


def hangs(connection: socket.socket) -> None:
    connection.recv(1)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def reason_of(path: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 4) -> str:
    """Why the only required gate errs."""
    assert main(["--stack", str(path), "--format", "json", "--no-record", *words]) == code
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    assert {gate["verdict"] for gate in report["gates"]} == {"error"}
    assert "\n" not in report["gates"][0]["reason"]
    return str(report["gates"][0]["reason"])


ANSWERS: dict[str, tuple[Reply, str]] = {
    "hangs": (hangs, "gave no complete answer within 0.5 s"),
    "closes": (b"", "broke off the connection"),
    "closes in the headers": (
        b"HTTP/1.1 200 OK\r\nContent-",
        "answered with JSON that breaks off or is not valid",
    ),
    "closes in the body": (
        b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"status":"succ',
        "answered with JSON that breaks off or is not valid",
    ),
    "closes in a chunk": (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{"status":"succ',
        "broke off the connection",
    ),
    "no http": (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off the connection"),
    "login page": (
        http(200, b"<!doctype html><title>Sign in</title>", HTML),
        "answered with a web page, not with JSON; does a login stand in between?",
    ),
    "torn json": (http(200, clock()[:-9]), "answered with JSON that breaks off or is not valid"),
    "no json": (http(200, b"It works!"), "answered with JSON that breaks off or is not valid"),
    "error with 200": (
        http(200, complaint("internal", "the store is gone")),
        "refused the query: internal: the store is gone",
    ),
    "204": (http(204, b""), "answered with the status 204, which Prometheus' API does not know"),
    "gzip": (
        http(200, b"\x1f\x8b", "Content-Encoding: gzip\r\n"),
        "answered in the encoding 'gzip', which was not asked for",
    ),
    "301": (
        http(301, b"", "Location: https://prom.example/api/v1/query?query=time()\r\n"),
        "redirects to https://prom.example/api/v1/query (301); give the final URL",
    ),
    "302 to a login": (
        http(302, b"", "Location: /login?next=s3cret\r\n"),
        "redirects to elsewhere (302); give the final URL",
    ),
    "a redirect to nonsense": (
        http(302, b"", "Location: http://[::1\r\n"),
        "redirects to elsewhere (302); give the final URL",
    ),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "broke off the connection"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n", "broke off the connection"),
    "no date": (http(500, b"", "Date: yesterday\r\n"), "cannot answer now (500)"),
    "the first date": (http(500, b"", "Date: Mon, 01 Jan 0001 00:00:00 -0000\r\n"), "cannot answer now (500)"),
    "401": (http(401, b"Unauthorized"), "refuses us (401); it wants credentials, or other ones"),
    "403": (http(403, b"Forbidden"), "refuses us (403); it wants credentials, or other ones"),
    "404": (http(404, b"404 page not found\n"), "has no API there (404); is the URL right, and its path?"),
    "http to https": (
        http(400, b"Client sent an HTTP request to an HTTPS server.\n", "Content-Type: text/plain\r\n"),
        "speaks TLS (400); write https:// in its URL",
    ),
    "408": (http(408, b""), "cannot answer now (408)"),
    "422 execution": (
        http(422, complaint("execution", "query processing would load too many samples into memory")),
        "refused the query: execution: query processing would load too many samples into memory",
    ),
    "422 many to many": (
        http(422, complaint("execution", "found duplicate series for the match group {}\r\n\x1b[31m")),
        "refused the query: execution: found duplicate series for the match group {}   [31m",
    ),
    "429": (http(429, b"slow down", "Retry-After: 30\r\n"), "cannot answer now (429)"),
    "500": (http(500, b"oh no"), "cannot answer now (500)"),
    "502": (http(502, b"<html>Bad Gateway</html>", HTML), "cannot answer now (502)"),
    "503 while it starts": (http(503, b"Service Unavailable"), STARTING),
    "503 timeout": (
        http(503, complaint("timeout", "query timed out in expression evaluation")),
        "cannot answer now (503: query timed out in expression evaluation)",
    ),
    "504": (http(504, b""), "cannot answer now (504)"),
    "endless words": (
        http(422, complaint("execution", "x" * 5000)),
        f"refused the query: execution: {'x' * 1000} …",
    ),
}  # fmt: skip


@pytest.mark.parametrize("later", [False, True], ids=["at once", "at the second question"])
@pytest.mark.parametrize("case", ANSWERS)
def test_a_server_that_does_not_answer_is_an_error(
    case: str, later: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reply, reason = ANSWERS[case]
    began = time.monotonic()
    with FakeServer([TIME, reply] if later else [reply]) as server:
        path = stack_at(tmp_path, server.url, *IMPATIENT)
        assert reason_of(path, capsys) == f"Prometheus at {server.url} {reason}"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (result("scalar", [1, "1"]), "Prometheus answered with a scalar, where a vector is due"),
        (result("string", [1, "1"]), "Prometheus answered with a string, where a vector is due"),
        (
            result("matrix", [{"metric": {}, "values": [[1, "1"]]}]),
            "Prometheus answered with a matrix, where a vector is due",
        ),
        (
            http(200, vector({}, warnings=["remote read: a store did not\nanswer"])),
            "Prometheus warns that its answer is not complete: remote read: a store did not answer",
        ),
    ],
    ids=["scalar", "string", "matrix", "warnings"],
)
def test_an_answer_of_another_kind_is_an_error(
    answer: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeServer([TIME, answer]) as server:
        assert reason_of(stack_at(tmp_path, server.url, *IMPATIENT), capsys) == reason


@pytest.mark.parametrize("answer", [result("string", [1, "now"]), result("vector", []), result("scalar", [1, "NaN"])])
def test_a_server_that_does_not_know_the_time_is_an_error(
    answer: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeServer([answer]) as server:
        path = stack_at(tmp_path, server.url, *IMPATIENT)
        assert reason_of(path, capsys) == "Prometheus does not say what time it is"


def test_nobody_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://{free_address('127.0.0.1')}"
    reason = reason_of(stack_at(tmp_path, url, *IMPATIENT), capsys)
    assert reason == f"Prometheus at {url} refused the connection; is it running?"
    reason = reason_of(stack_at(tmp_path, "http://prometheus.invalid:9090", "timeout: 10s"), capsys)
    assert reason == "Prometheus at http://prometheus.invalid:9090 cannot be found: its host name does not resolve"


def test_http_where_tls_is_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([http(400, b"")]) as server:
        url = server.url.replace("http", "https")
        reason = reason_of(stack_at(tmp_path, url, "timeout: 5s", "retries: 0"), capsys)
    assert reason == f"Prometheus at {url} speaks no TLS; is it http?"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_in_is_given_up(head: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with FakeServer([b""]) as server:
        server._replies = [server.drip(head)]
        reason = reason_of(stack_at(tmp_path, server.url, *IMPATIENT), capsys)
        assert reason == f"Prometheus at {server.url} gave no complete answer within 0.5 s"
    assert time.monotonic() - began < 20


def test_an_answer_without_end_is_given_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([endless]) as server:
        reason = reason_of(stack_at(tmp_path, server.url, "timeout: 20s", "retries: 0"), capsys)
    assert reason == f"Prometheus at {server.url} answered with more than 20 MiB; ask for less"


def test_a_server_that_hangs_costs_the_deadline_once_however_many_gates_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeServer([TIME, hangs]) as server:
        path = stack_at(tmp_path, server.url, "timeout: 400ms", "retries: 10", "deadline: 1200ms")
        first, shop, rest = path.read_text().partition("  shop:\n")
        one = shop + rest.partition("gates:")[0]
        path.write_text(
            first + "".join(one.replace("shop:", f"shop-{n}:") for n in range(20)) + one + rest[len(one) - len(shop) :]
        )
        began = time.monotonic()
        reason_of(path, capsys)
        assert time.monotonic() - began < 1.2 * 20
        assert len(server.requests) <= 5, "the clock, and as often as the deadline allows one question"


def test_proxies_of_the_environment_are_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with FakeServer([http(500, b"")]) as server:
        reason = reason_of(stack_at(tmp_path, server.url, *IMPATIENT), capsys)
        assert reason == f"Prometheus at {server.url} cannot answer now (500)"
        assert len(server.requests) == 1


@pytest.mark.parametrize(("apart", "which"), [(3600, "ahead of"), (-300, "behind"), (2, ""), (-2, "")])
def test_a_clock_that_is_apart_is_said(
    apart: int, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = f"Date: {formatdate(time.time() + apart, usegmt=True)}\r\n"
    with FakeServer([http(200, clock(), headers), http(200, vector({}), headers)]) as server:
        assert main(["--stack", str(stack_at(tmp_path, server.url)), "--format", "json", "--no-record"]) == 3
    notes = json.loads(capsys.readouterr().out)["gates"][0]["notes"]
    said = [
        re.sub(r" is \d+[smh] ", " is some time ", note) for note in notes if note.startswith("the clock of Prometheus")
    ]
    told = f"the clock of Prometheus at {server.url} is some time {which} this machine's"
    assert said == ([f"{told}; the gates are judged by the clock of Prometheus"] if which else [])
