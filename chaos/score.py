"""The resilience score, 0 to 100, from what was measured; pure functions, explained in docs/score.md.

Less impact, faster detection or faster recovery never lowers it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from math import log
from pathlib import Path

IMPACT, DETECTION, RECOVERY = 50.0, 25.0, 25.0
PASS_SCORE = 80.0
HALVING_SECONDS = 30.0


@dataclass(frozen=True)
class Part:
    """A part of the score: its points out of those that there are, and sentences of evidence for them."""

    name: str
    points: float
    of: float
    evidence: tuple[str, ...]

    @property
    def tally(self) -> str:
        """The points in words, such as `23.4 of 50`."""
        return f"{self.points:.1f} of {self.of:g}" if self.of else "not scored"


def impact_points(burn_rate: float, budget: float) -> float:
    """The points for a share of bad requests that is `burn_rate` times the objective's `budget` (a ratio).

    All of them while the budget would not be spent faster than it comes in (burn rate 1), none when every request is
    bad, and in between evenly on the logarithm of the burn rate, since a tenth of the impact is a step of its own.
    """
    if burn_rate <= 1.0:
        return IMPACT
    return IMPACT * _clamped(1.0 - log(burn_rate) / log(1.0 / budget))


def detection_points(lateness: Collection[float | None], *, false_alarm: bool) -> float:
    """The points for alerts that were due, each with the seconds beyond its allowance, or None if it never fired.

    None due: all points. Lateness halves an alert's part every 30 s. An alert that should have stayed silent halves
    what there is.
    """
    parts = [0.0 if seconds is None else _halved(seconds) for seconds in lateness]
    points = DETECTION * (sum(parts) / len(parts) if parts else 1.0)
    return points / 2 if false_alarm else points


def recovery_points(seconds: float | None, resolution: float) -> float:
    """The points for a recovery that took `seconds`, or None if there was none.

    All of them up to the `resolution` of the measurement, halved every 30 s beyond it.
    """
    return 0.0 if seconds is None else RECOVERY * _halved(seconds - resolution)


def total(parts: Collection[Part]) -> float:
    """The score: of every 100 points that there are, how many the parts got."""
    return 100.0 * _clamped(sum(part.points for part in parts) / sum(part.of for part in parts))


def _halved(late: float) -> float:
    return float(0.5 ** (max(0.0, late) / HALVING_SECONDS))


def _clamped(ratio: float) -> float:
    return min(1.0, max(0.0, ratio))


class Outcome(StrEnum):
    """How a run ended; DIED is written down by the next run, for one whose process was killed."""

    RESILIENT = "resilient"
    WEAKNESS = "weakness"
    COULD_NOT_RUN = "could_not_run"
    STOPPED = "stopped"
    DIED = "died"


EXIT_CODES = {
    Outcome.RESILIENT: 0,
    Outcome.WEAKNESS: 1,
    Outcome.COULD_NOT_RUN: 2,
    Outcome.STOPPED: 3,
    Outcome.DIED: 2,
}


@dataclass(frozen=True)
class ResilienceScore:
    """What a run found out.

    `score` is 0 to 100, and None when there was too little to tell, with the `reason`. `recovery_time` is in seconds
    from the withdrawal of the faults, None without a recovery; `detection_time` in seconds from the first fault to
    the first expected alert, None if there was none.
    """

    run: str
    scenario: str
    target: str
    outcome: Outcome
    reason: str
    score: float | None = None
    recovery_time: float | None = None
    detection_time: float | None = None
    recommendations: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    report: Path | None = None

    @property
    def exit_code(self) -> int:
        """0 resilient, 1 weakness found, 2 could not run, 3 stopped."""
        return EXIT_CODES[self.outcome]
