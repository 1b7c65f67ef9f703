"""What a gate is, what it says, and what all of them say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from gates.statistics import CONFIDENCE
from stack.dataclass import dataclass
from stack.errors import ConfigError, HqError

if TYPE_CHECKING:
    from gates.instant import Instant
    from gates.remedies.remedy import Remedy


class Verdict(StrEnum):
    """What a gate says: undecided is too little evidence, error is a source that could not answer."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNDECIDED = "undecided"
    ERROR = "error"


class Kind(StrEnum):
    """What a gate measures; each kind has its condition in the module of its name."""

    SUCCESS_RATE = "success_rate"
    LATENCY = "latency"
    ERROR_BUDGET = "error_budget"
    BURN_RATE = "burn_rate"
    COMPARISON = "comparison"
    PROMQL = "promql"


GRAVEST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.UNDECIDED, Verdict.WARN, Verdict.PASS)
EXIT_CODES = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 3, Verdict.ERROR: 4}
REMEDIATION_FAILED = 5


class Condition(Protocol):
    """What a gate demands, and how that is found out; one frozen dataclass for each kind."""

    @property
    def kind(self) -> Kind:
        """What is measured."""

    @property
    def threshold(self) -> float:
        """What the result's `actual` is held against."""

    @property
    def is_of_the_window(self) -> bool:
        """Whether it judges the gate's window; otherwise its windows are its own, and --window changes nothing."""

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""


@dataclass(frozen=True)
class Place:
    """Where a gate is written: `file` as the user named it, and the line in it, from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class QualityGate:
    """One check: a condition on the last `window` seconds of a service, with `confidence` (a ratio).

    A gate that is not `required` only observes: it says its verdict and stops nothing.
    """

    name: str
    service: str
    condition: Condition
    window: float
    required: bool = True
    confidence: float = CONFIDENCE
    place: Place | None = field(default=None, compare=False)

    @property
    def title(self) -> str:
        """The gate as reports name it: its service, if it has one, and its name."""
        return f"{self.service} {self.name}".lstrip()

    def error(self, message: str, quoted: tuple[str, ...] = ()) -> HqError:
        """The complaint `message` about this gate, at its place if that is known; below it stand the lines `quoted`."""
        return ConfigError(self.place.file, self.place.line, message, quoted) if self.place else HqError(message)

    def result(self, verdict: Verdict, reason: str, advice: str = "") -> GateResult:
        """A result of this gate, in which nothing is measured."""
        return GateResult(
            gate=self.name,
            service=self.service,
            kind=self.condition.kind,
            verdict=verdict,
            required=self.required,
            window=self.window,
            threshold=self.condition.threshold,
            reason=reason,
            advice=advice,
            confidence=self.confidence,
            place=self.place,
        )


@dataclass(frozen=True)
class GateResult:
    """What one gate found; None is what could not be measured.

    `actual`, `threshold` and `interval` (what is proven of `actual`) are in the unit of the kind: for success_rate and
    latency shares of good requests, for error_budget what is left of the budget (below zero when it is overspent),
    for burn_rate multiples of the rate that just spends the budget, for comparison shares of bad requests, for promql
    whatever the query gives. Data in doubt proves nothing. `bad` is the smallest and the largest number of bad requests
    that the data allow, `coverage` the share of the window that has data, and `dispersion` how much more than
    independent failures these vary (1: they are independent). `needed` is how many requests would settle what is
    undecided, and `needed_seconds` how long it takes until there are so many.
    """

    gate: str
    service: str
    kind: Kind
    verdict: Verdict
    required: bool
    window: float
    threshold: float
    reason: str
    advice: str = ""
    needed: int | None = None
    needed_seconds: float | None = None
    actual: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float = CONFIDENCE
    requests: float | None = None
    bad: tuple[float, float] | None = None
    dispersion: float | None = None
    coverage: float | None = None
    notes: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def title(self) -> str:
        """The gate as reports name it: its service, if it has one, and its name."""
        return f"{self.service} {self.gate}".lstrip()


@dataclass(frozen=True)
class GateReport:
    """What all gates found at one instant `at` (epoch seconds; None when Prometheus could not be asked).

    `run_id` names this check. With `strict`, a warning stops a release as a failure does; a `dry_run` stops nothing.
    `looks` is how often the gates were asked until this verdict, in `waited` seconds. `journal_problem` says why the
    verdicts are not in the journal, if they are not, and `evidence_problem` why there is no evidence that was asked
    for; `remedy` is what became of the remediation, if there was one.
    """

    results: tuple[GateResult, ...]
    at: float | None
    strict: bool = False
    dry_run: bool = False
    run_id: str = ""
    looks: int = 1
    waited: float = 0.0
    journal_problem: str | None = None
    evidence_problem: str | None = None
    remedy: Remedy | None = None

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the required gates; undecided when there are none, for nothing was judged."""
        found = {result.verdict for result in self.results if result.required}
        return next((verdict for verdict in GRAVEST_FIRST if verdict in found), Verdict.UNDECIDED)

    @property
    def exit_code(self) -> int:
        """The exit code of `python -m gates.check`."""
        if self.dry_run:
            return 0
        if self.remedy and self.remedy.problem:
            return REMEDIATION_FAILED
        return 1 if self.strict and self.verdict is Verdict.WARN else EXIT_CODES[self.verdict]

    def noted(self, notes: Sequence[str]) -> GateReport:
        """The same report with these notes, which each result says after its own."""
        return replace(self, results=tuple(replace(result, notes=(*result.notes, *notes)) for result in self.results))

    def failures(self) -> Iterable[GateResult]:
        """The required gates that failed."""
        return (result for result in self.results if result.required and result.verdict is Verdict.FAIL)
