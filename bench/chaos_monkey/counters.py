"""Does a counter go down? A scraper outside reads the exporter and compares over the restarts of what serves it."""

from __future__ import annotations

import http.client
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench.chaos_monkey.promise import Breach, Promise
from bench.chaos_monkey.repeating import Repeating
from stack.address import Address

Series = tuple[str, tuple[tuple[str, str], ...]]
Counters = Mapping[Series, float]

_ERRORS = ("could_not_run", "died")


class CounterScraper(Repeating):
    """Scrapes the exporter once a second; `breaches` are the counters that fell, or were gone."""

    every = 1.0

    def __init__(self, exporter: Address) -> None:
        super().__init__()
        self.url = f"http://{exporter}/metrics"
        self.scrapes = 0
        self.failures = 0
        self.partial = 0
        self.counters: Counters = {}
        self.breaches: list[Breach] = []

    def look(self) -> None:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.failures += 1
            return
        self.compare(text)

    def compare(self, text: str) -> None:
        """Compares one exposition; a collector that says that it was too slow leaves a gap, which is no fall."""
        counters, partial = counters_in(text), _left_out(text)
        self.partial += partial
        before = {series: value for series, value in self.counters.items() if series in counters or not partial}
        self.breaches += fallen(before, counters)
        self.counters = {**self.counters, **counters}
        self.scrapes += 1


def _left_out(exposition: str) -> bool:
    """Whether a collector was left out of this scrape, by the exporter's own word."""
    return any(
        sample.name == "exporter_collector_success" and not sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    )


def counters_in(exposition: str) -> Counters:
    """Every series that only ever grows: of counters, and the buckets, counts and sums of histograms."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition)
        if family.type in ("counter", "histogram")
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def fallen(before: Counters, after: Counters) -> Iterator[Breach]:
    """A breach for each counter that is lower than before, or not there any more."""
    for series, value in before.items():
        if series not in after:
            yield Breach(Promise.COUNTERS_RISE, f"{worded(series)} was {value:g} and is gone")
        elif after[series] < value:
            yield Breach(Promise.COUNTERS_RISE, f"{worded(series)} fell from {value:g} to {after[series]:g}")


def unlike(counters: Counters, expected: Counters) -> Iterator[Breach]:
    """A breach for each counter that is not what the journal says."""
    for series, value in expected.items():
        if counters.get(series) != value:
            shown = f"{counters[series]:g}" if series in counters else "missing"
            yield Breach(Promise.COUNTERS_RISE, f"{worded(series)} is {shown}, and the journal says {value:g}")


def told_by(records: Iterable[Mapping[str, Any] | None]) -> Counters:
    """What the exporter must show of these records (None: a line that is none), counted without its code."""
    told: Counter[Series] = Counter()
    seen: set[object] = set()
    for record in records:
        if record is None:
            told["exporter_records_unreadable_total", ()] += 1
        elif record["kind"] == "run_finished" and record["run"] not in seen:
            seen.add(record["run"])
            scenario = (("scenario", record["scenario"]),)
            told["chaos_runs_total", scenario] += 1
            told["chaos_run_failures_total", scenario] += record["outcome"] == "weakness"
            told["chaos_run_errors_total", scenario] += record["outcome"] in _ERRORS
        elif record["kind"] == "notification":
            identity = (record["fingerprint"], record["status"], record["starts_at"])
            if identity not in seen:
                seen.add(identity)
                status = (("status", record["status"]),)
                told["notifications_received_total", status] += 1
                told["notification_delay_seconds_count", status] += 1
    told["exporter_records_unreadable_total", ()] += 0
    return told


def worded(series: Series) -> str:
    """A series as PromQL writes it."""
    name, labels = series
    return name + "{" + ", ".join(f'{label}="{value}"' for label, value in labels) + "}" if labels else name
