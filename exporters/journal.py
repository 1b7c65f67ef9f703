"""The journal as metrics: what runs, what they scored, what the gates said, what was notified."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from exporters.findings import finding_families
from exporters.gauge import gauge
from exporters.history import DELAY_BUCKETS, STATUSES, History, LastVerdict
from exporters.runs import run_families
from stack.journal import JournalTail
from stack.verdicts import ACTUAL, THRESHOLD, VERDICT, VERDICTS

GATE = ["gate", "service"]

_OF_LAST_VERDICT: tuple[tuple[str, str, Callable[[LastVerdict], float | None]], ...] = (
    (*VERDICT, lambda last: VERDICTS[last.verdict]),
    (*ACTUAL, lambda last: last.actual),
    (*THRESHOLD, lambda last: last.threshold),
    ("quality_gate_last_check_timestamp_seconds", "When the gate was last checked.", lambda last: last.at),
)


@dataclass(frozen=True)
class Configured:
    """What can happen on this stack, so that its counters exist, at zero, before it does.

    `scenarios` holds (scenario, fault kind, target), `gates` holds (gate, service).
    """

    scenarios: Sequence[tuple[str, str, str]] = ()
    gates: Sequence[tuple[str, str]] = ()


class JournalCollector:
    """Reads what is new in the journal at every scrape, and exposes what all of it adds up to."""

    name = "journal"

    def __init__(self, path: Path, configured: Configured) -> None:
        self._configured = configured
        self._tail = JournalTail(path)
        self._history = History()
        self._restarts = 0
        self._lock = threading.Lock()

    def collect(self, seconds: float) -> Iterable[Metric]:
        """Every family of the journal; raises JournalError when it cannot be read."""
        with self._lock:
            self._read()
            self._bury_the_dead()
            return [
                *run_families(self._history.runs, self._configured.scenarios),
                *finding_families(self._history.runs),
                *self._of_gates(),
                *self._of_notifications(),
                self._of_records(),
            ]

    def check(self) -> None:
        """Raises JournalError unless the journal can be read."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        records = self._tail.new()
        if self._tail.restarts != self._restarts:  # another file is there now: what we counted is not in it
            self._restarts, self._history = self._tail.restarts, History()
        for record in records:
            self._history.add(record)

    def _bury_the_dead(self) -> None:
        """A run whose process is gone died, unless it wrote how it ended just before it went."""
        missing = self._history.runs.missing()
        if missing:
            self._read()
        runs = self._history.runs
        for run_id in runs.active.keys() & set(missing):
            runs.bury(run_id)

    def _of_gates(self) -> Iterator[Metric]:
        verdicts = self._history.verdicts
        for name, documentation, value in _OF_LAST_VERDICT:
            yield gauge(name, documentation, GATE, {key: value(last) for key, last in verdicts.items()})
        yield from self._of_checks()

    def _of_checks(self) -> Iterator[Metric]:
        counters = (
            ("quality_gate_checks", "Checks of the gate.", tuple(VERDICTS)),
            ("quality_gate_check_failures", "Checks that the gate did not pass.", ("fail",)),
            ("quality_gate_check_undecided", "Checks for which there was too little data.", ("undecided",)),
            ("quality_gate_check_errors", "Checks for which the data source had no answer.", ("error",)),
        )
        gates = sorted({*self._configured.gates, *self._history.verdicts})
        for name, documentation, verdicts in counters:
            counter = CounterMetricFamily(name, documentation, labels=GATE)
            for gate in gates:
                counter.add_metric(gate, sum(self._history.checks[(*gate, verdict)] for verdict in verdicts))
            yield counter
        remediations = CounterMetricFamily(
            "quality_gate_remediations", "Remediations after a check, by how they ended.", labels=["outcome"]
        )
        for outcome in ("done", "failed"):
            remediations.add_metric([outcome], self._history.remediations[outcome])
        yield remediations

    def _of_notifications(self) -> Iterator[Metric]:
        history = self._history
        received = CounterMetricFamily(
            "notifications_received", "Notifications from Alertmanager, repetitions not counted.", labels=["status"]
        )
        delay = HistogramMetricFamily(
            "notification_delay_seconds", "From the start or end of an alert to its notification.", labels=["status"]
        )
        for status in STATUSES:
            received.add_metric([status], history.notifications[status])
            delay.add_metric([status], _cumulative(history.delays[status].counts), history.delays[status].total)
        yield received
        yield delay
        yield CounterMetricFamily(
            "notifications_truncated", "Alerts that Alertmanager left out of its notifications.", history.truncated
        )
        yield gauge(
            "notification_last_received_timestamp_seconds", "When the last notification came.", [],
            {(): history.last_notification_at},
        )  # fmt: skip

    def _of_records(self) -> Metric:
        unreadable = self._tail.unreadable + self._history.unreadable
        return CounterMetricFamily("exporter_records_unreadable", "Journal lines that are no record.", unreadable)


def _cumulative(counts: Sequence[int]) -> list[tuple[str, float]]:
    buckets, total = [], 0
    for bound, count in zip(DELAY_BUCKETS, counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == math.inf else str(bound), float(total)))
    return buckets
