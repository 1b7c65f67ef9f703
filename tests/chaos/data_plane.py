"""A stack of one service and one pool of two members, played by a real Envoy before a real upstream."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.dose import EnvoyStats
from chaos.envoy import envoy_command, write_envoy_config
from stack.address import Address, free_address
from stack.loader import load_stack
from stack.model import Stack
from stack.process import Child, find_program
from stack.waiting import wait_for

TEMPLATE = """
services:
  shop:
    listen: {shop}
    upstream: {upstream}
    sli: {{preset: envoy}}
    objectives:
      success_rate: {{target: 99%}}
      latency: {{under: 70ms, target: 99%}}
pools:
  proxies:
    used_by: shop
    listen: {pool}
    members: {members}
    upstream: {pool_upstream}
    retries: {retries}
    timeout: 3s
envoy: {{admin: {admin}, control_plane: {control_plane}}}
"""


class Quiet(http.server.BaseHTTPRequestHandler):
    """Answers 200 with what it was asked, and keeps the connection alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.answer()

    def answer(self) -> None:
        body = f"{self.command} {self.path} {self.headers['host']}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serve(handler: type[http.server.BaseHTTPRequestHandler] = Quiet) -> Iterator[Address]:
    """A real HTTP server in a thread."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with answering(server) as address:
        yield address


@contextlib.contextmanager
def answering(server: http.server.HTTPServer) -> Iterator[Address]:
    """A server that answers from a thread of its own."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield Address("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def build_stack(directory: Path, upstream: str, /, **changes: object) -> Stack:
    """The stack of this module at free addresses."""
    taken: set[Address] = set()

    def place(span: int = 1) -> Address:
        while True:
            first = free_address("127.0.0.1", frozenset(taken))
            block = [Address(first.host, first.port + step) for step in range(span)]
            if all(address not in taken and address.is_free() for address in block):
                taken.update(block)
                return first

    places: dict[str, object] = {
        "shop": place(),
        "pool": place(span=10),
        "admin": place(),
        "control_plane": place(),
        "upstream": upstream,
        "pool_upstream": upstream,
        "members": 2,
        "retries": 0,
    }
    file = directory / "stack.yaml"
    file.write_text(TEMPLATE.format(**{**places, **changes}))
    return load_stack(file)


Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Answer:
    """What a request got: status 0 stands for no answer at all."""

    status: int
    headers: Mapping[str, str]
    body: str


def ask(address: Address, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode())
    except (OSError, http.client.HTTPException):
        return Answer(0, {}, "")
    finally:
        connection.close()


class Plane:
    """A running Envoy and the addresses of its listeners."""

    def __init__(self, stack: Stack, envoy: Child) -> None:
        self.stack, self.envoy = stack, envoy
        self.pool = stack.pools["proxies"]
        shop = stack.services["shop"].listen
        assert shop
        self.shop = shop
        self.members = [member.listen for member in self.pool.members]
        self.stats = EnvoyStats(stack.envoy.admin)


def start_envoy(stack: Stack, directory: Path, change: Change | None = None) -> Child:
    """Envoy for this stack, listening; its configuration can be changed before."""
    config = directory / "envoy.json"
    write_envoy_config(stack, config)
    if change:
        changed = json.loads(config.read_text())
        change(changed)
        config.write_text(json.dumps(changed))
    envoy = Child("envoy", envoy_command(find_program("envoy"), config), directory / "envoy.log")
    try:
        wait_for(lambda: is_live(stack) or envoy.exit_code is not None, 20, "Envoy did not become ready")
        assert envoy.exit_code is None, envoy.last_words()
    except BaseException:
        envoy.stop()
        raise
    return envoy


def is_live(stack: Stack) -> bool:
    """Whether Envoy listens to requests."""
    return ask(stack.envoy.admin, "/ready").status == 200


@contextlib.contextmanager
def run_plane(directory: Path, upstream: str, /, **changes: object) -> Iterator[Plane]:
    """The stack of this module, running."""
    stack = build_stack(directory, upstream, **changes)
    envoy = start_envoy(stack, directory)
    try:
        yield Plane(stack, envoy)
    finally:
        envoy.stop()
