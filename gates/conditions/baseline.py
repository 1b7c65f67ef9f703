"""What a candidate is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus.slo import narrowed
from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


@dataclass(frozen=True)
class Baseline:
    """What the candidate is compared with: the series with `labels`, the same series `offset` seconds earlier, or the
    `previous_release`, in the window that ends when this one went out. Raises ValueError unless it is one of the three.

    The candidate of `labels` is the series with the labels `candidate`, and without these all that the one label
    of the baseline does not select; else it is all series.
    """

    labels: tuple[tuple[str, str], ...] = ()
    candidate: tuple[tuple[str, str], ...] = ()
    offset: float | None = None
    previous_release: bool = False

    def __post_init__(self) -> None:
        if bool(self.labels) + (self.offset is not None) + self.previous_release != 1:
            raise ValueError("a baseline is one of three: labels, an offset, or the previous release")
        if self.offset is not None and self.offset <= 0:
            raise ValueError("the offset of a baseline must be longer than 0s")
        if self.candidate and not self.labels:
            raise ValueError("a candidate has labels of its own only where the baseline has")
        if len(self.labels) > 1 and not self.candidate:
            raise ValueError("a baseline of several labels needs a candidate with labels too")

    def describe(self, window: float) -> str:
        """What it is, for a window of so many seconds."""
        if self.offset is not None:
            return f"{format_duration(max(self.offset, window))} earlier"
        if self.previous_release:
            return "the previous release"
        return ", ".join(f'{label}="{value}"' for label, value in self.labels)

    def sides(self, sli: Sli, instant: Instant, window: float) -> tuple[tuple[Sli, Instant], tuple[Sli, Instant]]:
        """What counts the requests of the candidate and of the baseline, and when each is asked, over `window` seconds.

        Where the previous release is meant, the instant knows since when this one runs.
        """
        return (self._of_candidate(sli), instant), (self._of_baseline(sli), self._instant(instant, window))

    def common(self, sli: Sli) -> Sli | None:
        """What would count on both sides; None where nothing can, for they differ in the value of a label."""
        baseline = dict(self.labels)
        if not self.candidate or any(baseline.get(label, value) != value for label, value in self.candidate):
            return None
        return self._of_baseline(self._of_candidate(sli))

    def _of_candidate(self, sli: Sli) -> Sli:
        for label, value in self.candidate:
            sli = narrowed(sli, label, "=", value)
        if self.labels and not self.candidate:
            ((label, value),) = self.labels
            sli = narrowed(sli, label, "!=", value)
        return sli

    def _of_baseline(self, sli: Sli) -> Sli:
        for label, value in self.labels:
            sli = narrowed(sli, label, "=", value)
        return sli

    def _instant(self, instant: Instant, window: float) -> Instant:
        """When the baseline is looked at: the two windows never overlap, for nothing is compared with itself."""
        if self.offset is not None:
            return replace(instant, at=instant.at - max(self.offset, window))
        return replace(instant, at=instant.since) if self.previous_release and instant.since else instant
