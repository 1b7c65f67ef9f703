"""Which alerts fired, when, and how long after they could have; and which should have stayed silent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.selector import selector
from stack.journal import Record
from stack.model import Stack


@dataclass(frozen=True)
class Firing:
    """The evaluations (epoch seconds) at which one type of anomaly fired, oldest first."""

    anomaly_type: str
    at: tuple[float, ...]

    def first(self, since: float, until: float = float("inf")) -> float | None:
        """The first evaluation after `since` and until `until` at which it fired."""
        return next((at for at in self.at if since < at <= until), None)

    @property
    def last(self) -> float:
        """The last evaluation at which it fired."""
        return self.at[-1]


@dataclass(frozen=True)
class Detection:
    """What became of an expected type, or of any of several; times in seconds after the first fault.

    `due` when the impact could first have fired it, None if it never could; `fired` and `notified` when it did;
    `resolved` when it fired no more. `allowance` is what the rule itself needs beyond `due`.
    """

    types: tuple[str, ...]
    due: float | None
    allowance: float
    fired: float | None = None
    notified: float | None = None
    resolved: float | None = None

    @property
    def name(self) -> str:
        """The types, in words."""
        return " or ".join(self.types)

    @property
    def late(self) -> float | None:
        """Seconds beyond the allowance; None when it never fired."""
        if self.fired is None:
            return None
        return max(0.0, self.fired - (self.due or 0.0) - self.allowance)


def firings(client: PrometheusClient, service: str, since: float, until: float) -> dict[str, Firing]:
    """What fired for a service and the pools it uses, by anomaly type; raises PrometheusError.

    The times are those of the evaluations themselves, whenever we ask.
    """
    alerts = selector("ALERTS", {"alertstate": "firing", "service": service})
    answer = client.instant(f"{alerts}[{ceil(until - since)}s]", until)
    times: defaultdict[str, set[float]] = defaultdict(set)
    for sample in answer.samples:
        if anomaly_type := sample.labels.get("anomaly_type"):
            times[anomaly_type].add(sample.at)
    return {name: Firing(name, tuple(sorted(at))) for name, at in times.items()}


def allowance(stack: Stack, anomaly_type: str) -> float:
    """Seconds from an impact that is due to a firing alert: a scrape, two evaluations, the hold."""
    hold = CATALOGUE[anomaly_type].adjusted(stack.anomalies).hold
    return stack.prometheus.scrape_interval + 2 * stack.prometheus.evaluation_interval + hold


def fired_among(
    fired: Mapping[str, Firing], types: Collection[str], since: float, until: float = float("inf")
) -> tuple[str, ...]:
    """Those of some types that fired between two moments (epoch seconds)."""
    return tuple(name for name in types if name in fired and fired[name].first(since, until) is not None)


def notified_at(records: Iterable[Record], types: Collection[str], service: str, since: float) -> float | None:
    """When (epoch seconds) the first notification of these types after `since` arrived, by the journal."""
    for record in records:
        labels = record.data.get("labels")
        if record.kind != "notification" or record.data.get("status") != "firing" or not isinstance(labels, dict):
            continue
        if labels.get("anomaly_type") in types and labels.get("service") == service and record.at > since:
            return record.at
    return None
