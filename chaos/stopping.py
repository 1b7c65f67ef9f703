"""How a run is told to stop: by a signal, or by whoever holds its Stopping."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stack.errors import HqError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(HqError):
    """The run was stopped, by someone or by a stop condition; the message says why."""


class Stopping:
    """Asked for once, by any thread or by a signal; noticed wherever the run pauses."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._by = ""

    def ask(self, by: str) -> None:
        """Asks the run to stop; `by` completes the sentence "… asked it to stop"."""
        self._by = self._by or by
        self._asked.set()

    def pause(self, seconds: float) -> None:
        """Waits; raises StoppedError as soon as someone asks."""
        if self._asked.wait(max(0.0, seconds)):
            raise StoppedError(f"{self._by} asked it to stop")

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask, for the length of the body; only where Python lets us listen, in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, _frame: FrameType | None) -> None:
            self.ask(signal.Signals(number).name)

        before = {number: signal.signal(number, ask) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
