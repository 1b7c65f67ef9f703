"""What the faults did to the service's users, one objective at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from chaos.measurement import Objective
from chaos.windows import Window, rolling, together, touching, within
from prometheus.recording.recordings import MINUTE
from stack.errors import HqError

SEEN = 0.95  # share of the faults' time that must have been measured


class TooLittleDataError(HqError):
    """Too few requests were measured for a score."""


@dataclass(frozen=True)
class Impact:
    """The requests that broke an objective, before the faults and during them; `worst` is the worst minute."""

    objective: Objective
    before: Window
    during: Window
    worst: Window

    @property
    def excess(self) -> float:
        """The share of bad requests during the faults beyond the share before."""
        return max(0.0, self.during.ratio - self.before.ratio)

    @property
    def burn_rate(self) -> float:
        """How many times the objective's budget the excess is."""
        return self.excess / self.objective.budget


def impact_of(objective: Objective, windows: Sequence[Window], injected: float, withdrawn: float) -> Impact:
    """The impact of faults between two moments (epoch seconds); raises TooLittleDataError.

    A window counts for the faults when any part of it lies between them. Too little is a time that nobody saw, and
    fewer requests than one bad one would spend the budget of, unless they prove a burnt budget all the same.
    """
    windows = [window for window in windows if window.start < withdrawn]
    before = together(within(windows, float("-inf"), injected))
    hit = touching(windows, injected, withdrawn)
    during = together(hit)
    if not before.requests or not during.requests:
        when = "during" if before.requests else "before"
        raise TooLittleDataError(f"no requests were counted {when} the faults, so there is nothing to score")
    lasted, seen = withdrawn - injected, _seen(hit, injected, withdrawn)
    if seen < SEEN * lasted:
        raise TooLittleDataError(
            f"Prometheus saw the service for {seen:.0f} s of the {lasted:.0f} s of the faults, so nobody knows what "
            "they did; check that it scrapes the service all the time"
        )
    needed = ceil(1 / objective.budget - 1e-9)
    if during.requests < needed and not during.proves_more_than(objective.budget):
        raise TooLittleDataError(
            f"{during.requests:.0f} requests during the faults are too few to judge {objective.name}: at least "
            f"{needed} are needed; let the run last longer, or send more requests"
        )
    minutes = [minute for minute in rolling(windows, MINUTE) if minute.end > injected]
    return Impact(objective, before, during, max(minutes, key=lambda minute: minute.ratio, default=during))


def _seen(windows: Sequence[Window], since: float, until: float) -> float:
    """The seconds between two moments that lie within the windows."""
    seen, reached = 0.0, since
    for window in windows:
        end = min(window.end, until)
        seen += max(0.0, end - max(window.start, reached))
        reached = max(reached, end)
    return seen


def due_at(
    windows: Sequence[Window],
    ratio: float,
    injected: float,
    until: float,
    *,
    least_requests: float = 0.0,
    least_bad: float = 0.0,
) -> float | None:
    """When the last minute first held `ratio` bad requests, once it held enough to judge, or None if it never did.

    An alert on that minute could fire from then on, and not before.
    """
    for minute in rolling(windows, MINUTE):
        enough = minute.requests >= max(1.0, least_requests) and minute.bad >= least_bad
        if injected < minute.end <= until and enough and minute.ratio >= ratio:
            return minute.end
    return None
