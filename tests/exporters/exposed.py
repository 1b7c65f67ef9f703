"""What an exposition says, read as Prometheus would."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from exporters.exposition import TEXT, render
from exporters.registry import Collector, SafeRegistry

Samples = dict[str, float]


def samples_of(text: str) -> Samples:
    """`name{label="value",…}`, labels in alphabetical order, and its value; a series that comes twice is an error."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{label}="{value}"' for label, value in sorted(sample.labels.items()))
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


def collect(*collectors: Collector, seconds: float = 5.0, max_series: int = 2000) -> Samples:
    """One scrape of a fresh registry of these collectors."""
    return scrape(SafeRegistry(collectors, max_series), seconds)


def scrape(registry: SafeRegistry, seconds: float = 5.0) -> Samples:
    """One scrape of a registry."""
    return samples_of(render(registry.collect(seconds), TEXT).decode())


class Scripted:
    """A collector that brings what it is told."""

    def __init__(self, name: str, families: Iterable[Metric]) -> None:
        self.name = name
        self._families = families

    def collect(self, seconds: float) -> Iterable[Metric]:
        return self._families
