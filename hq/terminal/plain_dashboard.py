"""The dashboard of anomalies as lines of text or JSON, wherever what they say comes from."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from hq.terminal.observation import Blind, Observation, exit_code
from hq.terminal.plain import HOME_AND_CLEAR, report, report_blind
from prometheus.anomalies import Anomaly
from stack.errors import HqError


class PlainDashboard(ABC):
    """What is anomalous now, as `anomalies` says it."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout or io.StringIO()  # there is none where it was closed, as by `>&-`
        self._on_terminal = self._output.isatty()
        self._moves_cursor = self._on_terminal and os.environ.get("TERM", "dumb") not in ("", "dumb")
        self._last: Observation | Blind | None = None

    @property
    def exit_code(self) -> int:
        """What the last round saw: 0 nothing is anomalous, 1 something is, 2 nobody can say."""
        return exit_code(self._last)

    @abstractmethod
    def anomalies(self) -> list[Anomaly]:
        """What fires now, the worst first; raises HqError when nobody can say."""

    def display_anomalies(self) -> list[Anomaly]:
        """Writes one report of what fires now, and returns it; raises as `anomalies` does."""
        anomalies = self.anomalies()
        self._write(report(anomalies, time.time(), colour=self._in_colour, encoding=self._encoding))
        return anomalies

    def _repeat(self, lines: Callable[[], Sequence[str]], every: float, stopping: threading.Event | None) -> int:
        """Writes these lines every `every` seconds until `stopping` is set; the exit code of what was seen last."""
        stopping = stopping or threading.Event()
        while not stopping.is_set():
            began = time.monotonic()
            self._write(lines())
            stopping.wait(max(0.0, began + every - time.monotonic()))
        return self.exit_code

    def _screenful(self) -> list[str]:
        """A report in place of the one before, if there is a cursor to move; what is blind says so."""
        first, *rest = self._report()
        return [HOME_AND_CLEAR + first if self._moves_cursor else first, *rest]

    def _report(self) -> list[str]:
        now = time.time()
        try:
            anomalies = self.anomalies()
        except HqError as error:
            self._last = Blind(now, str(error))
            return report_blind(str(error), now, self._encoding)
        self._last = Observation(now, tuple(anomalies))
        return report(anomalies, now, colour=self._in_colour, encoding=self._encoding)

    @property
    def _in_colour(self) -> bool:
        return self._moves_cursor and not os.environ.get("NO_COLOR")

    @property
    def _encoding(self) -> str:
        return getattr(self._output, "encoding", None) or "utf-8"

    def _write(self, lines: Iterable[str]) -> None:
        self._output.write("\n".join(lines) + "\n")
        self._output.flush()
