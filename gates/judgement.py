"""From counts to a verdict: pass when it is proven, fail when it is proven, and undecided in between."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from gates.evidence import Doubt, Evidence
from gates.gate import GateResult, QualityGate, Verdict
from gates.share import BadShare
from gates.statistics import clopper_pearson, proves_at_most, proves_more_than, requests_to_settle
from gates.wording import count, percent
from stack.quantity import format_duration, format_percent

_LONGEST_WINDOW = 90 * 86400.0


def judge_share(
    gate: QualityGate, share: BadShare, evidence: Evidence, did: str, blur: Doubt | None = None
) -> GateResult:
    """The verdict on a share of requests; `did` says what a good one did, such as "succeeded".

    `blur` says why the share is no more than a range, where that has a reason of its own.
    """
    bad, requests = share.most
    if requests == 0:
        return undecided(gate, evidence, evidence.doubts() or [_undecidable(gate, share, blur)])
    counted, window = count(share.requests), format_duration(gate.window)
    measured = f"{_percents(share, gate.threshold)} of {counted} requests {did} in {window}"
    due = f"at least {format_percent(gate.target)} is due"
    doubts, notes = evidence.doubts(), evidence.notes()
    if proves_more_than(*share.fewest, gate.allowed):
        verdict, reason, advice = Verdict.FAIL, f"{measured}; {due}", "Do not release; `dev-hq anomalies` says more."
        notes += tuple(doubt.reason for doubt in doubts)
    elif doubts:
        reasons = "; ".join(doubt.reason for doubt in doubts)
        verdict, reason, advice = Verdict.UNDECIDED, f"{reasons} ({measured})", doubts[0].advice
    elif proves_at_most(bad, requests, gate.allowed):
        verdict, reason, advice = Verdict.PASS, f"{measured}; {due}", ""
    else:
        doubt = _undecidable(gate, share, blur)
        verdict, reason, advice = Verdict.UNDECIDED, f"{measured}; {due}, and {doubt.reason}", doubt.advice
    return GateResult(
        gate=gate.name,
        service=gate.service,
        verdict=verdict,
        required=gate.required,
        window=gate.window,
        threshold=gate.threshold,
        reason=reason,
        advice=advice,
        actual=1 - share.high / share.requests,
        interval=(1 - clopper_pearson(bad, requests)[1], 1 - clopper_pearson(*share.fewest)[0]),
        requests=share.requests,
        bad=(share.low, share.high),
        coverage=evidence.coverage,
        notes=notes,
    )


def undecided(gate: QualityGate, evidence: Evidence, doubts: Sequence[Doubt]) -> GateResult:
    """The verdict when there is nothing to measure."""
    return GateResult(
        gate=gate.name,
        service=gate.service,
        verdict=Verdict.UNDECIDED,
        required=gate.required,
        window=gate.window,
        threshold=gate.threshold,
        reason="; ".join(doubt.reason for doubt in doubts),
        advice=doubts[0].advice,
        requests=evidence.requests,
        coverage=evidence.coverage,
        notes=evidence.notes(),
    )


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
    longer = f", or judge a window of {format_duration(window)}" if window <= _LONGEST_WINDOW else ""
    return Doubt(too_few, f"About {count(needed)} requests like these settle it: wait for more traffic{longer}.")


def _percents(share: BadShare, threshold: float) -> str:
    worst, best = (percent(1 - bad / share.requests, threshold) for bad in (share.high, share.low))
    return f"between {worst} and {best}" if share.high - share.low >= 1 else worst


def _round_up(seconds: float) -> float:
    unit = next(unit for unit, least in ((86400, 172800), (3600, 7200), (60, 120), (1, 0)) if seconds >= least)
    return float(ceil(seconds / unit) * unit)
