"""A registry that always answers: what is wrong with one collector costs that collector's series and no others."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from exporters.attempt import Attempt
from exporters.cleaning import exposed_names

MAX_SERIES = 2000
MAX_SAMPLES = 15_000  # in all, below the `sample_limit` of our Prometheus, which would drop the whole scrape

_log = logging.getLogger("dev-hq.exporter")


class Collector(Protocol):
    """Something that knows a few families of metrics."""

    @property
    def name(self) -> str: ...

    def collect(self, seconds: float) -> Iterable[Metric]:
        """The families as they are now, within `seconds`; whatever it raises costs it its own series only."""


class SafeRegistry:
    """Collects from every collector at once, each in a thread of its own and within a deadline.

    At most `max_series` label sets of a family and `max_samples` samples in all are exposed; whatever is left out is
    counted in `exporter_series_dropped_total`.
    """

    def __init__(
        self, collectors: Sequence[Collector], max_series: int = MAX_SERIES, max_samples: int = MAX_SAMPLES
    ) -> None:
        self._collectors = tuple(collectors)
        self._max_series = max_series
        self._max_samples = max_samples
        self._lock = threading.Lock()
        self._attempts: dict[str, Attempt] = {}
        self._dropped: Counter[str] = Counter()
        self._complaints: dict[str, str | None] = {}

    def collect(self, seconds: float) -> list[Metric]:
        """Every family there is, after at most `seconds`; raises nothing."""
        attempts = [self._attempt(collector, seconds) for collector in self._collectors]
        for attempt in attempts:
            attempt.wait()
        self._log_changes(attempts)
        with self._lock:
            families = self._merge(_about(attempts), attempts)
            return [*families, self._dropped_series(families)]

    def _attempt(self, collector: Collector, seconds: float) -> Attempt:
        """The attempt that is under way, which two scrapes share, or a new one: a hanging collector hangs only once."""
        with self._lock:
            attempt = self._attempts.get(collector.name)
            if attempt is None or attempt.is_over:
                attempt = Attempt(collector.name, collector.collect, seconds, self._max_series)
                self._attempts[collector.name] = attempt
            return attempt

    def _merge(self, families: list[Metric], attempts: Sequence[Attempt]) -> list[Metric]:
        """The collectors' families behind our own; of two that share a name the first is kept."""
        taken = {"exporter_series_dropped", "exporter_series_dropped_total"}.union(*map(exposed_names, families))
        room = self._max_samples
        for cleaned in (cleaned for attempt in attempts for cleaned in attempt.brought()):
            self._dropped[cleaned.name] += cleaned.dropped
            if cleaned.family is None:
                continue
            names = exposed_names(cleaned.family)
            if taken.isdisjoint(names) and len(cleaned.family.samples) <= room:
                taken |= names
                room -= len(cleaned.family.samples)
                families.append(cleaned.family)
            else:
                self._dropped[cleaned.name] += len(cleaned.family.samples)
        return families

    def _dropped_series(self, families: Sequence[Metric]) -> Metric:
        counter = CounterMetricFamily(
            "exporter_series_dropped", "Samples left out because they could spoil the scrape.", labels=["family"]
        )
        for name in sorted({*self._dropped, *(family.name for family in families)}):
            counter.add_metric([name], self._dropped[name])
        return counter

    def _log_changes(self, attempts: Sequence[Attempt]) -> None:
        """Says once, not at every scrape, that a collector fails and why."""
        for attempt in attempts:
            complaint = attempt.complaint
            if self._complaints.get(attempt.name) != complaint:
                self._complaints[attempt.name] = complaint
                _log.warning("collector %s: %s", attempt.name, complaint or "works again")


def _about(attempts: Sequence[Attempt]) -> list[Metric]:
    success = GaugeMetricFamily(
        "exporter_collector_success", "Whether the collector brought its series.", labels=["collector"]
    )
    duration = GaugeMetricFamily(
        "exporter_collector_duration_seconds", "How long the collector took.", labels=["collector"]
    )
    for attempt in attempts:
        success.add_metric([attempt.name], float(attempt.complaint is None))
        duration.add_metric([attempt.name], attempt.duration)
    return [success, duration]
