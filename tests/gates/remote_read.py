"""A second storage that a Prometheus reads from: it has nothing to add, or it fails."""

from __future__ import annotations

import http.server
from collections.abc import Iterator
from contextlib import contextmanager

from tests.serving import serving

NOTHING = b"\x02\x04\x0a\x00"  # one empty QueryResult in a ReadResponse, as protobuf, as a snappy literal


class RemoteRead:
    """Answers that it has nothing, until `fails` is set."""

    def __init__(self) -> None:
        self.fails = False
        self.url = ""


@contextmanager
def remote_read() -> Iterator[RemoteRead]:
    """Such a storage, listening at its `url`."""
    remote = RemoteRead()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b"no disk\n" if remote.fails else NOTHING
            self.send_response(500 if remote.fails else 200)
            self.send_header("Content-Length", str(len(body)))
            if not remote.fails:
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Encoding", "snappy")
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        remote.url = f"http://{address}/read"
        yield remote
