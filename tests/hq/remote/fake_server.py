"""A `dev-hq serve` that says over real HTTP what it is told to, and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "dev-hq-canary-Ab3_x-9"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Says:
    """An answer; `breaks` hangs up without one, `then` is done before it is sent."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks: bool = False
    then: Callable[[], object] | None = None


def refuses(status: int, message: str, **headers: str) -> Says:
    """A refusal in the API's one error shape."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says(status, {"error": {"code": "code", "message": message}}, named)


def streams(*events: tuple[str, object, object]) -> Says:
    """A stream of these events (name, id, data), after which the connection ends."""
    text = ": here\n\n"
    for name, number, data in events:
        text += f"event: {name}\n" + (f"id: {number}\n" if number else "") + f"data: {json.dumps(data)}\n\n"
    return Says(200, text, {"Content-Type": "text/event-stream"})


@dataclass
class FakeHq:
    """Answers by method and path: each time the next of the answers there, the last of them for ever."""

    url: str = ""
    answers: dict[str, list[Says]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, what: str, *answers: Says) -> FakeHq:
        """What is said to, say, `GET /api/chaos/runs`."""
        self.answers[what] = list(answers)
        return self

    def heard(self, what: str) -> list[Asked]:
        """The requests of one method and path."""
        return [one for one in self.asked if f"{one.method} {one.path}" == what]

    def next(self, what: str) -> Says:
        with self.lock:
            answers = self.answers.get(what) or [refuses(404, "not found")]
            return answers.pop(0) if len(answers) > 1 else answers[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_words: object) -> None:
        """A client that went away is no trouble of the server's."""


@contextmanager
def fake_hq(tls: ssl.SSLContext | None = None) -> Iterator[FakeHq]:
    """The server, until the body is done."""
    fake = FakeHq()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers.items()), json.loads(raw) if raw else None)
            fake.asked.append(asked)
            says = fake.next(f"{self.command} {self.path}")
            if says.then:
                says.then()
            if says.breaks:
                return
            text = says.body if isinstance(says.body, str) else json.dumps(says.body)
            body = text.encode()
            self.send_response(says.status)
            for name, value in {"Content-Type": "application/json", **says.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if says.status != 204:
                self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - as the library calls them

        def log_message(self, *_words: object) -> None:
            """Nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    fake.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def token_file(directory: Path) -> Path:
    """A file with the token, as `dev-hq token add --output` makes it."""
    path = directory / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    return path
