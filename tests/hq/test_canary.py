"""A secret in every place where one can be, every door tried and every command driven: none shows anywhere."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import bcrypt
import pytest
import requests
import trustme

from stack.model import Stack
from stack.waiting import wait_for
from tests.hq.certificates import write_server
from tests.hq.serving import make_stack

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
COMMANDS = (
    ("anomalies", "--json"), ("anomalies",), ("quality", "check"), ("quality", "check", "--format", "json"),
    ("chaos", "list"), ("chaos", "run", "network-latency"), ("generate", "--check"), ("status",), ("discover",),
    ("configure",), ("token", "list"), ("token", "revoke", "none"), ("dashboard", "--wait", "1s"), ("rules", "lint"),
)  # fmt: skip


ANSWER = "answer to"
BODY = "what a body holds"  # which may be said to whoever sent it, as in "unknown scenario", and nowhere else


class Anything(dict[str, str]):
    """What stands in a path for whatever it asks for."""

    def __missing__(self, key: str) -> str:
        return "none"


@dataclass
class Secrets:
    """The secrets by what they are for, and where each may stand."""

    values: dict[str, str] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)

    def make(self, purpose: str, file: Path | None = None) -> str:
        value = f"canary{secrets.token_hex(16)}"
        self.values[purpose] = value
        if file:
            file.write_text(value)
            self.files.add(file)
        return value

    def shown_in(self, output: bytes) -> list[str]:
        """Whose secret stands there: as it is, or packed as HTTP packs passwords."""
        shown = []
        for purpose, value in self.values.items():
            packed = [base64.b64encode(f"{user}:{value}".encode()) for user in ("ci", "me", "nobody")]
            if any(form in output for form in (value.encode(), *packed)):
                shown.append(purpose)
        return shown


class Hostile(BaseHTTPRequestHandler):
    """A Prometheus and a webhook that fail at everything."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "error", "errorType": "internal", "error": "no"}).encode()
        self.send_response(500)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def hostile() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def dev_hq(stack: Stack, *words: str) -> bytes:
    """What a command says, whatever it thinks of the world."""
    argv = [sys.executable, "-m", "hq.cli", "--stack", str(stack.file), *words]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False, cwd=ROOT)
    return done.stdout + done.stderr


def test_no_secret_shows_anywhere(tmp_path: Path) -> None:
    kept, outputs = Secrets(), {}
    with hostile() as elsewhere:
        stack = stack_full_of_secrets(tmp_path, kept, elsewhere)
        for name, scope in (("reader", "read"), ("checker", "quality"), ("breaker", "chaos")):
            made = dev_hq(stack, "token", "add", name, "--scope", scope, "--output", str(tmp_path / name))
            outputs[f"token add {name}"] = made
            kept.values[name] = (tmp_path / name).read_text().strip()
            kept.files.add(tmp_path / name)
        for words in COMMANDS:
            outputs[" ".join(words)] = dev_hq(stack, *words)
        outputs |= served(stack, kept, tmp_path)
    kept.values["the webhook's token"] = stack.webhook_token.read_text().strip()
    kept.files.add(stack.webhook_token)
    for path in filter(Path.is_file, [*stack.file.parent.rglob("*"), *tmp_path.rglob("*.jsonl")]):
        if path not in kept.files:
            outputs[str(path)] = path.read_bytes()
    assert len([name for name in outputs if name.endswith("audit.jsonl")]) == 1
    assert any(b"unauthorized" in output for output in outputs.values())
    found = {(name, shown) for name, output in outputs.items() for shown in kept.shown_in(output)}
    assert {(name, shown) for name, shown in found if not (shown == BODY and name.startswith(ANSWER))} == set()


def stack_full_of_secrets(directory: Path, kept: Secrets, elsewhere: str) -> Stack:
    for name in ("prometheus-password", "remedy-secret"):
        kept.make(name, directory / name)
    write_server(directory, trustme.CA())
    kept.values["the key of the certificate"] = (directory / "server.key").read_text().splitlines()[1]
    kept.files.add(directory / "server.key")
    password = kept.make("the reader's password")
    kept.values["its digest"] = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    web = directory / "web.yml"
    web.write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f"basic_auth_users: {{me: {kept.values['its digest']}}}\n"
    )
    kept.files.add(web)
    more = (
        f"prometheus: {{url: {elsewhere}, retries: 0, headers: {{X-Key: {kept.make('a header for Prometheus')}}},\n"
        f"  auth: {{basic: {{user: ci, password_file: {directory}/prometheus-password}}}}}}\n"
        f"gates: {{on_fail: {{webhook: {{url: '{elsewhere}/hook?{kept.make('the query of the webhook')}', "
        f"secret_file: {directory}/remedy-secret}}, timeout: 1s, when: [fail, error, undecided]}}}}\n"
    )
    stack = make_stack(directory / "stack", more=more)
    kept.files.add(stack.file)
    return stack


