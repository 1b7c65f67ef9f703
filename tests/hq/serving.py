"""The API on a real uvicorn, in a thread, and a client that sends exactly what it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from exporters.journal import Configured
from hq.api.application import Serving, create_app
from hq.api.token_file import add_token
from hq.api.tokens import Scope
from hq.credentials import ensure_credentials, read_token
from hq.serving.listening import bound
from hq.serving.server import Server
from hq.serving.web import Web
from stack.address import Address
from stack.journal import Journal, Record
from stack.loader import load_stack
from stack.model import Stack
from stack.waiting import wait_for
from tests.addresses import addresses_apart

CONFIGURED = Configured(scenarios=[("wave", "failure", "proxies")], gates=[("success_rate", "shop")])


@dataclass(frozen=True)
class Answer:
    """One answer, its body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of the one error shape."""
        error = json.loads(self.body)
        assert list(error) == ["error"]
        assert list(error["error"]) == ["code", "message"]
        return self.status, error["error"]["code"], error["error"]["message"]


@dataclass(frozen=True)
class Served:
    """A running API."""

    stack: Stack
    address: Address
    credentials: Path
    bearers: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return read_token(self.credentials).decode()

    @property
    def notifications(self) -> list[Record]:
        return Journal(self.stack.journal).read()

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        connection = HTTPConnection(self.address.host, self.address.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def notify(self, body: object, **headers: str | None) -> Answer:
        """POST /api/alerts as Alertmanager sends it; a header that is None is left out."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"}
        if "authorization" not in headers:
            sent["authorization"] = f"Bearer {self.token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", "/api/alerts", {name: value for name, value in sent.items() if value is not None}, raw)

    def bearer(self, scope: str) -> str:
        """What somebody sends in Authorization who has a token of this scope, made when it is first asked for."""
        if scope not in self.bearers:
            token = add_token(self.stack.directory / "tokens.yaml", scope, frozenset({Scope(scope)}))
            self.bearers[scope] = f"Bearer {token}"
        return self.bearers[scope]

    def ask(self, scope: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """What somebody with a token of this scope is answered; the body is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["authorization"] = self.bearer(scope)
        if body is not None:
            sent["content-type"] = "application/json"
        return self.send(method, path, sent, None if body is None else json.dumps(body).encode())

    def raw(self, request: bytes, seconds: float = 10.0) -> bytes:
        """Whatever comes back on a connection of its own, until it is closed."""
        with socket.create_connection((self.address.host, self.address.port), timeout=seconds) as connection:
            connection.sendall(request)
            answer = b""
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
            return answer


def _answer(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def make_stack(directory: Path, exporter: Address | None = None, more: str = "") -> Stack:
    """A small stack whose addresses nobody listens on, with `more` lines of YAML."""
    front, vendor, spare, admin, control_plane, nobody = addresses_apart(6)
    if "prometheus:" not in more:
        more = f"prometheus: {{url: http://{nobody}}}\n{more}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "stack.yaml").write_text(f"""\
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives:
      success_rate: {{target: 99.5%}}
pools:
  proxies:
    used_by: shop
    listen: {front}
    members: 2
    upstream: http://{vendor}
envoy: {{admin: {admin}, control_plane: {control_plane}}}
exporter: {{listen: {exporter or spare}}}
{more}""")
    return load_stack(directory / "stack.yaml")


@contextmanager
def serving(
    directory: Path,
    configured: Configured = CONFIGURED,
    *,
    more: str = "",
    gates: Path | None = None,
    chaos: bool = False,
    open_to_all: bool = True,
    web: Web | None = None,
) -> Iterator[Served]:
    """The API of a small stack with `more` lines of YAML, and with this file of gates, until the body is done.

    `chaos` is whether it may start runs, `open_to_all` whether it is as on loopback, and `web` whom else it knows.
    """
    stack = make_stack(directory, more=more)
    credentials = stack.webhook_token
    ensure_credentials(credentials)
    tokens = stack.directory / "tokens.yaml"
    app = create_app(
        Serving(
            stack, configured, credentials, tokens, ["hq.example"],
            gates=gates, chaos=chaos, open=open_to_all, web=web or Web(),
        )
    )  # fmt: skip
    server = Server(app, web or Web(), stop_seconds=1)
    with bound(stack.exporter) as listener:
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        wait_for(lambda: server.started, 10, "the API did not start")
        try:
            yield Served(stack, stack.exporter, credentials)
        finally:
            server.should_exit = True
            thread.join(10)
