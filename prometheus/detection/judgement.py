"""What is anomalous in the end: the limit and the band together, and nothing of what has just been started.

One rule each for all types, services and pools. The band (bands.py beside this) says what is unusual for a series by
its own history; it makes an anomaly low or medium, never worse: what is unusual and within the limit can wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal

from prometheus.catalogue import AnomalyType
from prometheus.detection.adaptive import distance, drift_distance, edge_of_band, larger
from prometheus.rule import Recording

WORST_OF_BAND = Decimal("1.99")
"""The score of the most unusual value that is within the limit: just below what is high."""


_RESTARTED = "service:restarted:bool == 1"
_AND_AGAIN = "(min_over_time(service:restarted:bool[4m]) == 1 and service:restarted:bool offset 4m == 1)"
"""New for four minutes on end: not started once, but again and again, each time as another target perhaps."""
EXCUSED = f"({_RESTARTED} unless {_AND_AGAIN})"
"""The services of which the types that are `muted_by_restart` say nothing now."""

Side = Literal["up", "down"]
_SIDES: tuple[Side, ...] = ("up", "down")


def judgements(kinds: Sequence[AnomalyType]) -> Iterator[Recording]:
    """anomaly:band_score where there is a band, anomaly:threshold and anomaly:score wherever there is a limit."""
    by_side = {side: [kind for kind in kinds if kind.band and kind.band.direction == side] for side in _SIDES}
    banded = {side: of_types(found) for side, found in by_side.items() if found}
    if banded:
        yield Recording("anomaly:band_score", "\nor ".join(_beyond_band(*each) for each in banded.items()))
    nearer = [_nearer(*each) for each in banded.items()]
    yield Recording("anomaly:threshold", "\nor ".join([*nearer, "anomaly:limit"]))
    worse = ["(anomaly:limit_score >= anomaly:band_score)", "anomaly:band_score"] if banded else []
    muted = of_types(kind for kind in kinds if kind.muted_by_restart)
    excused = f"(0 * anomaly:limit_score{muted} and on (service) {EXCUSED})"
    yield Recording("anomaly:score", "\nor ".join([excused, *worse, "anomaly:limit_score"]))


def of_types(kinds: Iterable[AnomalyType]) -> str:
    """The matcher that selects what is recorded of some types."""
    return f'{{anomaly_type=~"{"|".join(kind.name for kind in kinds)}"}}'


def _beyond_band(side: Side, which: str) -> str:
    """How far beyond the usual; only where the limit could judge too, so that few requests prove nothing."""
    beyond = larger(distance(f"anomaly:actual{which}", direction=side), drift_distance(direction=side))
    return f"(clamp_max({beyond}, {WORST_OF_BAND}) and anomaly:limit_score{which} > 0)"


def _nearer(side: Side, which: str) -> str:
    """The edge of the band where a value on its way out of the usual meets it before the limit."""
    edge = edge_of_band(direction=side)
    return f"({edge} {'<' if side == 'up' else '>'} anomaly:limit{which})"
