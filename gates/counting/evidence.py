"""What a window of counters is worth: is it complete, is it fresh, and is what it counts still alive?

Old good samples say nothing about a service that is down now, and minutes of history nothing about a month. Each
doubt found here is a reason why a gate cannot pass; none of them keeps a proven failure from being one.
"""

from __future__ import annotations

from gates.wording import count, length, percent, span
from stack.dataclass import dataclass
from stack.quantity import format_duration

COMPLETE = 0.95  # share of the window that must have data: a restart is no gap, two days of thirty are one
_EXPECTED_RECENTLY = 20.0  # requests; where fewer are expected, none at all may be chance


def longest_silence(scrape_interval: float) -> float:
    """Seconds without a sample after which data is stale: a few scrapes may be late or lost."""
    return max(4 * scrape_interval, 5.0)


@dataclass(frozen=True)
class Doubt:
    """Why the data cannot carry a pass, and what to do about it."""

    reason: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class Liveness:
    """Whether `series` lived in the `window` seconds before `at` (epoch seconds), and lives still.

    `coverage` is the share of the window in which it lived, looked at every `step` seconds, and `newest` the time of
    the newest sample of a series that still lives; it is stale when older than `max_age` seconds, which are a few
    scrapes unless given. `dead` are the targets that it came from and that answer Prometheus no more, `dead_of_job`
    all such targets of its scrape job.
    """

    series: str
    window: float
    at: float
    scrape_interval: float
    coverage: float
    step: float
    newest: float | None
    dead: tuple[str, ...]
    dead_of_job: tuple[str, ...]
    max_age: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the data covers the window."""
        return self.coverage >= COMPLETE

    def doubts(self, complete: float = COMPLETE) -> list[Doubt]:
        """Every reason not to pass, the gravest first; a history of the share `complete` of the window is none."""
        if self.newest is None and not self.coverage:
            return [self._no_data()]
        return [doubt for doubt in (self._not_alive(), self._stale(), self._short(complete)) if doubt]

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing and stops nothing."""
        down = tuple(target for target in self.dead_of_job if target not in self.dead)
        if not down or self.newest is None:
            return ()
        answer = "does not answer" if len(down) == 1 else "do not answer"
        return (f"{_listed(down)} of the same job {answer} Prometheus (up is 0) and counted nothing here",)

    def _no_data(self) -> Doubt:
        if dead := self.dead or self.dead_of_job:
            return _unanswered(dead)
        return Doubt(
            f"there is no data: no series matches {self.series}",
            "Check how the series are named, and that Prometheus scrapes the service.",
        )

    def _not_alive(self) -> Doubt | None:
        dead = self.dead or (self.dead_of_job if self.newest is None else ())
        if dead:
            return _unanswered(dead)
        if self.newest is not None:
            return None
        return Doubt(
            f"no series of {self.series} is alive: what the window holds is from before",
            "Check that the service runs and that Prometheus still scrapes it.",
        )

    def _stale(self) -> Doubt | None:
        age = 0.0 if self.newest is None else self.at - self.newest
        if age <= (self.max_age or longest_silence(self.scrape_interval)):
            return None
        return Doubt(
            f"the data is stale: its newest sample is {span(age)} old, and one is due every "
            f"{format_duration(self.scrape_interval)}",
            "Check that Prometheus scrapes the service, and that prometheus.scrape_interval is what it does.",
        )

    def _short(self, complete: float) -> Doubt | None:
        if self.coverage >= complete:
            return None
        covered = f"about {span(self.coverage * self.window)} ({percent(self.coverage, complete)})"
        if not self.coverage:
            covered = f"less than {span(self.step)}"
        return Doubt(
            f"the history covers {covered} of the {length(self.window)} window",
            "Wait until the window has filled, or judge a shorter one.",
        )


@dataclass(frozen=True, kw_only=True)
class Evidence(Liveness):
    """What is known of the counter `series`: `requests` is what it counted in the window, None without data.

    `recent` is what it counted in the last `recent_window` seconds, and `resets` how often it began anew. `missing` is
    the counter of the bad (or the good) ones, where it is another one and nobody has seen it.
    """

    requests: float | None
    recent: float | None
    recent_window: float
    resets: float
    missing: str | None = None

    def doubts(self, complete: float = COMPLETE) -> list[Doubt]:
        """Every reason not to pass, the gravest first; a history of the share `complete` of the window is none."""
        if self.requests is None:
            return [self._no_data()]
        found = (self._not_alive(), self._stale(), self.silence(), self._short(complete), self._idle())
        return [doubt for doubt in found if doubt]

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing and stops nothing."""
        notes = super().notes()
        if self.resets:
            resets = "1 counter reset" if self.resets == 1 else f"{count(self.resets)} counter resets"
            notes = (f"{resets} in the window (restarts), accounted for", *notes)
        if self.missing and self.requests:
            notes = (f"no series matches {self.missing}, which is taken for 0: check its name", *notes)
        return notes

    def _no_data(self) -> Doubt:
        if self.newest is None or self.dead:
            return super()._no_data()
        return Doubt(
            f"{self.series} has fewer than two samples in the {length(self.window)} window",
            "Wait for some more scrapes, and check that prometheus.scrape_interval is what Prometheus does.",
        )

    def silence(self) -> Doubt | None:
        """A service that hangs answers its scrape, and counts nothing any more; None when it counts on."""
        expected = (self.requests or 0.0) * self.recent_window / self.window
        if self.newest is None or self.recent or expected < _EXPECTED_RECENTLY:
            return None
        return Doubt(
            f"no request was counted in the last {span(self.recent_window)}, where about {count(expected)} were due",
            "Check that the service still answers and that requests reach it.",
        )

    def _idle(self) -> Doubt | None:
        if self.requests:
            return None
        return Doubt(
            f"there were no requests in the {length(self.window)} window",
            "Send some, or judge a longer window.",
        )


def _unanswered(targets: tuple[str, ...]) -> Doubt:
    answer = "does not answer" if len(targets) == 1 else "do not answer"
    return Doubt(
        f"{_listed(targets)} {answer} Prometheus (up is 0): what users get there now is in no count",
        "Bring it back or take it out of service, then check again.",
    )


def _listed(targets: tuple[str, ...]) -> str:
    more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
    return f"{', '.join(targets[:3])}{more}"
