"""The gate on any PromQL: the one number that a query gives is within a limit.

It is asked by itself, for nobody knows what is in it, and its number is taken as it is: nothing is counted here, and so
nothing proven. What can be known is whether the series behind it still live, when they are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import isfinite
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING

from gates.conditions.judgement import Finding, doubtful
from gates.conditions.wrong_query import refuse_wrong_query
from gates.counting.evidence import Doubt, Liveness
from gates.counting.window import Window
from gates.gate import GateResult, Kind, QualityGate, Verdict
from gates.instant import UnusableAnswerError, refuse_partial
from gates.wording import number
from prometheus.errors import RefusedError
from prometheus.selector import equal_value
from stack.dataclass import dataclass
from stack.selector import is_selector

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
        """The verdict at an instant; raises HqError for a wrong query, PrometheusError, UnusableAnswerError."""
        actual = self._ask(gate, instant)
        liveness = self._liveness(gate, instant)
        finding = _judged(self, actual, liveness.doubts() if liveness else [])
        return replace(
            gate.result(finding.verdict, finding.reason, finding.advice),
            actual=actual,
            coverage=liveness.coverage if liveness else None,
            notes=_notes(finding.verdict, liveness),
        )

    def _ask(self, gate: QualityGate, instant: Instant) -> float | None:
        """What the query gives; None when it gives nothing."""
        try:
            answer = instant.source.instant(self.query, at=instant.at)
        except RefusedError as error:
            refuse_wrong_query(gate, self.query, error)
            raise
        refuse_partial(answer.warnings)
        if answer.result_type not in ("scalar", "vector"):
            raise UnusableAnswerError(f"the query gives a {answer.result_type}, where one number is due")
        if not answer.samples:
            return None
        if len(answer.samples) > 1:
            raise UnusableAnswerError(
                f"the query gives {len(answer.samples)} series, where one number is due; make one of them, as sum() "
                "and max() do"
            )
        value = answer.samples[0].value
        if not isfinite(value):
            raise UnusableAnswerError(f"the query gives {value}, which is within no limit and beyond none")
        return value + 0.0  # which makes -0 of a counter that was subtracted from itself 0

    def _liveness(self, gate: QualityGate, instant: Instant) -> Liveness | None:
        """What is known of the series that the number rests on, if they are known."""
        series = self.alive or (self.query.strip() if is_selector(self.query) else None)
        if series is None:
            return None
        window = Window(series, gate.window, instant, equal_value(series, "job"))
        try:
            return window.liveness(instant.ask(window.questions_of_liveness()))
        except RefusedError as error:
            refuse_wrong_query(gate, series, error, alone=False)
            raise


def _judged(demand: PromQl, actual: float | None, doubts: list[Doubt]) -> Finding:
    if actual is None:
        no_answer = Doubt("the query gives nothing", "Check how its series are named, and that they are scraped.")
        doubts = doubts or [no_answer]
        return Finding(Verdict.UNDECIDED, "; ".join(doubt.reason for doubt in doubts), doubts[0].advice)
    measured = f"the query gives {number(actual, demand.threshold)}; {demand.passes} is due"
    if not demand.passes.holds(actual):
        return Finding(Verdict.FAIL, measured, "Do not release; find out what the query measures.")
    if doubts:
        return doubtful(doubts, measured)
    if demand.warns and not demand.warns.holds(actual):
        return Finding(Verdict.WARN, f"{measured}, and what is not {demand.warns} is worth a warning")
    return Finding(Verdict.PASS, measured)


def _notes(verdict: Verdict, liveness: Liveness | None) -> tuple[str, ...]:
    if liveness is None:
        return ("nothing is known of how fresh the data behind this query is; `alive` names the series to look at",)
    doubts = liveness.doubts() if verdict is Verdict.FAIL else ()
    return (*liveness.notes(), *(doubt.reason for doubt in doubts))
