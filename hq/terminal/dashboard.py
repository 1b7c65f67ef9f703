"""The dashboard of anomalies for people without Grafana."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import threading
import time
from collections.abc import Iterable
from typing import TextIO

from hq.terminal.asking import look
from hq.terminal.json_lines import json_line
from hq.terminal.observation import Blind, BlindError, Observation, exit_code
from hq.terminal.plain import HOME_AND_CLEAR, report, report_blind
from hq.terminal.round import Rounds, check_evaluated
from prometheus.anomalies import Anomaly, anomalies_of
from prometheus.client import PrometheusClient
from stack.errors import HqError

NEEDS_RICH = "(plain text, since the full screen needs rich: pip install 'dev-hq[terminal]')"


class AnomalyDashboard:
    """What is anomalous now: a full screen on a terminal, plain text elsewhere.

    The full screen needs a terminal for its keys too, and rich (`pip install 'dev-hq[terminal]'`).
    """

    def __init__(self, client: PrometheusClient, output: TextIO | None = None) -> None:
        self._client = client
        self._output = output or sys.stdout or io.StringIO()  # there is none where it was closed, as by `>&-`
        self._on_terminal = self._output.isatty()
        self._moves_cursor = self._on_terminal and os.environ.get("TERM", "dumb") not in ("", "dumb")
        self._last: Observation | Blind | None = None

    @property
    def exit_code(self) -> int:
        """What the last round saw: 0 nothing is anomalous, 1 something is, 2 nobody can say."""
        return exit_code(self._last)

    def anomalies(self) -> list[Anomaly]:
        """What fires now, the worst first; raises PrometheusError, or BlindError when no rules are evaluated."""
        return anomalies_of(check_evaluated(self._client.alerts()))

    def display_anomalies(self) -> list[Anomaly]:
        """Writes one report of what fires now, and returns it; raises as `anomalies` does."""
        anomalies = self.anomalies()
        self._write(report(anomalies, time.time(), colour=self._in_colour, encoding=self._encoding))
        return anomalies

    def display_real_time_anomalies(self, every: float = 2.0, stopping: threading.Event | None = None) -> int:
        """Shows what is anomalous, anew every `every` seconds, until `stopping` is set or somebody quits.

        What is blind says so. Returns the exit code: of what was seen last, or 128 and the number of the signal that
        ended it. Plain text ends by `stopping` or KeyboardInterrupt only.
        """
        below: list[str] = []
        if self._has_screen():
            if importlib.util.find_spec("rich"):
                from hq.terminal.fullscreen import FullScreen

                return FullScreen(Rounds(self._client).observe, self._output, every, stopping).run()
            below = [NEEDS_RICH]  # a line above would be cleared away at once
        stopping = stopping or threading.Event()
        while not stopping.is_set():
            began = time.monotonic()
            lines = self._report() + below
            self._write(lines if not self._moves_cursor else [HOME_AND_CLEAR + lines[0], *lines[1:]])
            stopping.wait(max(0.0, began + every - time.monotonic()))
        return self.exit_code

    def write_json_lines(self, every: float = 2.0, stopping: threading.Event | None = None) -> int:
        """Writes what each round saw as one JSON object a line; else as `display_real_time_anomalies`."""
        stopping = stopping or threading.Event()
        rounds = Rounds(self._client)
        while not stopping.is_set():
            began = time.monotonic()
            self._last = look(rounds.observe)
            self._write([json_line(self._last)])
            stopping.wait(max(0.0, began + every - time.monotonic()))
        return self.exit_code

    def _report(self) -> list[str]:
        now = time.time()
        try:
            anomalies = self.anomalies()
        except HqError as error:
            self._last = Blind(now, str(error))
            return report_blind(str(error), now, self._encoding)
        self._last = Observation(now, tuple(anomalies))
        return report(anomalies, now, colour=self._in_colour, encoding=self._encoding)

    def _has_screen(self) -> bool:
        """Whether keys can be read and the screen restored: signals come to the main thread only."""
        on_main_thread = threading.current_thread() is threading.main_thread()
        return self._moves_cursor and on_main_thread and bool(sys.stdin) and sys.stdin.isatty()

    @property
    def _in_colour(self) -> bool:
        return self._moves_cursor and not os.environ.get("NO_COLOR")

    @property
    def _encoding(self) -> str:
        return getattr(self._output, "encoding", None) or "utf-8"

    def _write(self, lines: Iterable[str]) -> None:
        self._output.write("\n".join(lines) + "\n")
        self._output.flush()


__all__ = ["AnomalyDashboard", "BlindError"]
