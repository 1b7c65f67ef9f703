"""A run that is started by `POST /api/chaos/run`, and that serve must not take with it."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from bench.chaos_monkey.journal import JournalFollower
from bench.chaos_monkey.runs import FAULT_SECONDS, SCENARIO, Fields, WatchedRun
from bench.chaos_monkey.stack import POOL
from bench.live import LiveStack
from stack.errors import HqError
from stack.process import ProcessIdentity, boot_id, process_started
from stack.waiting import wait_for

_BODY = {
    "scenario": SCENARIO,
    "target": POOL,
    "parameters": {"share": 0.25, "intensity": 1.0, "step_seconds": 0, "duration_seconds": FAULT_SECONDS},
}


class RunOverHttp(WatchedRun):
    """A run that was asked for with an idempotency key of its own; raises HqError when it is not taken."""

    def __init__(self, live: LiveStack, journal: JournalFollower, token: Path) -> None:
        self._url = f"http://{live.stack.exporter}/api/chaos/run"
        self._headers = {
            "authorization": f"Bearer {token.read_text().strip()}",
            "content-type": "application/json",
            "idempotency-key": secrets.token_hex(16),
        }
        began = time.time()
        status, answer = self._ask()
        if status != 202:
            raise HqError(f"the run was not taken: {status} {answer}")
        self._name: str = answer["run"]
        self._process = wait_for(self._found, 10, f"there is no process of run {self._name}", every=0.01)
        super().__init__(journal, began)

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_words(self) -> str:
        said = self.journal.records("run_progress", run=self._name)
        return said[-1]["sentence"] if said else "it said nothing"

    def acknowledged(self) -> list[tuple[str, Fields]]:
        return [("run_requested", {"run": self._name})]

    def wait(self) -> None:
        while self._process.is_alive:
            time.sleep(0.02)

    def asked_again(self) -> str:
        """What the same request, with the same key, is answered; empty when it names this run and starts none."""
        status, answer = self._ask()
        return "" if (status, answer.get("run")) == (200, self._name) else f"{status} {answer}"

    def _ask(self) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(self._url, json.dumps(_BODY).encode(), self._headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError as error:
            raise HqError(f"{self._url} does not answer: {error}") from None

    def _found(self) -> ProcessIdentity | None:
        """The process that names the run in its command line."""
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self._name.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    started = process_started(int(entry.name))
                    return None if started is None else ProcessIdentity(int(entry.name), started, boot_id())
            except OSError:
                continue
        return None


def token_for_runs(live: LiveStack) -> Path:
    """A file with a token that may start runs; raises HqError."""
    path = live.path.parent / "var" / "monkey-token"
    done = live.hq("token", "add", "monkey", "--scope", "chaos", "--output", str(path))
    if done.returncode:
        raise HqError(f"no token was made: {done.stderr.strip()}")
    return path
