"""From counts to a verdict: pass when it is proven, fail when it is proven, and undecided in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from gates.evidence import Doubt, Evidence
from gates.gate import GateResult, QualityGate, Verdict
from gates.share import BadShare
from gates.statistics import clopper_pearson, proves_at_most, proves_more_than, requests_to_settle
from gates.wording import count, percent
from stack.model import LONGEST_GATE_WINDOW
from stack.quantity import format_duration, format_percent


@dataclass(frozen=True)
class Finding:
    """A verdict, why, and what to do."""

    verdict: Verdict
    reason: str
    advice: str = ""


def judge_share(
    gate: QualityGate, share: BadShare, evidence: Evidence, did: str, blur: Doubt | None = None
) -> GateResult:
    """The verdict on a share of requests; `did` says what a good one did, such as "succeeded".

    `blur` says why the share is no more than a range, where that has a reason of its own.
    """
    doubts = evidence.doubts()
    if share.most[1] == 0:
        return undecided(gate, evidence, doubts or [_undecidable(gate, share, blur)])
    finding = _judged(gate, share, doubts, did, blur)
    proven = not doubts or finding.verdict is Verdict.FAIL
    bounds = (1 - clopper_pearson(*share.most)[1], 1 - clopper_pearson(*share.fewest)[0])
    return concluded(
        gate, share, evidence, finding, actual=1 - share.high / share.requests, interval=bounds if proven else None
    )


def undecided(gate: QualityGate, evidence: Evidence, doubts: Sequence[Doubt]) -> GateResult:
    """The verdict when there is nothing to measure."""
    finding = Finding(Verdict.UNDECIDED, _reasons(doubts), doubts[0].advice)
    return concluded(gate, None, evidence, finding, actual=None, interval=None)


def concluded(
    gate: QualityGate,
    share: BadShare | None,
    evidence: Evidence,
    finding: Finding,
    *,
    actual: float | None,
    interval: tuple[float, float] | None,
) -> GateResult:
    """What a gate found, in full."""
    # a failure is proven whatever else is in doubt, and the doubts are worth knowing
    doubts = evidence.doubts() if finding.verdict is Verdict.FAIL else ()
    return GateResult(
        gate=gate.name,
        service=gate.service,
        verdict=finding.verdict,
        required=gate.required,
        window=gate.window,
        threshold=gate.threshold,
        reason=finding.reason,
        advice=finding.advice,
        actual=actual,
        interval=interval,
        requests=evidence.requests,
        bad=(share.low, share.high) if share else None,
        coverage=evidence.coverage,
        notes=(*evidence.notes(), *(doubt.reason for doubt in doubts)),
    )


def doubtful(doubts: Sequence[Doubt], measured: str) -> Finding:
    """Undecided, because of doubts in the data that was measured."""
    return Finding(Verdict.UNDECIDED, f"{_reasons(doubts)} ({measured})", doubts[0].advice)


def _judged(gate: QualityGate, share: BadShare, doubts: Sequence[Doubt], did: str, blur: Doubt | None) -> Finding:
    window = format_duration(gate.window)
    measured = f"{_percents(share, gate.threshold)} of {count(share.requests)} requests {did} in {window}"
    due = f"at least {format_percent(gate.target)} is due"
    if proves_more_than(*share.fewest, gate.allowed):
        return Finding(Verdict.FAIL, f"{measured}; {due}", "Do not release; `dev-hq anomalies` says more.")
    if doubts:
        return doubtful(doubts, measured)
    if proves_at_most(*share.most, gate.allowed):
        return Finding(Verdict.PASS, f"{measured}; {due}")
    doubt = _undecidable(gate, share, blur)
    return Finding(Verdict.UNDECIDED, f"{measured}; {due}, and {doubt.reason}", doubt.advice)


def _reasons(doubts: Sequence[Doubt]) -> str:
    return "; ".join(doubt.reason for doubt in doubts)


def _undecidable(gate: QualityGate, share: BadShare, blur: Doubt | None) -> Doubt:
    """Why the counts prove neither, and how many requests would."""
    if share.requests >= 1 and share.low / share.requests <= gate.allowed < share.high / share.requests:
        return blur or Doubt(
            "it depends on failures that new series counted before their first scrape",
            "Check again when these series are older than the window.",
        )
    too_few = "so few requests prove neither that it is reached nor that it is missed"
    if share.requests < 1:
        return Doubt(too_few, "Send more requests, or judge a longer window.")
    needed = requests_to_settle(share.high, share.requests, gate.allowed)
    if needed is None:
        return Doubt("the share lies too near the limit to tell on which side", "Check again when it has moved.")
    window = _round_up(gate.window * needed / share.requests)
    longer = f", or judge a window of {format_duration(window)}" if window <= LONGEST_GATE_WINDOW else ""
    return Doubt(too_few, f"About {count(needed)} requests like these settle it: wait for more traffic{longer}.")


def _percents(share: BadShare, threshold: float) -> str:
    worst, best = (percent(1 - bad / share.requests, threshold) for bad in (share.high, share.low))
    return f"between {worst} and {best}" if share.high - share.low >= 1 else worst


def _round_up(seconds: float) -> float:
    unit = next(unit for unit, least in ((86400, 172800), (3600, 7200), (60, 120), (1, 0)) if seconds >= least)
    return float(ceil(seconds / unit) * unit)
