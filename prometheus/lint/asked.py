"""What a running Prometheus has: metrics, their types, and labels."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.client import PrometheusClient
from prometheus.lint.metric import Metric, series_of


def asked(client: PrometheusClient) -> Iterator[Metric]:
    """Every metric that the Prometheus has, with its kind where its target says it; raises PrometheusError."""
    kinds: dict[str, str | None] = {}
    for family, kind in client.metadata().items():
        for metric in series_of(family, kind):
            same = kinds.setdefault(metric.name, metric.kind)
            kinds[metric.name] = metric.kind if same == metric.kind else None
    names = client.metric_names()
    yield from (Metric(name, kinds.get(name)) for name in sorted(names))
