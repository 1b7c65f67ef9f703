"""A real stack for tests and benchmarks: `dev-hq up` on a copy of stack.yaml, and what is asked of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus.access import connect
from prometheus.client import PrometheusClient
from stack.journal import Journal, Record
from stack.model import Stack
from stack.placement import open_stack
from stack.process import die_with_parent
from stack.waiting import wait_for

ROOT = Path(__file__).parent.parent
HQ = [sys.executable, "-m", "hq.cli"]


@dataclass
class LiveStack:
    """A running stack: its file, its model at the real addresses, its supervisor."""

    path: Path
    up: subprocess.Popen[str]

    @property
    def stack(self) -> Stack:
        return open_stack(self.path)

    @property
    def prometheus(self) -> PrometheusClient:
        return connect(self.stack.prometheus)

    def hq(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs `dev-hq` on this stack to its end."""
        return subprocess.run(
            [*HQ, "--stack", str(self.path), *words], capture_output=True, text=True, timeout=timeout, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts `dev-hq` on this stack, as a process of its own that dies with us."""
        return subprocess.Popen(
            [*HQ, "--stack", str(self.path), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def gate(self) -> int:
        """The exit code of the gate now."""
        return subprocess.run(
            [sys.executable, "-m", "gates.check", "--stack", str(self.path), "--no-record"],
            capture_output=True,
            timeout=60,
            check=False,
        ).returncode

    def wait_until_steady(self, seconds: float = 120) -> None:
        """Waits until the gate passes and nothing of ours fires."""
        wait_for(lambda: self.gate() == 0, seconds, "the gate did not pass", every=1.0)
        wait_for(lambda: not self.firing(), seconds, "alerts did not resolve", every=0.5)

    def firing(self) -> set[str]:
        """The anomaly types that fire now."""
        return {
            alert.labels["anomaly_type"]
            for alert in self.prometheus.alerts()
            if alert.state == "firing" and "anomaly_type" in alert.labels
        }

    def records(self, kind: str, since: float = 0.0) -> list[Record]:
        """The journal's records of one kind."""
        return [record for record in Journal(self.stack.journal).read() if record.kind == kind and record.at >= since]


def copy_stack(directory: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the repository's stack.yaml in `directory`, with texts replaced."""
    text = (ROOT / "stack.yaml").read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"stack.yaml does not hold {old!r}")
        text = text.replace(old, new)
    path = directory / "stack.yaml"
    path.write_text(text)
    return path


@contextmanager
def live_stack(path: Path, *words: str) -> Iterator[LiveStack]:
    """`dev-hq up` with these words on the stack in `path`; checks afterwards that nothing of it is left."""
    log = path.parent / "up.log"
    with log.open("w") as output:
        up = subprocess.Popen(
            [*HQ, "--stack", str(path), "up", "--fresh", *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        wait_for(lambda: up.poll() is not None or "the stack is up" in log.read_text(), 60, "the stack did not come up")
        assert up.poll() is None, log.read_text()
        yield LiveStack(path, up)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)
    assert processes_of(path) == []


def processes_of(path: Path) -> list[str]:
    """The command lines of processes that name the directory of the stack in `path`, or run from its configuration."""
    needle = str(path.parent).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if needle in command:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def status(url: str, timeout: float = 5.0) -> int:
    """The status of one GET; 0 when there was no answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def seconds_until(code: int, url: str, limit: float) -> float:
    """How long it takes until `url` answers `code`, asked continuously; raises AssertionError after `limit` seconds."""
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if status(url) == code:
            return asked - began
        assert time.monotonic() - began < limit, f"{url} did not answer {code} within {limit} s"
        time.sleep(0.01)


def process_with(parent: int, argument: str) -> int | None:
    """The pid of a child of `parent` that was started with `argument`, or None."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if argument.encode() in words:
            return int(child)
    return None
