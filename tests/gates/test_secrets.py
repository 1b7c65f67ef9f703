"""What lets us in is in no output, report, record or evidence, even when the server repeats it in its own words."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from gates.check import main
from gates.formats import FORMATS
from tests.gates.fake_prometheus import clock, vector
from tests.gates.guarded_stack import stack_at
from tests.prometheus.fake_server import FakeServer, Reply, http

pytestmark = pytest.mark.e2e

TOKEN = "canary/tok+en=="
PASSWORD = "canary & pass:word"
PAIR = base64.b64encode(f"ci:{PASSWORD}".encode()).decode()
TENANT = "canary-tenant"
TENANTED = f"headers: {{X-Scope-OrgID: {TENANT}}}"
BEARER = (TOKEN, f"Bearer {TOKEN}")
BASIC = (PASSWORD, f"ci:{PASSWORD}", PAIR, PAIR.rstrip("="), f"Basic {PAIR}")
AUTHS = {
    "bearer": (("auth: {bearer_file: token}", TENANTED), BEARER),
    "basic": (("auth: {basic: {user: ci, password_file: pw}}", TENANTED), BASIC),
    "exec": (("auth: {exec: [./print-token]}", TENANTED), BEARER),
    "header": ((f"headers: {{Authorization: 'Bearer {TOKEN}', X-Scope-OrgID: {TENANT}}}",), BEARER),
    "basic header": ((f"headers: {{X-Scope-OrgID: {TENANT}, authorization: 'Basic {PAIR}'}}",), BASIC),
}


def in_any_form(secrets: Sequence[str]) -> list[str]:
    """The secrets as a server may write them."""
    forms = [form for secret in secrets for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))]
    return [*forms, *(form.lower() for form in forms), *(form.upper() for form in forms)]


def go_json(document: object) -> bytes:
    """JSON with what Go's encoder escapes, so that some secrets do not stand in it letter by letter."""
    return json.dumps(document).replace("&", "\\u0026").replace("/", "\\/").replace("+", "\\u002b").encode()


def complaint(words: str, kind: str = "execution") -> bytes:
    return go_json({"status": "error", "errorType": kind, "error": words})


def success(**more: object) -> bytes:
    return http(200, go_json({**json.loads(vector({})), **more}))


KINDS: dict[str, Callable[[str], Reply]] = {
    "401": lambda echo: http(401, echo.encode()),
    "403": lambda echo: http(403, complaint(echo)),
    "404": lambda echo: http(404, echo.encode()),
    "400": lambda echo: http(400, complaint(echo, "bad_data")),
    "422": lambda echo: http(422, complaint(echo)),
    "an error type": lambda echo: http(422, complaint("no", echo)),
    "cut off within": lambda echo: http(422, complaint("x" * 990 + echo)),
    "503": lambda echo: http(503, complaint(echo)),
    "503 cut off within": lambda echo: http(503, complaint("x" * 290 + echo)),
    "500": lambda echo: http(500, echo.encode()),
    "200 with an error": lambda echo: http(200, complaint(echo)),
    "200 with text": lambda echo: http(200, echo.encode()),
    "a login page": lambda echo: http(200, b"<html>" + echo.encode()),
    "an encoding": lambda echo: http(200, b"", f"Content-Encoding: {echo}\r\n"),
    "a redirect's path": lambda echo: http(302, b"", f"Location: http://a.example/{quote(echo)}?{echo}#{echo}\r\n"),
    "a redirect's words": lambda echo: http(302, b"", f"Location: http://a.example/{echo}\r\n"),
    "a redirect's host": lambda echo: http(302, b"", f"Location: http://{echo}\r\n"),
    "a redirect's user": lambda echo: http(302, b"", f"Location: http://{quote(echo)}@a.example/\r\n"),
    "a redirect to nonsense": lambda echo: http(302, b"", f"Location: http://[{echo}\r\n"),
    "a result type": lambda echo: success(data={"resultType": echo, "result": []}),
    "warnings": lambda echo: success(warnings=[echo]),
    "one warning": lambda echo: success(warnings=echo),
    "infos": lambda echo: success(infos=[echo]),
    "no http": lambda echo: echo.encode(),
}


@pytest.mark.parametrize(
    ("auth", "kind"),
    [(auth, kind) for auth in AUTHS for kind in (KINDS if auth in ("bearer", "basic") else ("401", "422"))],
)
def test_a_server_that_repeats_our_secrets(
    auth: str, kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_credentials(tmp_path)
    keys, secrets = AUTHS[auth]
    forms = in_any_form([*secrets, TENANT])
    reply = KINDS[kind](" | ".join(forms))
    outputs = [word for name in FORMATS for word in ("--output", f"{name}={tmp_path / name}")]
    for replies in ([reply], [http(200, clock()), reply]):
        with FakeServer(replies) as server:
            path = stack_at(tmp_path, server.url, *keys, "timeout: 5s", "retries: 0")
            assert main(["--stack", str(path), "--evidence", str(tmp_path / "evidence"), *outputs]) in (3, 4)
            assert TENANT in server.requests[0]
            assert secrets[-1] in server.requests[0]
    said = "".join(capfd.readouterr()) + "".join(path.read_text() for path in written(tmp_path))
    assert [form for form in forms if form.lower() in said.lower()] == []


def write_credentials(directory: Path) -> None:
    (directory / "token").write_text(TOKEN + "\n")
    (directory / "pw").write_text(PASSWORD + "\n")
    program = directory / "print-token"
    program.write_text(f"#!/bin/sh\necho '{TOKEN}'\necho 'I print {TOKEN}' >&2\n")
    program.chmod(0o755)


def written(directory: Path) -> list[Path]:
    """The files that the check has written."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"journal.jsonl", "evidence", *FORMATS} <= names
    return [path for path in files if path.name not in ("token", "pw", "print-token", "stack.yaml")]


def test_a_verdict_is_not_garbled_by_a_short_tenant(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with FakeServer([http(422, complaint("dev of team-1"))]) as server:
        path = stack_at(tmp_path, server.url, "headers: {X-Scope-OrgID: '1', X-Stage: dev}", "retries: 0")
        assert main(["--stack", str(path), "--no-record"]) == 4
    assert "refused the query: execution: dev of team-1\n" in capfd.readouterr().out


@pytest.mark.parametrize("option", ["--explain", "--self-test", "--validate"])
@pytest.mark.parametrize("auth", AUTHS)
def test_what_is_said_without_asking(auth: str, option: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_credentials(tmp_path)
    keys, secrets = AUTHS[auth]
    assert main(["--stack", str(stack_at(tmp_path, "http://127.0.0.1:1", *keys)), option]) == 0
    said = "".join(capfd.readouterr())
    assert [form for form in in_any_form([*secrets, TENANT]) if form.lower() in said.lower()] == []
