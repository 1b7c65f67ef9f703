"""The webhook that follows a failure: what is posted, how it is signed, and who is asked again."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import os
import re
import runpy
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import pytest

from gates.check import main
from stack.address import free_address
from tests.gates.fake_prometheus import answering
from tests.gates.remedies.failing import FAILS, line_of_remediation, outcomes, remediations, stack, start
from tests.serving import serving

pytestmark = pytest.mark.e2e

SECRET = "an-old-canary"
PAGE = Path(__file__).parents[3] / "docs" / "gate-remediation.md"
Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """Where the verdict is posted: what came, and where to."""

    url: str
    posts: list[tuple[str, Message, bytes]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return self.url.rpartition("/")[0]


@contextmanager
def receiving(*replies: Reply) -> Iterator[Receiver]:
    """A receiver that gives one reply after the other, and the last one for ever."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append((self.path, self.headers, body))
            receiver.came.set()
            replies[min(len(receiver.posts), len(replies)) - 1](self)

        def do_GET(self) -> None:
            receiver.posts.append((f"GET {self.path}", self.headers, b""))
            self.send_response(204)
            self.end_headers()

    with serving(Handler) as address:
        receiver = Receiver(f"http://{address}/rollback?token=of-the-url")
        yield receiver


def status(number: int, **headers: str) -> Reply:
    def reply(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(number)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def breaking_off(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def nonsense(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n\r\n")


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100_000):
        handler.wfile.write(b"x" * 100_000)


def hook(directory: Path, receiver: Receiver, more: str = "", secret: str | None = f"{SECRET}\n") -> Path:
    """A stack.yaml whose errors are posted to the receiver."""
    keys = f'url: "{receiver.url}"'
    if secret is not None:
        (directory / "key").write_text(secret)
        keys += ", secret_file: key"
    return stack(directory, f"{{webhook: {{{keys}}}, when: [error]{more}}}")


def test_the_verdict_is_posted_and_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(status(204)) as receiver, answering(FAILS) as url:
        (tmp_path / "key").write_text(f"{SECRET}\r\n")
        path = stack(tmp_path, f'{{webhook: {{url: "{receiver.url}", secret_file: key}}}}', url)
        assert main(["--stack", str(path), "--run-id", "deploy-7"]) == 1
    ((where, headers, body),) = receiver.posts
    assert where == "/rollback?token=of-the-url"
    verdict = json.loads(body)
    assert (verdict["verdict"], verdict["run_id"]) == ("fail", "deploy-7")
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "deploy-7"
    assert headers["User-Agent"] == "dev-hq-gates"
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Dev-HQ-Signature-256"] == f"sha256={signature}"
    said = capsys.readouterr()
    assert re.fullmatch(rf"the webhook at {receiver.place} answered 204 after \d+\.\ds", line_of_remediation(said.out))
    assert said.err == ""
    assert re.fullmatch(r"answered 204 after \d+\.\ds", str(outcomes(path)[1][1]))


@pytest.mark.parametrize("is_directory", [False, True])
def test_a_secret_that_is_missing_is_said_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], is_directory: bool
) -> None:
    with receiving(status(200)) as receiver:
        path = hook(tmp_path, receiver)
        (tmp_path / "key").unlink()
        if is_directory:
            (tmp_path / "key").mkdir()
        assert main(["--stack", str(path)]) == 2
        assert capsys.readouterr() == (
            "",
            f"gates.check: on_fail.webhook.secret_file: there is no file {tmp_path}/key; put the secret there\n",
        )
        assert main(["--stack", str(path), "--no-remediate"]) == 4
        assert main(["--stack", str(path), "--dry-run"]) == 0
    assert receiver.posts == []


def test_openssl_finds_the_same_signature(tmp_path: Path) -> None:
    with receiving(status(200)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 4
    ((_, headers, body),) = receiver.posts
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", SECRET], input=body, capture_output=True, timeout=30, check=True
    )
    assert headers["X-Dev-HQ-Signature-256"] == f"sha256={done.stdout.decode().split()[-1]}"


def test_the_page_says_how_to_check_the_signature(tmp_path: Path) -> None:
    with receiving(status(200)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 4
    ((_, headers, body),) = receiver.posts
    signature = headers["X-Dev-HQ-Signature-256"]
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "page.py").write_text(next(text for language, text in blocks if language == "python"))
    found = runpy.run_path(str(tmp_path / "page.py"))
    assert found["is_ours"](body, signature, SECRET.encode())
    assert not found["is_ours"](body + b" ", signature, SECRET.encode())
    (tmp_path / "body.json").write_bytes(body)
    script = next(text for language, text in blocks if language == "sh")
    for header, code in ((signature, 0), (f"{signature[:-1]}x", 1)):
        environment = {**os.environ, "SECRET": SECRET, "HEADER": header}
        assert subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=False).returncode == code


def test_without_a_secret_it_is_not_signed(tmp_path: Path) -> None:
    with receiving(status(200)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver, secret=None))]) == 4
    assert "X-Dev-HQ-Signature-256" not in receiver.posts[0][1]


def test_a_server_that_fails_or_breaks_off_is_asked_again_with_the_same_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.remedies.webhook.FIRST_PAUSE", 0.01)
    with receiving(status(500), breaking_off, status(429), status(503), status(202)) as receiver:
        path = hook(tmp_path, receiver)
        assert main(["--stack", str(path)]) == 4
    assert len(receiver.posts) == 5
    assert len({(headers["Idempotency-Key"], headers["X-Dev-HQ-Signature-256"], body)
                for _, headers, body in receiver.posts}) == 1  # fmt: skip
    assert " answered 202 after " in line_of_remediation(capsys.readouterr().out)
    assert str(outcomes(path)[1][1]).endswith("s, at try 5")


