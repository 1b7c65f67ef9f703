"""From counts to a verdict: pass when it is proven, fail when it is proven, and undecided in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from gates.conditions.settling import Settling, advice, settling
from gates.counting.evidence import Doubt, Evidence
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, QualityGate, Verdict
from gates.proof import Proof
from gates.wording import count, length, percent
from stack.dataclass import dataclass
from stack.quantity import format_percent

_TOO_FEW = "so few requests prove neither that it is reached nor that it is missed"
_SEND_MORE = "Send more requests, or judge a longer window."


@dataclass(frozen=True)
class Finding:
    """A verdict, why, what to do, and what would settle it if it is undecided for too few requests."""

    verdict: Verdict
    reason: str
    advice: str = ""
    settling: Settling | None = None


@dataclass(frozen=True)
class Demand:
    """At least `target` (a ratio) of the requests are good; less than `warn` is worth a warning.

    `did` says what a good one did, such as "succeeded".
    """

    target: Decimal
    did: str
    warn: Decimal | None = None

    @property
    def allowed(self) -> float:
        """The share of requests that may be bad."""
        return float(1 - self.target)


def judge_share(gate: QualityGate, demand: Demand, counted: Counted, proof: Proof) -> GateResult:
    """The verdict on a share of requests."""
    share, doubts = counted.share, counted.evidence.doubts()
    if share.most[1] == 0:
        return undecided(gate, counted.evidence, doubts or [Doubt(_TOO_FEW, _SEND_MORE)])
    finding = _judged(gate, demand, counted, proof)
    proven = not doubts or finding.verdict is Verdict.FAIL
    bounds = (
        1 - proof.bounds(*share.most, demand.allowed)[1],
        1 - proof.bounds(*share.fewest, demand.allowed)[0],
    )
    return concluded(
        gate, counted, finding, actual=1 - share.high / share.requests, interval=bounds if proven else None
    )


def undecided(gate: QualityGate, evidence: Evidence, doubts: Sequence[Doubt]) -> GateResult:
    """The verdict when there is nothing to measure."""
    return replace(
        gate.result(Verdict.UNDECIDED, _reasons(doubts), doubts[0].advice),
        requests=evidence.requests,
        coverage=evidence.coverage,
        notes=evidence.notes(),
    )


def concluded(
    gate: QualityGate,
    counted: Counted,
    finding: Finding,
    *,
    actual: float | None,
    interval: tuple[float, float] | None,
) -> GateResult:
    """What a gate found, in full."""
    share, evidence = counted.share, counted.evidence
    # a failure is proven whatever else is in doubt, and the doubts are worth knowing
    doubts = evidence.doubts() if finding.verdict is Verdict.FAIL else ()
    return replace(
        gate.result(finding.verdict, finding.reason, finding.advice),
        actual=actual,
        interval=interval,
        requests=evidence.requests,
        coverage=evidence.coverage,
        bad=(share.low, share.high),
        dispersion=share.dispersion,
        needed=finding.settling.requests if finding.settling else None,
        needed_seconds=finding.settling.seconds if finding.settling else None,
        notes=(*evidence.notes(), *(doubt.reason for doubt in doubts), *_bursts(share)),
    )


def doubtful(doubts: Sequence[Doubt], measured: str) -> Finding:
    """Undecided, because of doubts in the data that was measured."""
    return Finding(Verdict.UNDECIDED, f"{_reasons(doubts)} ({measured})", doubts[0].advice)


def decide(share: BadShare, limit: float, proof: Proof) -> Verdict:
    """Whether sound counts prove that more than `limit` of the requests are bad, or that no more are."""
    if proof.more_than(*share.fewest, limit):
        return Verdict.FAIL
    return Verdict.PASS if proof.at_most(*share.most, limit) else Verdict.UNDECIDED


def _judged(gate: QualityGate, demand: Demand, counted: Counted, proof: Proof) -> Finding:
    share, window = counted.share, length(gate.window)
    measured = f"{_percents(share, float(demand.target))} of {count(share.requests)} requests {demand.did} in {window}"
    due = f"at least {format_percent(demand.target)} is due"
    proven = decide(share, demand.allowed, proof)
    if proven is Verdict.FAIL:
        return Finding(Verdict.FAIL, f"{measured}; {due}", "Do not release; find out what is wrong.")
    if doubts := counted.evidence.doubts():
        return doubtful(doubts, measured)
    if proven is Verdict.PASS:
        if demand.warn is not None and proof.more_than(*share.fewest, float(1 - demand.warn)):
            worth = f"less than {format_percent(demand.warn)} is worth a warning"
            return Finding(Verdict.WARN, f"{measured}; {due}, and {worth}", "Find out what fails before more does.")
        return Finding(Verdict.PASS, f"{measured}; {due}")
    doubt, settled = _undecidable(gate, demand, counted, proof)
    return Finding(Verdict.UNDECIDED, f"{measured}; {due}, and {doubt.reason}", doubt.advice, settled)


def _reasons(doubts: Sequence[Doubt]) -> str:
    return "; ".join(doubt.reason for doubt in doubts)


def _undecidable(gate: QualityGate, demand: Demand, counted: Counted, proof: Proof) -> tuple[Doubt, Settling | None]:
    """Why the counts prove neither, and what would."""
    share, limit = counted.share, demand.allowed
    if share.requests < 1:
        return Doubt(_TOO_FEW, _SEND_MORE), None
    if share.low / share.requests <= limit < share.high / share.requests:
        born = Doubt(
            "it depends on failures that new series counted before their first scrape",
            "Check again when these series are older than the window.",
        )
        return counted.blur or born, None
    settled = settling(share, gate.window, limit, proof)
    if settled is None:
        near = "the share lies too near the limit to tell on which side"
        return Doubt(near, "Check again when it has moved."), None
    return Doubt(_TOO_FEW, advice(share, gate.window, limit, proof, settled)), settled


def _percents(share: BadShare, threshold: float) -> str:
    worst, best = (percent(1 - bad / share.requests, threshold) for bad in (share.high, share.low))
    return f"between {worst} and {best}" if share.high - share.low >= 1 else worst


def _bursts(share: BadShare) -> tuple[str, ...]:
    """Why nobody knows how the failures come; where it is known, `dispersion` says it."""
    if share.dispersion is not None:
        return ()
    return ("the window is too short, or its history too patchy, to see bursts: each failure counts as one",)
