"""The gate that compares a candidate with a baseline: its share of bad requests is not larger than is allowed.

Bad are failed requests, or slow ones: these are compared at every finite bound that the histograms of both sides have,
so that whole distributions are. It passes when the candidate is proven to be no worse at each bound, and fails when it
is proven to be worse at one, where each of m bounds must prove it at m times less risk (Bonferroni).

Data in doubt on the candidate's side keeps it from passing, and on the baseline's from failing too: what is missing
there may have been as bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from gates.conditions.baseline import Baseline
from gates.conditions.judgement import Finding, concluded, doubtful, undecided
from gates.conditions.settling import Settling
from gates.conditions.two_shares import TwoShares
from gates.counting.evidence import Doubt, Evidence
from gates.counting.failures import failed_in_bursts
from gates.counting.histogram import histogram
from gates.counting.share import BadShare, Counted
from gates.counting.slowness import slower_in_bursts
from gates.gate import GateResult, Kind, QualityGate, Verdict
from gates.instant import UnusableAnswerError
from gates.proof import OneLook
from gates.wording import count, length, number, percent
from stack.dataclass import dataclass
from stack.quantity import format_duration, format_percent

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli

_TOO_FEW = "so few requests prove neither that this is so nor that it is not"
_SEND_MORE = "Send more requests to both sides, or judge a longer window."


@dataclass(frozen=True)
class Comparison:
    """The share of bad requests is at most `factor` times the baseline's and `margin` (a ratio) more.

    `of` is what makes a request bad: SUCCESS_RATE is failure, LATENCY is to take longer than a bound of the buckets,
    for each of the bounds. To be worse than the smaller margin `warn` allows is worth a warning.
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
        """The margin; a result's threshold is what the baseline, as it was counted, allows."""
        return float(self.margin)

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises HqError without a release, PrometheusError, UnusableAnswerError."""
        self._refuse_common_series(gate.window, instant)
        if self.baseline.previous_release and instant.since is None:
            raise gate.error("the baseline is the previous release, so say since when this one runs, with --since")
        sides = _failures if self.of is Kind.SUCCESS_RATE else _slowness
        return judge_comparison(
            gate, self, sides(self, gate.window, instant), instant.proof_of_moving_window(gate.confidence)
        )

    def _refuse_common_series(self, seconds: float, instant: Instant) -> None:
        """Raises UnusableAnswerError where something would be compared with itself, which it is never worse than."""
        common = self.baseline.common(self.sli)
        if common is None:
            return
        series = common.total if self.of is Kind.SUCCESS_RATE or common.buckets is None else common.buckets
        asked = "series of both sides"
        found = instant.ask({asked: f"count(last_over_time({series}[{format_duration(seconds)}]))"}).count(asked)
        if found:
            raise UnusableAnswerError(
                f"{count(found)} series are the candidate's and the baseline's at once; give both of them a value of "
                "the same label"
            )


@dataclass(frozen=True)
class Sides:
    """What the data of both sides is worth, and their shares of requests that did something bad, by what it was."""

    candidate: Evidence
    baseline: Evidence
    shares: Mapping[str, TwoShares]
    notes: tuple[str, ...] = ()

    def doubts(self) -> list[Doubt]:
        """Why no pass can rest on the data."""
        return [*_labelled("candidate", self.candidate), *self.doubts_of_baseline()]

    def doubts_of_baseline(self) -> list[Doubt]:
        """Why no failure can rest on it either."""
        return _labelled("baseline", self.baseline)


def judge_comparison(gate: QualityGate, demand: Comparison, sides: Sides, proof: OneLook) -> GateResult:
    """The verdict on the two sides."""
    if not all(pair.measured for pair in sides.shares.values()) or not sides.shares:
        return undecided(gate, sides.candidate, sides.doubts() or [Doubt(_TOO_FEW, _SEND_MORE)])
    worst, finding = _judged(gate, demand, sides, proof)
    pair = sides.shares[worst]
    doubts = sides.doubts()
    proven = finding.verdict is Verdict.FAIL or not doubts
    low = proof.bounds(*pair.candidate.fewest, pair.allowed)[0]
    high = proof.bounds(*pair.candidate.most, pair.allowed)[1]
    result = concluded(
        gate,
        Counted(pair.candidate, sides.candidate),
        finding,
        actual=pair.actual,
        interval=(low, high) if proven else None,
    )
    notes = (*result.notes, *(f"baseline: {note}" for note in sides.baseline.notes()), *sides.notes)
    return replace(result, threshold=pair.allowed, notes=notes)


def _judged(gate: QualityGate, demand: Comparison, sides: Sides, proof: OneLook) -> tuple[str, Finding]:
    """What decides, and the verdict on it."""
    each = OneLook(1 - (1 - proof.confidence) / len(sides.shares))
    worse = [did for did, pair in sides.shares.items() if pair.is_worse(each)]
    open_ = [did for did, pair in sides.shares.items() if not pair.is_no_worse(proof)]
    worst = max(worse or open_ or sides.shares, key=lambda did: sides.shares[did].excess)
    measured = f"{_measured(gate, demand, worst, sides.shares[worst])}; {_due(demand)}"
    if worse and not sides.doubts_of_baseline():
        return worst, Finding(Verdict.FAIL, measured, "Do not release; find out what the candidate does worse.")
    if doubts := sides.doubts():
        return worst, doubtful(doubts, measured)
    if not open_:
        return worst, _passed(demand, sides, measured, each)
    doubt, settled = _undecidable(gate, sides.shares[worst], proof)
    return worst, Finding(Verdict.UNDECIDED, f"{measured}, and {doubt.reason}", doubt.advice, settled)


def _passed(demand: Comparison, sides: Sides, measured: str, each: OneLook) -> Finding:
    if demand.warn is None:
        return Finding(Verdict.PASS, measured)
    narrower = [replace(pair, margin=float(demand.warn)) for pair in sides.shares.values()]
    if not any(pair.is_worse(each) for pair in narrower):
        return Finding(Verdict.PASS, measured)
    reason = f"{measured}, and a margin of {format_percent(demand.warn)} is exceeded, which is worth a warning"
    return Finding(Verdict.WARN, reason, "Find out what the candidate does worse.")


def _failures(demand: Comparison, seconds: float, instant: Instant) -> Sides:
    """The failed requests of both sides."""
    both = demand.baseline.sides(demand.sli, instant, seconds)
    candidate, baseline = (failed_in_bursts(sli, seconds, moment) for sli, moment in both)
    pair = _pair(demand, candidate.share, baseline.share)
    return Sides(candidate.evidence, baseline.evidence, {"failed": pair})


def _slowness(demand: Comparison, seconds: float, instant: Instant) -> Sides:
    """The slower requests of both sides, at each bound that the histograms of both have."""
    (sli, now), (sli_before, before) = demand.baseline.sides(demand.sli, instant, seconds)
    candidate, baseline = histogram(sli, seconds, now), histogram(sli_before, seconds, before)
    if not (candidate.buckets and baseline.buckets):
        return Sides(candidate.evidence, baseline.evidence, {})
    slower = slower_in_bursts(candidate, sli, seconds, now)
    slower_before = slower_in_bursts(baseline, sli_before, seconds, before)
    common = {bound: _pair(demand, slower[bound], slower_before[bound]) for bound in slower if bound in slower_before}
    if not common:
        raise UnusableAnswerError("the histograms of the candidate and of the baseline have no finite bound in common")
    pairs = {f"took longer than {format_duration(bound)}": pair for bound, pair in common.items()}
    return Sides(candidate.evidence, baseline.evidence, pairs, _not_compared(slower.keys() ^ slower_before.keys()))


def _not_compared(bounds: Set[float]) -> tuple[str, ...]:
    if not bounds:
        return ()
    listed = ", ".join(format_duration(bound) for bound in sorted(bounds))
    return (f"bounds that only one of the histograms has are not compared: {listed}",)


def _pair(demand: Comparison, candidate: BadShare, baseline: BadShare) -> TwoShares:
    return TwoShares(candidate, baseline, float(demand.factor), float(demand.margin))


def _labelled(side: str, evidence: Evidence) -> list[Doubt]:
    return [Doubt(f"{side}: {doubt.reason}", doubt.advice) for doubt in evidence.doubts()]


def _measured(gate: QualityGate, demand: Comparison, did: str, pair: TwoShares) -> str:
    share = f"{percent(pair.actual, pair.allowed)} of {count(pair.candidate.requests)} requests {did}"
    before = f"{percent(pair.expected, pair.allowed)} of {count(pair.baseline.requests)} of the baseline"
    return f"{share} in {length(gate.window)}, and {before} ({demand.baseline.describe(gate.window)})"


def _due(demand: Comparison) -> str:
    if demand.factor == 1 and not demand.margin:
        return "no larger share is due"
    times = f"{number(float(demand.factor))} times the baseline's share" if demand.factor != 1 else ""
    more = f"{format_percent(demand.margin)} of all requests more" if demand.margin else ""
    return f"at most {' and '.join(part for part in (times, more) if part)} is due"


def _undecidable(gate: QualityGate, pair: TwoShares, proof: OneLook) -> tuple[Doubt, Settling | None]:
    """Why the counts prove neither, and what would."""
    if not pair.margin and not pair.candidate.high and not pair.baseline.high:
        advice = "Give the comparison a margin: a factor of nothing is nothing."
        return Doubt("no failure on either side proves nothing of a factor", advice), None
    times = pair.traffic_to_settle(proof)
    if times is None:
        near = "the shares lie too near what is allowed to tell on which side"
        return Doubt(near, "Check again when they have moved, or give the comparison a larger margin."), None
    requests, before = (ceil(times * share.requests) for share in (pair.candidate, pair.baseline))
    advice = f"About {count(requests)} requests like these, and {count(before)} of the baseline, settle it."
    return Doubt(_TOO_FEW, advice), Settling(requests, (times - 1) * gate.window)
