"""What was done and what fired: the two sides of every judgement about detection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from prometheus.catalogue import SEVERITIES

LARGEST_GAP = 60.0  # seconds: an alert that comes back sooner is the same one


@dataclass(frozen=True)
class Trial:
    """A stretch of time (epoch seconds) in which something was done to `service`.

    `kind` is the type of anomaly that was brought about, `intensity` times its threshold; or the name of a decoy, which
    has no intensity and must not alarm anyone. `may` are consequences that are neither right nor wrong. `allowed` are
    the seconds that detection may take at most, where that is known.
    """

    kind: str
    intensity: Decimal | None
    since: float
    until: float
    service: str
    may: tuple[str, ...] = ()
    allowed: float | None = None

    @property
    def is_fault(self) -> bool:
        """Whether something was wrong on purpose, however little; a decoy is not."""
        return self.intensity is not None

    @property
    def must_alert(self) -> bool:
        """Whether it reached the threshold of its type."""
        return self.intensity is not None and self.intensity >= 1


@dataclass(frozen=True)
class Episode:
    """One alert of a type for a service, from its first firing evaluation to the first that did not fire."""

    anomaly_type: str
    severity: str
    service: str
    since: float
    until: float


def merged(episodes: Iterable[Episode], beginnings: Collection[float] = ()) -> tuple[Episode, ...]:
    """The episodes in order, those of one type and service as one when less than a minute lies between.

    Not when something new began in between: `beginnings` are the moments of that. The severities of a type fire beside
    each other, so they are one episode too: that of the worst.
    """
    found: defaultdict[tuple[str, str], list[Episode]] = defaultdict(list)
    for episode in sorted(episodes, key=lambda one: (one.since, one.until, _rank(one.severity))):
        same = found[episode.anomaly_type, episode.service]
        if same and _goes_on(same[-1], episode, beginnings):
            worst = max(same[-1].severity, episode.severity, key=_rank)
            same[-1] = replace(same[-1], severity=worst, until=max(same[-1].until, episode.until))
        else:
            same.append(episode)
    return tuple(
        sorted((one for same in found.values() for one in same), key=lambda one: (one.since, one.anomaly_type))
    )


def _goes_on(before: Episode, after: Episode, beginnings: Collection[float]) -> bool:
    if after.since - before.until >= LARGEST_GAP:
        return False
    return not any(before.until <= beginning <= after.since for beginning in beginnings)


def _rank(severity: str) -> int:
    """How bad a severity is; one that is not ours is the least."""
    return (*SEVERITIES,).index(severity) if severity in SEVERITIES else -1
