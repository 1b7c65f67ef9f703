"""Counts of requests over time: each window of them lies between two scrapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gates.statistics import clopper_pearson, proves_more_than


@dataclass(frozen=True)
class Window:
    """The requests that were counted after `start` and until `end` (epoch seconds), and the bad ones among them."""

    start: float
    end: float
    requests: float
    bad: float

    @property
    def ratio(self) -> float:
        """The share of bad requests; 0 without requests."""
        return self.bad / self.requests if self.requests else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the true share of bad requests (Clopper-Pearson, each at 95 %)."""
        return clopper_pearson(self._counted_bad, self._counted) if self._counted else (0.0, 1.0)

    def proves_more_than(self, ratio: float) -> bool:
        """Whether the true share of bad requests is above `ratio`: the lower bound is."""
        return self._counted > 0 and proves_more_than(self._counted_bad, self._counted, ratio)

    @property
    def _counted(self) -> int:
        return round(self.requests)

    @property
    def _counted_bad(self) -> int:
        return min(round(self.bad), self._counted)


def together(windows: Iterable[Window]) -> Window:
    """All of some windows as one; without any, an empty one at the beginning of time."""
    windows = tuple(windows)
    return Window(
        start=min((window.start for window in windows), default=0.0),
        end=max((window.end for window in windows), default=0.0),
        requests=sum(window.requests for window in windows),
        bad=sum(window.bad for window in windows),
    )


def touching(windows: Iterable[Window], since: float, until: float) -> tuple[Window, ...]:
    """The windows of which at least a part lies between `since` and `until`."""
    return tuple(window for window in windows if window.end > since and window.start < until)


def within(windows: Iterable[Window], since: float, until: float) -> tuple[Window, ...]:
    """The windows that lie between `since` and `until` as a whole."""
    return tuple(window for window in windows if window.start >= since and window.end <= until)


def rolling(windows: Sequence[Window], seconds: float) -> tuple[Window, ...]:
    """At the end of each window, the last `seconds` of them together: what a rate over that time would have seen."""
    seen = []
    first = 0
    for last, window in enumerate(windows):
        while windows[first].end <= window.end - seconds:
            first += 1
        seen.append(together(windows[first : last + 1]))
    return tuple(seen)