@pytest.mark.parametrize("number", [400, 401, 404, 408, 410, 422])
def test_a_refusal_is_exit_code_5_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int) -> None:
    with receiving(status(number)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 5
    assert len(receiver.posts) == 1
    assert f" answered {number} after " in line_of_remediation(capsys.readouterr().out)


@pytest.mark.parametrize("number", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int) -> None:
    with receiving(status(200)) as elsewhere, receiving(status(number, Location=elsewhere.url)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 5
    assert elsewhere.posts == []
    said = line_of_remediation(capsys.readouterr().out)
    assert f" answered {number}, a redirect, which is not followed, after " in said


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (status(500), "answered 500"),
        (status(429, Retry_After="3600"), "answered 429"),
        (breaking_off, "could not be reached, or broke off"),
        (nonsense, "could not be reached, or broke off"),
    ],
)
def test_one_that_never_takes_it_is_exit_code_5_within_the_deadline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, reply: Reply, outcome: str
) -> None:
    monkeypatch.setattr("gates.remedies.webhook.FIRST_PAUSE", 0.01)
    began = time.monotonic()
    with receiving(reply) as receiver:
        path = hook(tmp_path, receiver, ", timeout: 500ms")
        assert main(["--stack", str(path)]) == 5
    assert time.monotonic() - began < 30
    assert f" {outcome} after " in line_of_remediation(capsys.readouterr().out)
    assert remediations(path)[1].data["failed"] is True


def test_after_a_429_it_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    with receiving(status(429, Retry_After="1"), status(200)) as receiver:
        began = time.monotonic()
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 4
    assert time.monotonic() - began >= 1
    assert len(receiver.posts) == 2


def test_nobody_there_is_exit_code_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = Receiver(f"http://{free_address('127.0.0.1')}/rollback?token=of-the-url")
    assert main(["--stack", str(hook(tmp_path, nobody, ", timeout: 1s"))]) == 5
    said = line_of_remediation(capsys.readouterr().out)
    assert said.startswith(f"the webhook at {nobody.place} could not be reached, or broke off after ")


def test_what_speaks_no_tls_is_not_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(status(200)) as receiver:
        receiver.url = receiver.url.replace("http:", "https:")
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 5
    said = line_of_remediation(capsys.readouterr().out)
    assert "is not trusted: its certificate, or what it speaks instead of TLS, was refused after" in said


def test_one_that_hangs_is_left_at_the_deadline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    let_go = threading.Event()
    with receiving(lambda _: let_go.wait(60) and None) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver, ", timeout: 500ms"))]) == 5
        let_go.set()
    said = line_of_remediation(capsys.readouterr().out)
    assert said == f"the webhook at {receiver.place} gave no answer within 500ms"


def test_one_whose_answer_drips_is_left_at_the_deadline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    let_go = threading.Event()

    def dripping(handler: http.server.BaseHTTPRequestHandler) -> None:
        while not let_go.wait(0.05):
            handler.wfile.write(b"H")

    with receiving(dripping) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver, ", timeout: 1s"))]) == 5
        let_go.set()
    said = line_of_remediation(capsys.readouterr().out)
    assert said == f"the webhook at {receiver.place} gave no answer within 1s"


def test_of_an_endless_answer_the_status_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(endless) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 4
    assert " answered 200 after " in line_of_remediation(capsys.readouterr().out)


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{free_address('127.0.0.1')}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with receiving(status(200)) as receiver:
        assert main(["--stack", str(hook(tmp_path, receiver))]) == 4
    assert len(receiver.posts) == 1


def test_a_second_check_with_the_same_run_id_posts_nothing(tmp_path: Path) -> None:
    with receiving(status(200)) as receiver:
        path = hook(tmp_path, receiver)
        assert [main(["--stack", str(path), "--run-id", "deploy-7"]) for _ in range(2)] == [4, 4]
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(("words", "why"), [("\n", "{} is empty"), (None, "there is no file {}")])
def test_a_secret_that_is_gone_when_it_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str | None, why: str
) -> None:
    if words is None:
        monkeypatch.setattr("stack.on_fail.Path.is_file", lambda _: True)
    with receiving(status(200)) as receiver:
        path = hook(tmp_path, receiver, secret=words or "")
        if words is None:
            (tmp_path / "key").unlink()
        assert main(["--stack", str(path)]) == 5
    assert receiver.posts == []
    said = line_of_remediation(capsys.readouterr().out)
    why = why.format(tmp_path / "key")
    assert said == f"the webhook at {receiver.place} was not called: {why}; put the secret there"


def test_an_interrupt_leaves_it_and_is_its_outcome(tmp_path: Path) -> None:
    let_go = threading.Event()
    with receiving(lambda _: let_go.wait(60) and None) as receiver:
        path = hook(tmp_path, receiver)
        check = start(path)
        assert receiver.came.wait(30)
        check.terminate()
        assert (*check.communicate(timeout=30), check.returncode) == ("", "", 143)
        let_go.set()
    assert outcomes(path) == [("announced", None), ("finished", "was interrupted")]


@pytest.mark.parametrize("reply", [status(200), status(401), status(302, Location="/token=of-the-url"), nonsense])
@pytest.mark.parametrize("form", ["text", "json", "junit", "markdown", "github", "openmetrics"])
def test_the_secret_and_the_rest_of_the_url_are_in_no_output(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], reply: Reply, form: str
) -> None:
    with receiving(reply) as receiver:
        path = hook(tmp_path, receiver, ", timeout: 200ms")
        main(["--stack", str(path), "--format", form])
    said = capfd.readouterr()
    journal = (tmp_path / "var" / "journal.jsonl").read_text()
    for words in (said.out, said.err, journal):
        assert SECRET not in words
        assert "of-the-url" not in words
