"""What a type of anomaly is: thresholds, guards, holds, severities and words.

The PromQL of a signal stands on the recorded series of prometheus/recording, each with the labels `service` and, for a
pool's, `pool`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Literal

from stack.dataclass import dataclass
from stack.model import AnomalySettings

SEVERITIES: Mapping[str, Decimal] = MappingProxyType(
    {"low": Decimal(1), "medium": Decimal("1.5"), "high": Decimal(2), "critical": Decimal(3)}
)
"""The score from which each severity fires; the higher fires in addition to the lower."""


class Unit(Enum):
    """What a threshold counts, and the template function that writes it for people."""

    SECONDS = r'humanizeDuration | reReplaceAll "( 0h)?( 0m)? 0s$" ""'  # 3d and not 3d 0h 0m 0s
    RATIO = "humanizePercentage"
    REQUESTS_PER_SECOND = 'printf "%.3g/s"'
    CHANGES = 'printf "%.0f changes"'


class Need(Enum):
    """What a service must have so that a type can be seen in it."""

    HISTOGRAM = "a histogram of its latency"
    THROTTLED = "a count of what is answered 429, seen by no pool of its own"
    TARGETS = "a scrape job"
    CAPACITY = "a scrape job, or what it says in stack.yaml of what can run full"


@dataclass(frozen=True)
class Signal:
    """How one type is seen in one kind of thing (a service or a pool), as PromQL.

    `alive` has a value wherever the thing is observed at all: only there is a score, 0 if nothing else is known.
    `score` has a value only where enough was observed to judge. No expression may ever give NaN or an infinity.
    """

    metric: str
    actual: str
    threshold: str
    score: str
    alive: str


@dataclass(frozen=True)
class Band:
    """Which way from what is usual counts, and how little is never unusual.

    The half-width of the band is at least `floor`, in the unit of the type, and at least `share` of what is usual.
    """

    direction: Literal["up", "down"]
    floor: Decimal
    share: Decimal = Decimal("0.5")


@dataclass(frozen=True)
class AnomalyType:
    """One type of anomaly; `hold` and `keep_firing_for` in seconds.

    Where it is a share of requests, it is judged from `least_requests` and `least_bad` of them in the last minute on.
    `band` says what is unusual for a service or pool by its own history, beside the limit. `explains` names the types
    that are consequences of this one. `muted_by_restart` types say nothing of a service that has just been started.
    """

    name: str
    alert: str
    limit: Decimal
    unit: Unit
    guard: str
    hold: float
    keep_firing_for: float
    summary: str
    description: str
    recommendation: str
    of_service: Signal | None = None
    of_pool: Signal | None = None
    least_requests: int = 0
    least_bad: int = 0
    band: Band | None = None
    explains: tuple[str, ...] = ()
    muted_by_restart: bool = False
    needs: Need | None = None
    at_limit: Callable[[Decimal], AnomalyType] | None = None

    def adjusted(self, settings: AnomalySettings) -> AnomalyType:
        """The type with the stack's own limit and holds, where it has some."""
        limit = settings.limits.get(self.name)
        kind = self if limit is None or self.at_limit is None else self.at_limit(limit)
        return replace(
            kind,
            hold=self.hold if settings.hold is None else settings.hold,
            keep_firing_for=self.keep_firing_for if settings.keep_firing_for is None else settings.keep_firing_for,
        )


def share_above(metric: str, requests: str, limit: Decimal, at_least: int) -> Signal:
    """A share of the requests of the last minute that reaches `limit`, once it is `at_least` so many requests."""
    return Signal(
        metric=metric,
        actual=metric,
        threshold=f"0 * {requests} + {limit}",
        score=f"{metric} / {limit} and {metric} * {requests} * 60 >= {at_least}",
        alive=requests,
    )
