"""The gate on any PromQL: the one number that a query gives is within a limit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING

from gates.gate import GateResult, Kind, QualityGate

if TYPE_CHECKING:
    from gates.instant import Instant

_HOLDS: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
_LIMIT = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*", re.ASCII)


@dataclass(frozen=True)
class Limit:
    """What a number is held against: `operator` is one of < <= > >= == !=."""

    operator: str
    value: Decimal

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Reads `< 100`; raises ValueError."""
        match = _LIMIT.fullmatch(text)
        if not match:
            operators = ", ".join(_HOLDS)
            raise ValueError(f"is not a comparison with a number; write one of {operators} and a number, such as < 100")
        return cls(match[1], Decimal(match[2]))

    def holds(self, actual: float) -> bool:
        """Whether `actual` is within the limit."""
        return _HOLDS[self.operator](actual, float(self.value))

    def __str__(self) -> str:
        return f"{self.operator} {self.value:f}"


@dataclass(frozen=True)
class PromQl:
    """`query` gives one number and `passes` holds of it; when `warns` does not hold, that is worth a warning.

    `alive` selects the series that the number rests on; a dead target among theirs keeps the gate from passing.
    """

    query: str
    passes: Limit
    warns: Limit | None = None
    alive: str | None = None

    kind = Kind.PROMQL
    is_of_the_window = False

    @property
    def threshold(self) -> float:
        return float(self.passes.value)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises ConfigError, PrometheusError, UnusableAnswerError."""
        raise NotImplementedError
