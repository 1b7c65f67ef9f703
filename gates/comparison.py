"""The gate that compares a candidate with a baseline: its share of bad requests is not larger than is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from gates.gate import GateResult, Kind, QualityGate

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


@dataclass(frozen=True)
class Baseline:
    """What the candidate is compared with, by exactly one of three: the series with `labels`, the candidate's own
    series `offset` seconds earlier, or the `previous_release`, which ended when this one went out.

    The candidate is the series with the labels `candidate`; without these, all that `labels` does not select.
    """

    labels: tuple[tuple[str, str], ...] = ()
    candidate: tuple[tuple[str, str], ...] = ()
    offset: float | None = None
    previous_release: bool = False


@dataclass(frozen=True)
class Comparison:
    """The share of bad requests is at most `factor` times the baseline's and `margin` (a ratio) more.

    `of` is what makes a request bad: SUCCESS_RATE is failure, LATENCY is to take longer than a bound of the buckets,
    for each of the bounds. `warn` is a smaller margin.
    """

    sli: Sli
    of: Kind
    baseline: Baseline
    margin: Decimal = Decimal(0)
    factor: Decimal = Decimal(1)
    warn: Decimal | None = None

    kind = Kind.COMPARISON
    is_of_the_window = True

    @property
    def threshold(self) -> float:
        return float(self.margin)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        raise NotImplementedError
