"""A chaos run as a process of its own, watched from outside."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.chaos_monkey.faults import FaultSpan
from bench.chaos_monkey.journal import JournalFollower
from bench.chaos_monkey.stack import POOL
from bench.live import HQ, LiveStack
from stack.process import die_with_parent

# One member fails for good, and the storefront masks that by trying again: the stack stays within its objectives.
SCENARIO = "proxy-failure-wave"
FAULT_SECONDS = 10
_SETTINGS = ("share=25%", "intensity=100%", "step=0s", f"duration={FAULT_SECONDS}s")
_NAME = re.compile(r": run (\S+) on ")


@dataclass
class WatchedRun:
    """`dev-hq chaos run`, its words in files; `gone` (epoch seconds) is when its process had ended."""

    process: subprocess.Popen[bytes]
    words: Path
    began: float
    gone: float | None = None
    killed: bool = False
    _waiter: threading.Thread = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()

    @property
    def name(self) -> str | None:
        """The run's id, once it said so: it is announced by then."""
        found = _NAME.search(self.words.with_suffix(".err").read_text(errors="replace"))
        return found[1] if found else None

    @property
    def result(self) -> Mapping[str, Any]:
        """What it printed at its end; empty when it did not come to that."""
        try:
            document = json.loads(self.words.with_suffix(".out").read_text())
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def last_words(self) -> str:
        """Its last line."""
        lines = self.words.with_suffix(".err").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "nothing was said"

    def kill(self) -> tuple[int, float] | None:
        """Sends SIGKILL; says to which process, and when it was gone, or None when it had ended by itself."""
        if self.gone is not None:
            return None
        self.process.kill()
        at = time.time()
        self._waiter.join(10)
        self.killed = self.process.returncode == -signal.SIGKILL
        return (self.process.pid, at) if self.killed else None

    def end(self, seconds: float) -> int:
        """Its exit code, once it ended by itself; raises subprocess.TimeoutExpired, and has killed it then."""
        self._waiter.join(seconds)
        if self.gone is None:
            self.process.kill()
            self._waiter.join(10)
            raise subprocess.TimeoutExpired(self.process.args, seconds)
        return self.process.returncode

    def phase(self, journal: JournalFollower) -> str:
        """Where it is, by what the journal says."""
        if self.name is None:
            return "starting" if self.gone is None else "between runs"
        for kind, phase in (
            ("run_finished", "between runs"),
            ("run_withdrawn", "recovery"),
            ("fault_injected", "faults"),
        ):
            if journal.records(kind, run=self.name):
                return phase
        return "baseline" if self.gone is None else "between runs"

    def span(self, journal: JournalFollower) -> FaultSpan:
        """When it could have had a fault on."""
        name = self.name
        injected = [record["at"] for record in journal.records("fault_injected", run=name)] if name else []
        withdrawn = [record["at"] for record in journal.records("run_withdrawn", run=name)] if name else []
        deadline = min(injected) + FAULT_SECONDS if injected else None
        return FaultSpan(self.began, self.gone, deadline, withdrawn[0] if withdrawn else None)

    def acknowledged(self) -> list[tuple[str, Mapping[str, object]]]:
        """The records that it said, by a line or by its result, to have written."""
        name = self.name
        records: list[tuple[str, Mapping[str, object]]] = [("run_announced", {"run": name})] if name else []
        if self.result:
            records += [
                ("run_finished", {"run": name, "outcome": self.result["outcome"], "score": self.result["score"]})
            ]
        return records

    def _wait(self) -> None:
        self.process.wait()
        self.gone = time.time()


def start_run(live: LiveStack, words: Path) -> WatchedRun:
    """Starts a run; what it says goes to `words` with .out and .err."""
    settings = [word for setting in _SETTINGS for word in ("--set", setting)]
    with words.with_suffix(".out").open("wb") as output, words.with_suffix(".err").open("wb") as errors:
        began = time.time()
        process = subprocess.Popen(
            [*HQ, "--stack", str(live.path), "chaos", "run", SCENARIO, "--target", POOL, *settings, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            preexec_fn=die_with_parent(),
        )
    return WatchedRun(process, words, began)
