"""The dashboard of anomalies for people without Grafana."""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import TextIO

from hq.terminal.asking import look
from hq.terminal.json_lines import json_line
from hq.terminal.observation import BlindError
from hq.terminal.plain_dashboard import PlainDashboard
from hq.terminal.round import Rounds, check_evaluated
from prometheus.anomalies import Anomaly, anomalies_of
from prometheus.client import PrometheusClient

NEEDS_RICH = "(plain text, since the full screen needs rich: pip install 'dev-hq[terminal]')"


class AnomalyDashboard(PlainDashboard):
    """What is anomalous now: a full screen on a terminal, plain text elsewhere.

    The full screen needs a terminal for its keys too, and rich (`pip install 'dev-hq[terminal]'`).
    """

    def __init__(self, client: PrometheusClient, output: TextIO | None = None) -> None:
        super().__init__(output)
        self._client = client

    def anomalies(self) -> list[Anomaly]:
        """What fires now, the worst first; raises PrometheusError, or BlindError when no rules are evaluated."""
        return anomalies_of(check_evaluated(self._client.alerts()))

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
        return self._repeat(lambda: self._screenful() + below, every, stopping)

    def write_json_lines(self, every: float = 2.0, stopping: threading.Event | None = None) -> int:
        """Writes what each round saw as one JSON object a line; else as `display_real_time_anomalies`."""
        rounds = Rounds(self._client)

        def line() -> list[str]:
            self._last = look(rounds.observe)
            return [json_line(self._last)]

        return self._repeat(line, every, stopping)

    def _has_screen(self) -> bool:
        """Whether keys can be read and the screen restored: signals come to the main thread only."""
        on_main_thread = threading.current_thread() is threading.main_thread()
        return self._moves_cursor and on_main_thread and bool(sys.stdin) and sys.stdin.isatty()


__all__ = ["AnomalyDashboard", "BlindError"]
