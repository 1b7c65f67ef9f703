"""Tokens and passwords: from files and programs, renewed when they must be, and said by nobody."""

from __future__ import annotations

import base64
import json
import os
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from gates.check import main
from stack.waiting import wait_for
from tests.gates.fake_prometheus import clock, vector
from tests.gates.guarded_stack import stack_at
from tests.prometheus.fake_server import FakeServer, http

TIME, EMPTY, REFUSED = http(200, clock()), http(200, vector({})), http(401, b"")
BEARER = "auth: {bearer_file: token}"
EXEC = "auth: {exec: [./print-token, --secret, canary-argument]}"


def program(path: Path, *lines: str) -> Path:
    """An executable shell script."""
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def shown(server: FakeServer) -> list[str]:
    """The credentials that each request showed."""
    lines = [line for request in server.requests for line in request.split("\r\n")]
    return [line.partition(": ")[2] for line in lines if line.startswith("Authorization: ")]


def reason(path: Path, code: int, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--stack", str(path), "--format", "json", "--no-record"]) == code
    out, err = capsys.readouterr()
    assert "canary" not in out + err
    assert "Traceback" not in err
    return str(json.loads(out)["gates"][0]["reason"]) if out else err.strip()


def test_a_token_is_read_anew_for_each_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "token"
    token.write_text(" first\r\n")

    def rotate(connection: socket.socket) -> None:
        token.write_text("second\n")
        connection.sendall(TIME)

    with FakeServer([rotate, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, BEARER), 3, capsys)
    assert shown(server)[:2] == ["Bearer first", "Bearer second"]


def test_a_token_that_was_rotated_on_the_way_is_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "token"
    token.write_text("first")

    def rotate(connection: socket.socket) -> None:
        token.write_text("second")
        connection.sendall(REFUSED)

    with FakeServer([rotate, TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, BEARER), 3, capsys)
    assert shown(server)[:2] == ["Bearer first", "Bearer second"]
    with FakeServer([REFUSED]) as server:
        words = reason(stack_at(tmp_path, server.url, BEARER), 4, capsys)
        assert words == f"Prometheus at {server.url} refuses the bearer token of {token} (401)"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no file {0}; the token must be in it"),
        (b"", "{0} is empty; the token must be in it"),
        (b" \n\n", "{0} is empty; the token must be in it"),
        (b"canary\ncanary\n", "{0} must hold a token and nothing else, in one line"),
        (b"Bearer canary", "{0} must hold a token and nothing else: ASCII characters without a space"),
        ("canary\u20ac".encode(), "{0} must hold a token and nothing else: ASCII characters without a space"),
        (b"\xffcanary", "{0}:1: not UTF-8 text"),
        (b"canary" * 20_000, "{0} is larger than 64 KiB"),
    ],
)
def test_a_file_without_a_token_is_a_mistake_of_configuration(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    path = stack_at(tmp_path, "http://127.0.0.1:1", BEARER)
    assert reason(path, 2, capsys) == f"gates.check: {sentence.format(tmp_path / 'token')}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no file {0}; the password must be in it"),
        (b"\n", "{0} is empty; the password must be in it"),
        (b"canary\ncanary", "{0} must hold a password and nothing else, in one line"),
        (b"canary\0", "{0} must hold a password and nothing else, in one line"),
        (b"\xffcanary", "{0}:1: not UTF-8 text"),
    ],
)
def test_a_file_without_a_password_is_a_mistake_of_configuration(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "pw").write_bytes(content)
    path = stack_at(tmp_path, "http://127.0.0.1:1", "auth: {basic: {user: ci, password_file: pw}}")
    assert reason(path, 2, capsys) == f"gates.check: {sentence.format(tmp_path / 'pw')}"


def test_a_password_may_be_any_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pw").write_text(" a: \u20ac b \n")
    with FakeServer([TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, "auth: {basic: {user: ci, password_file: pw}}"), 3, capsys)
    assert set(shown(server)) == {"Basic " + base64.b64encode("ci:a: \u20ac b".encode()).decode()}


def test_a_token_in_what_is_no_file_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "token")
    path = stack_at(tmp_path, "http://127.0.0.1:1", BEARER)
    assert reason(path, 2, capsys) == f"gates.check: {tmp_path / 'token'} is not a file; the token must be in it"


def test_a_file_that_goes_during_the_check_is_a_mistake_of_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("canary")

    def remove(connection: socket.socket) -> None:
        token.unlink()
        connection.sendall(TIME)

    with FakeServer([remove, EMPTY]) as server:
        words = reason(stack_at(tmp_path, server.url, BEARER), 2, capsys)
    assert words == f"gates.check: there is no file {token}; the token must be in it"


def test_a_program_is_asked_for_a_token_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = tmp_path / "asked"
    program(tmp_path / "print-token", 'echo "$PWD" "$2" >> asked', "echo the-token", "echo 'and more'", "cat")
    with FakeServer([TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, EXEC), 3, capsys)
    assert set(shown(server)) == {"Bearer the-token"}
    assert asked.read_text().splitlines() == [f"{tmp_path} canary-argument"]


