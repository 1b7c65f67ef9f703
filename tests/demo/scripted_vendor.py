"""A vendor whose failures are written down beforehand, which no healthy one can be made to show."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Self

GOOD = b'{"item": "umbrella", "price": "10.00", "currency": "EUR"}'
HANG = "hang"
CLOSE = "close"
CUT = "cut"

Step = int | str | bytes


class ScriptedVendor(ThreadingHTTPServer):
    """Answers request after request with the next step: a status, a body for a 200, HANG, CLOSE or CUT."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.released = threading.Event()
        self.requests = 0
        self.answer_with(200)

    def answer_with(self, *steps: Step) -> None:
        """From now on, answers with these steps over and over."""
        self._lock = threading.Lock()
        self._steps = cycle(steps)
        self.requests = 0

    def next_step(self) -> Step:
        with self._lock:
            self.requests += 1
            return next(self._steps)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Clients that went away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedVendor

    def do_GET(self) -> None:
        step = self.server.next_step()
        if step == HANG:
            self.server.released.wait(30)
        if step in (HANG, CLOSE):
            self.close_connection = True
            return
        status, body = (step, GOOD) if isinstance(step, int) else (200, step if isinstance(step, bytes) else GOOD)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + (100 if step == CUT else 0)))
        if status == 302:
            self.send_header("Location", f"{self.server.url}elsewhere")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = step == CUT

    def log_message(self, *_: object) -> None:
        """Quiet."""
