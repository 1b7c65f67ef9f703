"""A past for the benchmark of rules: what was scraped and recorded before it began, and the scrapes that go on."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import mul
from pathlib import Path

from stack.process import find_program

STEP = 60
GOOD, BAD = 10.0, 0.02
"""Requests a second of each service."""

CREATE_BLOCKS = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=768h")

Series = tuple[str, int, int, Callable[[float], float]]
"""Name and labels, seconds between samples, seconds of history, and the value by seconds since the beginning."""


def scraped(service: str, history: int) -> Iterator[Series]:
    """The counters of one service."""
    for code, rate in (("200", GOOD), ("500", BAD)):
        yield f'http_requests_total{{job="{service}",code="{code}"}}', STEP, history, partial(mul, rate)


def recorded(records: Mapping[str, tuple[int, int, float]], labels: str) -> Iterator[Series]:
    """What rules have recorded of one service: the step, the history and the value of each record."""
    for record, (step, history, value) in records.items():
        yield f"{record}{{{labels}}}", step, history, partial(_constant, value)


def _constant(value: float, age: float) -> float:
    return value


def backfill(series: Iterable[Series], began: int, now: int, directory: Path) -> None:
    """Writes blocks with the samples of `series` until `now` into the data directory of a Prometheus."""
    file = directory / "history.txt"
    with file.open("w") as out:
        for name, step, history, value in series:
            first = max(began, now - history)
            out.write(
                "".join(
                    f"{name} {value(at - began):.6g} {at}\n" for at in range(first - first % step + step, now, step)
                )
            )
        out.write("# EOF\n")
    subprocess.run(
        [find_program("promtool"), *CREATE_BLOCKS, file, directory / "data"],
        check=True,
        capture_output=True,
        timeout=300,
    )
    file.unlink()


@contextmanager
def exporting(services: list[str], began: int) -> Iterator[str]:
    """The address of an exporter that goes on counting for all services."""
    import time

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            age = time.time() - began
            body = "".join(
                f'http_requests_total{{job="{service}",code="{code}"}} {rate * age:.6f}\n'
                for service in services
                for code, rate in (("200", GOOD), ("500", BAD))
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
