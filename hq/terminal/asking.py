"""Rounds in a thread of their own, so that the screen answers while Prometheus does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hq.terminal.observation import Blind, Observation
from stack.dataclass import dataclass
from stack.errors import HqError


@dataclass(frozen=True)
class Latest:
    """What is known: the last round, and the last that saw something; the times are monotonic.

    `blind_since` is when rounds began to see nothing, `asking_since` when the round began that is under way.
    """

    seen: Observation | Blind | None = None
    good: Observation | None = None
    good_at: float = 0.0
    blind_since: float | None = None
    asking_since: float | None = None


def look(observe: Callable[[], Observation]) -> Observation | Blind:
    """What one round sees, or why it sees nothing."""
    try:
        return observe()
    except HqError as error:
        return Blind(time.time(), str(error))


class Asking:
    """Looks every `every` seconds, and calls `changed` after each round, from its own thread."""

    def __init__(self, observe: Callable[[], Observation], every: float, changed: Callable[[], None]) -> None:
        self._observe = observe
        self._every = every
        self._changed = changed
        self._stopping = threading.Event()
        self._now = threading.Event()
        self._latest = Latest()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)

    def start(self) -> None:
        """Begins the first round."""
        self._thread.start()

    def stop(self) -> None:
        """Begins no other round; one that is under way is left behind."""
        self._stopping.set()
        self._now.set()

    def at_once(self) -> None:
        """Begins the next round without waiting for its time."""
        self._now.set()

    @property
    def latest(self) -> Latest:
        """What is known now; raises RuntimeError, from whatever kept the thread from going on."""
        if self._failure is not None:
            raise RuntimeError("the thread that asks Prometheus ended") from self._failure
        return self._latest

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                self._now.clear()
                self._latest = _begun(self._latest, began)
                self._latest = _ended(self._latest, look(self._observe), time.monotonic())
                self._changed()
                self._now.wait(max(0.0, began + self._every - time.monotonic()))
        except BaseException as error:
            self._failure = error
            self._changed()


def _begun(latest: Latest, now: float) -> Latest:
    return Latest(latest.seen, latest.good, latest.good_at, latest.blind_since, asking_since=now)


def _ended(latest: Latest, seen: Observation | Blind, now: float) -> Latest:
    if isinstance(seen, Observation):
        return Latest(seen, seen, good_at=now)
    blind_since = now if latest.blind_since is None else latest.blind_since
    return Latest(seen, latest.good, latest.good_at, blind_since)
