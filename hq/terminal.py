"""The live report of anomalies on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TextIO

from prometheus.anomalies import Anomaly, anomalies_of
from prometheus.client import PrometheusClient
from prometheus.errors import PrometheusError
from stack.errors import HqError

_HOME_AND_CLEAR = "\x1b[H\x1b[J"
_COLOURS = {"critical": "\x1b[1;31m", "high": "\x1b[31m", "medium": "\x1b[33m", "low": "\x1b[36m"}
_PLAIN = "\x1b[0m"


class BlindError(HqError):
    """Nobody can say whether something is anomalous: the rules are not evaluated."""


class AnomalyDashboard:
    """What is anomalous now, written to a terminal or a pipe.

    On a terminal each report replaces the one before it; elsewhere reports follow each other.
    """

    def __init__(self, client: PrometheusClient, output: TextIO | None = None) -> None:
        self._client = client
        self._output = output or sys.stdout
        self._on_terminal = self._output.isatty()

    def anomalies(self) -> list[Anomaly]:
        """What fires now, the worst first; raises PrometheusError, or BlindError when no rules are evaluated.

        An empty answer of a Prometheus without our rules would look like calm, so the dead man's switch must fire.
        """
        alerts = self._client.alerts()
        if not any(alert.labels.get("alertname") == "Watchdog" and alert.state == "firing" for alert in alerts):
            raise BlindError(
                "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml"
            )
        return anomalies_of(alerts)

    def display_anomalies(self) -> list[Anomaly]:
        """Writes one report of what fires now, and returns it; raises as `anomalies` does."""
        anomalies = self.anomalies()
        self._write(report(anomalies, time.time(), colour=self._on_terminal))
        return anomalies

    def display_real_time_anomalies(self, every: float = 2.0, stopping: threading.Event | None = None) -> None:
        """Writes a report every `every` seconds until `stopping` is set; one that is blind says so."""
        stopping = stopping or threading.Event()
        while not stopping.is_set():
            if self._on_terminal:
                self._output.write(_HOME_AND_CLEAR)
            try:
                self.display_anomalies()
            except (PrometheusError, BlindError) as error:
                self._write([f"{_clock(time.time())}  blind: {error}"])
            stopping.wait(every)

    def _write(self, lines: Sequence[str]) -> None:
        self._output.write("\n".join(lines) + "\n")
        self._output.flush()


def report(anomalies: Sequence[Anomaly], now: float, *, colour: bool = False) -> list[str]:
    """The lines of one report, at `now` in epoch seconds."""
    if not anomalies:
        return [f"{_clock(now)}  nothing is anomalous"]
    counted = "1 anomaly" if len(anomalies) == 1 else f"{len(anomalies)} anomalies"
    return [f"{_clock(now)}  {counted}", *(line for anomaly in anomalies for line in _describe(anomaly, now, colour))]


def _describe(anomaly: Anomaly, now: float, colour: bool) -> Iterator[str]:
    severity = f"{anomaly.severity:<8}"
    if colour:
        severity = f"{_COLOURS[anomaly.severity]}{severity}{_PLAIN}"
    where = f"{anomaly.service} through {anomaly.pool}" if anomaly.pool else anomaly.service
    yield f"  {severity} {anomaly.type} in {where}, for {max(0, round(now - anomaly.since))} s"
    yield f"           {anomaly.metric} is {anomaly.actual}, the threshold {anomaly.threshold}"
    yield f"           {anomaly.recommendation}"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
