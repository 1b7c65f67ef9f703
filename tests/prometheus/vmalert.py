"""vmalert, the ruler of VictoriaMetrics, on a free port, and what it would tell an Alertmanager."""

from __future__ import annotations

import http.server
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.address import free_address
from stack.process import Child, find_program
from stack.waiting import wait_for
from tests.serving import serving


def refused(rules: Path) -> str:
    """What `vmalert -dryRun` has against the files in `rules`; nothing if it takes them."""
    argv = [find_program("vmalert"), "-dryRun", f"-rule={rules / '*.yml'}", "-loggerFormat=json"]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


class _Alertmanager(http.server.BaseHTTPRequestHandler):
    """Takes every notification."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


@contextmanager
def running_vmalert(rules: Path, database: str, directory: Path, *options: str) -> Iterator[str]:
    """The URL of a vmalert that evaluates the files in `rules` on the VictoriaMetrics at `database`."""
    address = free_address("127.0.0.1")
    with serving(_Alertmanager) as alertmanager:
        argv = [
            find_program("vmalert"),
            f"-rule={rules / '*.yml'}",
            f"-datasource.url={database}",
            f"-remoteWrite.url={database}",
            f"-remoteRead.url={database}",
            f"-notifier.url=http://{alertmanager}",
            f"-httpListenAddr={address}",
            "-evaluationInterval=1s",
            "-remoteWrite.flushInterval=1s",
            *options,
        ]
        child = Child("vmalert", argv, directory / "vmalert.log")
        try:
            wait_for(lambda: not address.is_free(), 20, f"vmalert did not listen: {child.last_words()}")
            yield f"http://{address}"
        finally:
            child.stop()
