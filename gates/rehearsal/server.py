"""A server on loopback that stands where Prometheus should, and answers as it is told."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from stack.dataclass import dataclass


@dataclass(frozen=True)
class Asked:
    """A query at one time, or a range query at more than one."""

    query: str
    times: tuple[float, ...]


@dataclass(frozen=True)
class Reply:
    """What comes back: a status and a body, which may be cut off, or nothing at all for as long as one waits."""

    status: int
    body: bytes
    is_cut: bool = False
    never_comes: bool = False


class Server:
    """Says what time it is to whoever asks, and answers everything else as `play` does."""

    def __init__(self) -> None:
        self.play: Callable[[Asked], Reply] = lambda _asked: Reply(404, b"")
        self.ended = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def reply(self, form: dict[str, list[str]]) -> Reply:
        """The answer to what a form asks."""
        query = form["query"][0]
        if query == "time()":
            now = time.time()
            data = {"resultType": "scalar", "result": [now, str(now)]}
            return Reply(200, json.dumps({"status": "success", "data": data}).encode())
        return self.play(Asked(query, _times(form)))


class _Http(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        super().__init__(address, _Handler)
        self.owner = owner

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a client that gives up is what is played here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet
    server: _Http

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, form: str) -> None:
        reply = self.server.owner.reply(parse_qs(form))
        if reply.never_comes:
            self.server.owner.ended.wait(600)
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body)
        self.close_connection = reply.is_cut

    def log_message(self, *words: object) -> None:
        """Says nothing."""


def _times(form: dict[str, list[str]]) -> tuple[float, ...]:
    if "step" not in form:
        return (float(form["time"][0]),)
    start, end, step = (float(form[name][0].removesuffix("s")) for name in ("start", "end", "step"))
    return tuple(start + number * step for number in range(round((end - start) // step) + 1))
