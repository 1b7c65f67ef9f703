"""What is learnt of each service and pool: the band around what is usual for it, of every type that has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus.catalogue import CATALOGUE, AnomalyType, Band
from prometheus.detection.adaptive import CENTRE, band_rules
from prometheus.detection.scores import signals
from prometheus.rule import Recording
from stack.model import Stack

EXCLUDED = (
    "on (service) max_over_time(service:chaos:active[6m]) == 1\nunless max_over_time(anomaly:limit_score[6m]) >= 1"
)
"""Nothing is learnt while a fault of ours is injected into a service, nor of what is beyond its limit anyway."""


def bands(stack: Stack) -> Iterator[Recording]:
    """anomaly:band_centre and anomaly:band_width, from means of five minutes; see prometheus/detection/adaptive.py."""
    banded = [kind for kind in CATALOGUE.values() if kind.band and any(signals(kind, stack))]
    names = "|".join(kind.name for kind in banded)
    actual = f'avg_over_time(anomaly:actual{{anomaly_type=~"{names}"}}[5m])'
    yield from band_rules(actual, excluded=EXCLUDED, least=_least(banded))


def _least(banded: Sequence[AnomalyType]) -> str:
    """The width under which nothing is unusual, for every series that has a centre."""
    return " or ".join(_least_of(kind.name, kind.band) for kind in banded if kind.band)


def _least_of(name: str, band: Band) -> str:
    return f'clamp_min({band.share} * {CENTRE}{{anomaly_type="{name}"}}, {band.floor})'
