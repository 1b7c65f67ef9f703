"""A chaos run as a process of its own, watched from outside: by its process and by the journal."""

from __future__ import annotations

import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from bench.chaos_monkey.faults import FaultSpan
from bench.chaos_monkey.journal import JournalFollower

# One member fails for good, and the storefront masks that by trying again: the stack stays within its objectives.
SCENARIO = "proxy-failure-wave"
FAULT_SECONDS = 10
NO_RUN = "between runs"
_PHASES = (("run_finished", NO_RUN), ("run_withdrawn", "recovery"), ("fault_injected", "faults"))

Fields = Mapping[str, object]


class WatchedRun(ABC):
    """One run: `began` and `gone` (epoch seconds; None while it lives) are those of its process."""

    def __init__(self, journal: JournalFollower, began: float) -> None:
        self.journal = journal
        self.began = began
        self.gone: float | None = None
        self.killed = False
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()

    @property
    @abstractmethod
    def name(self) -> str | None:
        """The run's id, once it is known."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """Its process."""

    @property
    @abstractmethod
    def last_words(self) -> str:
        """The last line that it said."""

    @abstractmethod
    def acknowledged(self) -> list[tuple[str, Fields]]:
        """The records of which it was said that they are written: their kinds, and fields."""

    @abstractmethod
    def wait(self) -> None:
        """Waits until its process is gone."""

    def _wait(self) -> None:
        self.wait()
        self.gone = time.time()

    def kill(self) -> tuple[int, float] | None:
        """Sends SIGKILL; says to which process and when (epoch seconds), or None when it had ended by itself."""
        if self.gone is not None:
            return None
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        at = time.time()
        self._waiter.join(10)
        self.journal.look()
        self.killed = self.outcome is None
        return (self.pid, at) if self.killed else None

    def ended_within(self, seconds: float) -> bool:
        """Whether it ended by itself; one that did not is killed."""
        self._waiter.join(seconds)
        if self.gone is None:
            self.kill()
            return False
        self.journal.look()
        return True

    @property
    def outcome(self) -> str | None:
        """How it ended by what it wrote down itself; None when it did not."""
        finished = self._record("run_finished")
        return finished["outcome"] if finished and finished["outcome"] != "died" else None

    @property
    def score(self) -> float | None:
        """Its score, when it has one."""
        finished = self._record("run_finished")
        return finished["score"] if finished else None

    @property
    def phase(self) -> str:
        """Where it is, by what the journal says."""
        if self.gone is not None:
            return NO_RUN
        if self._record("run_announced") is None:
            return "starting"
        return next((phase for kind, phase in _PHASES if self._record(kind)), "baseline")

    @property
    def span(self) -> FaultSpan:
        """When it could have had a fault on."""
        injected, withdrawn = self._record("fault_injected"), self._record("run_withdrawn")
        deadline = injected["at"] + FAULT_SECONDS if injected else None
        return FaultSpan(self.began, self.gone, deadline, withdrawn["at"] if withdrawn else None)

    def _record(self, kind: str) -> Mapping[str, Any] | None:
        """Its first record of a kind."""
        name = self.name
        return next(iter(self.journal.records(kind, run=name)), None) if name else None
