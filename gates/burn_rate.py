"""The gate on the burn rate: the error budget is not being spent too fast in all of several windows at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from gates.gate import GateResult, Kind, QualityGate

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli


def highest_burn_rate(target: Decimal) -> Decimal:
    """The burn rate when every request fails: no factor at or above it can ever be exceeded."""
    return 1 / (1 - target)


@dataclass(frozen=True)
class BurnRate:
    """The budget of `target` (a ratio) is spent at most `at_most` times too fast in one of `windows` (seconds)."""

    sli: Sli
    target: Decimal
    at_most: Decimal
    windows: tuple[float, ...]
    warn: Decimal | None = None

    kind = Kind.BURN_RATE
    is_of_the_window = False

    @property
    def threshold(self) -> float:
        return float(self.at_most)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        raise NotImplementedError
