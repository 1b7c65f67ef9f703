"""Runs over HTTP as a client sees them, with runs that break nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from hq.api.run_request import Plan
from stack.journal import Journal, Record
from stack.model import Stack
from stack.waiting import wait_for
from tests.hq.serving import Answer, Served, serving

WAVE = {"scenario": "proxy-failure-wave"}
FAKE = "import runpy; runpy.run_module('tests.hq.api.fake_run', run_name='__main__')"
ROOT = Path(__file__).parents[3]


@dataclass
class Event:
    """One server-sent event."""

    name: str = ""
    id: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class ChaosApi:
    """A running API, asked with tokens of its own."""

    served: Served

    @property
    def journal(self) -> Journal:
        return Journal(self.served.stack.journal)

    def start(self, body: object = WAVE, key: str | None = "k1", scope: str = "chaos") -> Answer:
        headers = {} if key is None else {"idempotency_key": key}
        return self.served.ask(scope, "POST", "/api/chaos/run", body, **headers)

    def started(self, key: str = "k1") -> str:
        """A run that has announced itself."""
        answer = self.start(key=key)
        assert answer.status == 202, answer.body
        run = str(self.read(answer)["run"])
        wait_for(lambda: self.get(run)["state"] == "running", 20, "the run did not announce itself")
        return run

    def stop(self, body: object = None) -> Answer:
        return self.served.ask("chaos", "POST", "/api/chaos/stop", body or {})

    def get(self, run: str) -> dict[str, Any]:
        answer = self.served.ask("read", "GET", f"/api/chaos/runs/{run}")
        assert answer.status == 200, answer.body
        return self.read(answer)

    def ended(self, run: str, seconds: float = 20.0) -> dict[str, Any]:
        """The run once it has ended."""
        wait_for(lambda: self.get(run)["state"] in ("finished", "died"), seconds, "the run did not end")
        return self.get(run)

    def let_finish(self) -> None:
        (self.served.stack.directory / "finish").touch()

    def records(self, kind: str) -> list[Record]:
        return [record for record in self.journal.read() if record.kind == kind]

    @staticmethod
    def read(answer: Answer) -> dict[str, Any]:
        return dict(json.loads(answer.body))

    @contextmanager
    def following(self, run: str, last: str | None = None) -> Iterator[HTTPResponse]:
        """The answer of /events, whose body goes on."""
        connection = HTTPConnection(self.served.address.host, self.served.address.port, timeout=30)
        headers = {"authorization": self.served.bearer("read")} | ({"last-event-id": last} if last else {})
        try:
            connection.request("GET", f"/api/chaos/runs/{run}/events", headers=headers)
            yield connection.getresponse()
        finally:
            connection.close()

    def events(self, run: str, last: str | None = None) -> list[Event]:
        """Every event until the stream ends."""
        with self.following(run, last) as response:
            assert response.status == 200
            return list(events_in(response))


def events_in(response: HTTPResponse) -> Iterator[Event]:
    """The events of a stream as they come, comments left out."""
    event = Event()
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event.name = value
        elif name == "id":
            event.id = value
        elif name == "data":
            event.data = json.loads(value)
        elif not name and event.name:
            yield event
            event = Event()


@contextmanager
def chaos_api(directory: Path, monkeypatch: pytest.MonkeyPatch, program: str = FAKE, **more: Any) -> Iterator[ChaosApi]:
    """The API of a small stack that is said to run; what it starts is `program` instead of a real run."""
    processes: list[subprocess.Popen[bytes]] = []

    def start_fake(stack: Stack, run: str, plan: Plan, output: int) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", program, str(stack.journal), plan.scenario, plan.target, run]
        processes.append(
            subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=ROOT, close_fds=True)
        )
        return processes[-1]

    monkeypatch.setattr("hq.api.runs.start_process", start_fake)
    monkeypatch.setattr("hq.api.chaos.is_up", lambda _stack: True)
    (directory / "var" / "tokens.yaml").unlink(missing_ok=True)  # they are made anew, for the same names
    try:
        with serving(directory, **{"chaos": True, **more}) as served:
            for scope in ("read", "chaos"):
                served.bearer(scope)
            yield ChaosApi(served)
    finally:
        for process in processes:
            process.kill()
            process.wait()