def served(stack: Stack, kept: Secrets, directory: Path) -> dict[str, bytes]:
    """What `dev-hq serve` answers, says and writes while everything is asked of it."""
    argv = [sys.executable, "-m", "hq.cli", "--stack", str(stack.file), "serve", "--enable-chaos-api"]
    argv += ["--web.config.file", str(directory / "web.yml")]
    said, outputs = directory / "said", {}
    with said.open("wb") as file, subprocess.Popen(argv, stdout=file, stderr=file, cwd=ROOT) as process:
        try:
            url = f"https://localhost:{stack.exporter.port}"
            session = requests.Session()
            session.trust_env = False
            session.verify = str(directory / "ca.pem")
            wait_for(lambda: process.poll() is not None or is_up(session, url), 20, "it does not answer")
            outputs |= asked(session, url, kept)
            break_and_ask_again(session, url, stack, directory, outputs)
        finally:
            process.terminate()
    outputs["what serve said"] = said.read_bytes()
    return outputs


def is_up(session: requests.Session, url: str) -> bool:
    with suppress(requests.ConnectionError):
        return session.get(f"{url}/-/healthy", timeout=2).status_code == 200
    return False


def asked(session: requests.Session, url: str, kept: Secrets) -> dict[str, bytes]:
    """Every path, by everybody, with what is wrong in every way."""
    reader = {"authorization": f"Bearer {kept.values['reader']}"}
    paths = session.get(f"{url}/openapi.json", headers=reader, timeout=10).json()["paths"]
    outputs = {}
    wrong, sent_name = kept.make("a wrong token"), kept.make(BODY)
    callers = {
        "nobody": {},
        "a wrong token": {"authorization": f"Bearer {wrong}"},
        "a wrong scheme": {"authorization": wrong},
        "a wrong password": {"authorization": basic("me", wrong)},
        "a wrong user": {"authorization": basic("nobody", wrong)},
        "a password": {"authorization": basic("me", kept.values["the reader's password"])},
        "a web page": {**reader, "origin": f"http://{wrong}.example"},
        "another host": {**reader, "host": f"{wrong}.example"},
        "a cookie": {**reader, "cookie": f"session={wrong}", "x-api-key": wrong},
        **{name: {"authorization": f"Bearer {kept.values[name]}"} for name in ("reader", "checker", "breaker")},
    }
    bodies = [
        json.dumps({"scenario": sent_name, "target": sent_name, "parameters": {sent_name: sent_name}}),
        json.dumps({sent_name: sent_name}), f'{{"{sent_name}', sent_name,
        json.dumps({"gates": [sent_name], "services": [sent_name]}),
        json.dumps({"scenario": "network-latency", "target": "shop", "parameters": {"share": sent_name}}),
    ]  # fmt: skip
    for path, operations in paths.items():
        for caller, headers in callers.items():
            for method in operations:
                known = caller in ("reader", "checker", "breaker")
                for number, body in enumerate(bodies[: None if known else 1] if method == "post" else [None]):
                    sent = {**headers, "idempotency-key": "one"}
                    if body:
                        sent["content-type"] = "application/json"
                    where = f"{url}{path.format_map(Anything())}?token={wrong}"
                    outputs[f"{ANSWER} {method} {path} by {caller}, {number}"] = answer(
                        session, method, where, sent, body
                    )
    raw = session.post(f"{url}/api/alerts", data=wrong, headers={"authorization": f"Basic {wrong}"}, timeout=10)
    outputs["raw"] = raw.content + repr(raw.headers).encode()
    return outputs


def answer(session: requests.Session, method: str, url: str, headers: dict[str, str], body: str | None) -> bytes:
    """The head of an answer and the first of its body: a stream goes on."""
    with session.request(method, url, headers=headers, data=body, timeout=20, stream=True) as response:
        head = repr((response.status_code, dict(response.headers))).encode()
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return head + next(response.iter_content(1000), b"")
        return head + response.content


def break_and_ask_again(
    session: requests.Session, url: str, stack: Stack, directory: Path, outputs: dict[str, bytes]
) -> None:
    """What it says when the files that it trusts are broken."""
    for path in (stack.tokens, directory / "web.yml", directory / "server.key"):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] + b"\nbroken: [" + content)
        for name in ("/metrics", "/-/ready", "/api/chaos/runs"):
            headers = {"authorization": "Bearer no", "connection": "close"}
            outputs[f"{ANSWER} {name} with a broken {path.name}"] = answer(
                session, "get", f"{url}{name}", headers, None
            )
        path.write_bytes(content)
        again = answer(session, "get", f"{url}/metrics", {"connection": "close"}, None)
        outputs[f"{ANSWER} /metrics when {path.name} is whole again"] = again


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