def test_a_token_that_has_expired_is_asked_for_anew_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(tmp_path / "print-token", "echo x >> asked", 'echo token-$(wc -l < asked | tr -d " ")')
    with FakeServer([TIME, REFUSED, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, EXEC), 3, capsys)
    assert shown(server)[:3] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    with FakeServer([REFUSED]) as server:
        words = reason(stack_at(tmp_path, server.url, EXEC), 4, capsys)
        assert words == f"Prometheus at {server.url} refuses the token that ./print-token prints (401)"
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["echo canary", "exit 3"], "failed (exit code 3)"),
        (["echo canary", "echo 'of canary' >&2", "exit 1"], "failed (exit code 1): of [redacted]"),
        (["echo first >&2", "printf 'log\\033[31m in\\n\\n' >&2", "exit 1"], "failed (exit code 1): log [31m in"),
        (["kill -9 $$"], "failed (signal 9)"),
    ],
)  # fmt: skip
def test_a_program_that_fails_is_an_error(
    lines: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "print-token", *lines)
    path = stack_at(tmp_path, "http://127.0.0.1:1", EXEC)
    assert reason(path, 4, capsys) == f"./print-token, which is to print a token, {sentence}"


@pytest.mark.parametrize("words", ["", "echo", "echo canary canary", "printf '\\303\\251'", "head -c 100000 /dev/zero"])
def test_a_program_that_prints_no_token_is_an_error(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "print-token", words)
    told = reason(stack_at(tmp_path, "http://127.0.0.1:1", EXEC), 4, capsys)
    assert told == "./print-token printed no token: its first line must be ASCII characters without a space"


def test_a_program_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "print-token", "echo canary", "sleep 1000 &", "echo $! > child", "wait")
    began = time.monotonic()
    told = reason(stack_at(tmp_path, "http://127.0.0.1:1", EXEC, "timeout: 1s", "deadline: 1s"), 4, capsys)
    assert told == "./print-token, which is to print a token, did not end within 1 s"
    assert time.monotonic() - began < 20
    child = int((tmp_path / "child").read_text())
    words = Path(f"/proc/{child}/cmdline")
    wait_for(lambda: not words.exists() or not words.read_bytes(), 10, "what the program started should end with it")


def test_a_program_that_leaves_something_running_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "print-token", "sleep 1000 &", "echo the-token")
    with FakeServer([TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, EXEC), 3, capsys)
    assert set(shown(server)) == {"Bearer the-token"}


def test_a_program_that_cannot_be_started_is_a_mistake_of_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(auth: str = EXEC) -> str:
        return reason(stack_at(tmp_path, "http://127.0.0.1:1", auth), 2, capsys)

    path = tmp_path / "print-token"
    assert told() == f"gates.check: there is no program {path}, which is to print a token"
    path.write_text("canary")
    assert told() == f"gates.check: {path}, which is to print a token, is not executable; chmod +x makes it so"
    path.chmod(0o755)
    assert told() == "gates.check: ./print-token, which is to print a token, cannot be started: Exec format error"
    words = "gates.check: no-such-program, which is to print a token, is not on PATH"
    assert told("auth: {exec: [no-such-program, canary-argument]}") == words


def test_a_program_on_the_path_and_no_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, "auth: {exec: [echo, '$HOME;x']}"), 3, capsys)
    assert set(shown(server)) == {"Bearer $HOME;x"}
    with FakeServer([TIME, EMPTY]) as server:
        script = "import sys; print('t' * 3)"
        reason(stack_at(tmp_path, server.url, f'auth: {{exec: [{sys.executable}, -c, "{script}"]}}'), 3, capsys)
    assert set(shown(server)) == {"Bearer ttt"}


def test_headers_for_tenants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeServer([TIME, EMPTY]) as server:
        reason(stack_at(tmp_path, server.url, "headers: {X-Scope-OrgID: team-a, X-Key: '1'}"), 3, capsys)
    assert all("\r\nX-Scope-OrgID: team-a\r\nX-Key: 1\r\n" in request for request in server.requests)


def test_credentials_never_go_to_another_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("canary")
    with FakeServer([TIME]) as other, FakeServer([http(307, b"", f"Location: {other.url}/api/v1/query\r\n")]) as server:
        words = reason(stack_at(tmp_path, server.url, BEARER), 4, capsys)
        place = other.url.rpartition(":")[0] + "/api/v1/query"
        assert words == f"Prometheus at {server.url} redirects to {place} (307); give the final URL"
    assert other.requests == []


def test_an_api_that_is_elsewhere_is_looked_for_without_credentials(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("canary")
    with FakeServer([http(404, b"")]) as server:
        reason(stack_at(tmp_path, server.url, BEARER, "headers: {X-Scope-OrgID: canary-tenant}"), 4, capsys)
        asked, looked = server.requests
    assert "canary" in asked
    assert looked.startswith("GET /prometheus/api/v1/query?query=1 ")
    assert "canary" not in looked
