"""`dev-hq configure` and what it makes possible: a stack whose programs others start."""

from __future__ import annotations

import http.server
import json
import os
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from exporters.admin import MAX_BYTES
from hq import elsewhere, healthy
from hq.cli import main
from hq.elsewhere import runs_elsewhere
from stack.loader import load_stack
from stack.placement import remove_placement, write_placement
from tests.chaos.stacks import stack_of
from tests.exporters.listening import listening, says
from tests.serving import serving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return stack_of(tmp_path).file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_writes_what_the_programs_read_and_starts_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", str(path), "configure"]) == 0
    var = path.parent / "var"
    assert capsys.readouterr().out == f"wrote the configuration of {path} to {var}\n"
    assert {file.name for file in var.iterdir()} == {
        "alertmanager.yml", "envoy.json", "prometheus.yml", "rules", "webhook-token",
    }  # fmt: skip
    assert mode(var / "webhook-token") == 0o600


def test_the_group_reads_the_secrets_only_when_asked_for(path: Path) -> None:
    password = path.parent / "secrets" / "password"
    options = ["--group-reads", "--grafana-password", str(password)]
    assert main(["--stack", str(path), "configure", *options]) == 0
    assert (mode(path.parent / "var" / "webhook-token"), mode(password)) == (0o640, 0o640)


def test_secrets_stay_as_they_are_when_it_is_run_again(path: Path) -> None:
    password = path.parent / "password"
    secrets = (path.parent / "var" / "webhook-token", password)
    words = ["--stack", str(path), "configure", "--grafana-password", str(password)]
    assert main(words) == 0
    before = [secret.read_text() for secret in secrets]
    assert main(words) == 0
    assert [secret.read_text() for secret in secrets] == before
    assert before[0] != before[1]


def test_a_running_stack_keeps_its_configuration(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    var = load_stack(path).directory
    write_placement(var, {})
    try:
        assert main(["--stack", str(path), "configure"]) == 2
    finally:
        remove_placement(var)
    assert capsys.readouterr().err == (
        f"dev-hq: the stack of {path} runs (pid {os.getpid()}) and wrote its configuration itself; "
        "`dev-hq down` stops it\n"
    )
    assert not (var / "envoy.json").exists()


def test_what_cannot_be_written_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = path.parent / "var" / "envoy.json"
    taken.mkdir(parents=True)
    assert main(["--stack", str(path), "configure"]) == 2
    assert capsys.readouterr().err == f"dev-hq: {taken} cannot be written: Is a directory\n"


def envoy_answering(answer: bytes) -> type[http.server.BaseHTTPRequestHandler]:
    class Envoy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/server_info" else 503)
            self.end_headers()
            self.wfile.write(answer)

    return Envoy


@pytest.mark.parametrize(
    ("config", "ours"), [("{var}/envoy.json", True), ("/other/var/envoy.json", False), ("", False), (None, False)]
)
def test_a_stack_is_known_by_the_configuration_of_its_envoy(tmp_path: Path, config: str | None, ours: bool) -> None:
    file = tmp_path / "stack.yaml"
    options = None if config is None else {"config_path": config.format(var=tmp_path / "var")}
    with serving(envoy_answering(json.dumps({"command_line_options": options}).encode())) as address:
        text = stack_of(tmp_path).file.read_text()
        file.write_text(f"{text}envoy: {{admin: {address}}}\n")
        assert runs_elsewhere(load_stack(file)) is ours


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * MAX_BYTES,
        b"HTTP/1.1 503 Unavailable\r\n\r\n%s",
        b"%s",
    ],
    ids=["a-page", "a-list", "nested", "too-long", "unavailable", "no-http"],
)
def test_what_is_no_envoy_is_not_ours(answer: bytes, tmp_path: Path) -> None:
    file = stack_of(tmp_path).file
    ours = json.dumps({"command_line_options": {"config_path": str(tmp_path / "var" / "envoy.json")}})
    with listening(says(answer.replace(b"%s", ours.encode()))) as spoof:
        file.write_text(f"{file.read_text()}envoy: {{admin: {spoof.address}}}\n")
        assert not runs_elsewhere(load_stack(file))


@pytest.mark.e2e
def test_who_answers_byte_by_byte_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()

    def dripping(connection: socket.socket, _: bytes) -> None:
        with suppress(OSError):
            while not over.wait(0.1):
                connection.sendall(b"x")

    file = stack_of(tmp_path).file
    with listening(dripping) as spoof:
        file.write_text(f"{file.read_text()}envoy: {{admin: {spoof.address}}}\n")
        try:
            assert not runs_elsewhere(load_stack(file))
            assert not over.is_set()
        finally:
            over.set()


def test_the_health_check_says_what_it_got(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(envoy_answering(b"")) as address:
        assert healthy.main([f"http://{address}/server_info"]) == 0
        assert healthy.main([f"http://{address}/ready"]) == 1
    assert capsys.readouterr().err == f"http://{address}/ready answers 503\n"


@pytest.mark.parametrize("words", [[], ["http://127.0.0.1:1/", "more"], ["127.0.0.1:1"], ["https://127.0.0.1:1/"]])
@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://127.0.0.1:port/", "http://[::1", "http:///ready"])
def test_the_health_check_needs_one_address(words: list[str], url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for asked in (words, [url]):
        assert healthy.main(asked) == 1
        assert capsys.readouterr().err == "usage: python -m hq.healthy http://HOST:PORT/PATH\n"


@pytest.mark.e2e
def test_the_health_check_ends_although_the_answer_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthy, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()

    class Dripping(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while not over.wait(0.1):  # each byte would be in time
                    self.wfile.write(b"H")

    with serving(Dripping) as address:
        try:
            assert healthy.main([f"http://{address}/"]) == 1
        finally:
            over.set()
    assert capsys.readouterr().err == f"http://{address}/ did not answer within 0.3 s\n"
