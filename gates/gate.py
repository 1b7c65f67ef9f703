"""What a gate is, what it says, and what all of them say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus.slo import Sli


class Verdict(StrEnum):
    """What a gate says: undecided is too little evidence, error is a source that could not answer."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNDECIDED = "undecided"
    ERROR = "error"


class Kind(StrEnum):
    """What a gate measures; each kind is judged in the module of its name."""

    SUCCESS_RATE = "success_rate"
    LATENCY = "latency"
    ERROR_BUDGET = "error_budget"


GRAVEST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.UNDECIDED, Verdict.WARN, Verdict.PASS)
EXIT_CODES = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 3, Verdict.ERROR: 4}


@dataclass(frozen=True)
class QualityGate:
    """One check of a service: at least `target` (a ratio) of its requests in the last `window` seconds were good.

    For the latency a request is good when it took at most `under` seconds. A gate that is not `required` only
    observes: it says its verdict and stops nothing.
    """

    name: str
    service: str
    kind: Kind
    sli: Sli
    window: float
    target: Decimal
    required: bool = True
    under: float | None = None

    @property
    def allowed(self) -> float:
        """The share of requests that may be bad."""
        return float(1 - self.target)

    @property
    def threshold(self) -> float:
        """What the gate's result must reach: the target, or none of the budget left."""
        return 0.0 if self.kind is Kind.ERROR_BUDGET else float(self.target)


@dataclass(frozen=True)
class GateResult:
    """What one gate found. `actual`, `threshold` and `interval` are ratios; None is what could not be measured.

    For success_rate and latency `actual` is the share of good requests and `interval` what it proves; for
    error_budget they are what is left of the budget, below zero when it is overspent. Data in doubt proves nothing.
    `bad` is the smallest and the largest number of bad requests that the data allow, `coverage` the share of the
    window that has data.
    """

    gate: str
    service: str
    verdict: Verdict
    required: bool
    window: float
    threshold: float
    reason: str
    advice: str = ""
    actual: float | None = None
    interval: tuple[float, float] | None = None
    requests: float | None = None
    bad: tuple[float, float] | None = None
    coverage: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateReport:
    """What all gates found at one instant `at` (epoch seconds; None when Prometheus could not be asked).

    With `strict`, a warning stops a release as a failure does. `journal_problem` says why the verdicts are not in the
    journal, if they are not.
    """

    results: tuple[GateResult, ...]
    at: float | None
    strict: bool = False
    journal_problem: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the required gates; undecided when there are none, for nothing was judged."""
        found = {result.verdict for result in self.results if result.required}
        return next((verdict for verdict in GRAVEST_FIRST if verdict in found), Verdict.UNDECIDED)

    @property
    def exit_code(self) -> int:
        """The exit code of `python -m gates.check`."""
        return 1 if self.strict and self.verdict is Verdict.WARN else EXIT_CODES[self.verdict]

    def failures(self) -> Iterable[GateResult]:
        """The required gates that failed."""
        return (result for result in self.results if result.required and result.verdict is Verdict.FAIL)
