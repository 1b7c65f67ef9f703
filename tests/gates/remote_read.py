"""A second storage that a Prometheus reads from: it has nothing to add, or it fails."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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

        def log_message(self, *words: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    remote.url = f"http://127.0.0.1:{server.server_address[1]}/read"
    try:
        yield remote
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
