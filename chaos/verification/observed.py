"""What fired and who was told, from Prometheus' ALERTS and the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import ceil

from chaos.verification.episodes import Episode
from prometheus.client import PrometheusClient
from prometheus.replay.episodes import runs
from prometheus.selector import matching, selector

CHUNK = 600.0  # seconds in one question: each alert has a sample for every evaluation
_MISSED = 2.5  # evaluations without a sample that end an episode; one can come late


def episodes(client: PrometheusClient, service: str, since: float, until: float, every: float) -> tuple[Episode, ...]:
    """The alerts of a service and its pools that fired at evaluations between two moments (epoch seconds).

    `every` is the evaluation interval in seconds. An alert that fires on and off is several; episodes.merged
    puts them together. Raises PrometheusError.
    """
    found: defaultdict[tuple[tuple[str, str], ...], set[float]] = defaultdict(set)
    alerts = matching(selector("ALERTS", {"alertstate": "firing", "service": service}), "anomaly_type", "!=", "")
    for start, end in _chunks(since, until):
        for sample in client.instant(f"{alerts}[{ceil(end - start)}s]", end).samples:
            if since <= sample.at <= until:
                found[tuple(sorted(sample.labels.items()))].add(sample.at)
    return tuple(
        Episode(dict(labels)["anomaly_type"], dict(labels).get("severity", ""), service, first, last + every)
        for labels, times in found.items()
        for first, last in runs(sorted(times), _MISSED * every)
    )


def firing(client: PrometheusClient, service: str) -> tuple[str, ...]:
    """The types that fire for a service now; raises PrometheusError."""
    alerts = (alert for alert in client.alerts() if alert.state == "firing" and alert.labels.get("service") == service)
    return tuple(sorted({alert.labels["anomaly_type"] for alert in alerts if "anomaly_type" in alert.labels}))


def _chunks(since: float, until: float) -> Iterator[tuple[float, float]]:
    while since < until:
        end = min(since + CHUNK, until)
        yield since, end
        since = end
