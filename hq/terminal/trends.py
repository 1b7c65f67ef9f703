"""How values went in the last minutes: one range query, asked again only when its last point is over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from prometheus.answer import Series
from prometheus.client import PrometheusClient
from stack.dataclass import dataclass

STEP = 15.0
POINTS = 60
"""Points a STEP apart. They stand at multiples of it, so that what is drawn moves on once a STEP and not each round."""

SCORE, RATE, ERRORS, P95 = (
    "anomaly:score",
    "service:requests:rate1m",
    "service:errors:ratio_rate1m",
    "service:latency:p95_1m",
)
FAULT = "chaos_fault_active"

Points = tuple[float | None, ...]
Key = tuple[str, ...]

_KEYS = {
    SCORE: ("anomaly_type", "service", "pool"),
    RATE: ("service",),
    ERRORS: ("service",),
    P95: ("service",),
    FAULT: ("fault", "chaos_target", "scenario"),
}


@dataclass(frozen=True)
class Trends:
    """The last POINTS values of each series until `end`, None where there is none; `trouble` says why all are missing.

    The keys are the metric and the values of the labels that tell its series apart.
    """

    end: float = 0.0
    points: Mapping[Key, Points] = field(default_factory=dict)
    trouble: str = ""

    def of(self, metric: str, *labels: str) -> Points:
        """The points of one series; none when it is not there."""
        return self.points.get((metric, *labels), ())


def last_point(at: float) -> float:
    """The time of the last point that is over at `at`."""
    return at // STEP * STEP


def ask_trends(client: PrometheusClient, at: float) -> Trends:
    """The trends of services and faults, and of the scores of what fires at `at`; raises PrometheusError."""
    end = last_point(at)
    start = end - (POINTS - 1) * STEP
    names = "|".join((RATE, ERRORS, P95, FAULT))
    firing = f'ALERTS{{alertstate="firing",anomaly_type!=""}} @ {at:.3f}'
    query = f'{SCORE} and on (anomaly_type, service, pool) ({firing}) or {{__name__=~"{names}"}}'
    found: dict[Key, list[float | None]] = {}
    for series in client.range(query, start, end, STEP).series:
        key = _key(series)
        if key:
            _merge(found.setdefault(key, [None] * POINTS), series, start)
    return Trends(end, {key: tuple(points) for key, points in found.items()})


def _key(series: Series) -> Key | None:
    metric = series.labels.get("__name__", "")
    if metric not in _KEYS:
        return None
    return (metric, *(series.labels.get(label, "") for label in _KEYS[metric]))


def _merge(points: list[float | None], series: Series, start: float) -> None:
    """Several series of one key, as of an exporter that moved, are one: the higher value counts."""
    for at, value in series.points:
        index = round((at - start) / STEP)
        if 0 <= index < POINTS and math.isfinite(value):
            before = points[index]
            points[index] = value if before is None else max(before, value)
