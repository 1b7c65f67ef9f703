"""A gauge of what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from prometheus_client.core import GaugeMetricFamily

Key = TypeVar("Key", bound=tuple[str, ...])


def gauge(
    name: str, documentation: str, labels: Sequence[str], values: Mapping[Key, float | None]
) -> GaugeMetricFamily:
    """A gauge of what is known; what is not has no series, never a made-up number."""
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for key, value in values.items():
        if value is not None:
            family.add_metric(key, value)
    return family
