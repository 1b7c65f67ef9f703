"""The gate on the burn rate: the error budget is not spent too fast in all of several windows at once.

As the multi-window alert of Google's SRE workbook, chapter 5, but on counts: the burn rate is the share of bad requests
divided by the share that the objective allows. It fails when the rate is proven to be too high in every window, and
passes when it is proven not to be in one of them; since one will do, each of m windows must prove it at m times less
risk (Bonferroni). A window whose history is shorter than it passes nothing, and is too high only when it would be even
if the rest of it had been flawless at the same rate of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

from gates.conditions.judgement import Finding, concluded, doubtful, undecided
from gates.counting.evidence import Doubt
from gates.counting.failures import failed_in_bursts
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, Kind, QualityGate, Verdict
from gates.proof import OneLook
from gates.wording import count, number
from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
    from gates.instant import Instant
    from prometheus.slo import Sli

_TOO_FEW = Doubt(
    "so few requests prove neither that it is lower nor that it is higher",
    "Send more requests, or judge longer windows.",
)


def highest_burn_rate(target: Decimal) -> Decimal:
    """The burn rate when every request fails: no factor at or above it can ever be exceeded."""
    return 1 / (1 - target)


@dataclass(frozen=True)
class BurnRate:
    """The budget of `target` (a ratio) is spent at most `at_most` times too fast in one of `windows` (seconds).

    More than `warn` times is worth a warning. Raises ValueError for a factor that no burn rate can exceed.
    """

    sli: Sli
    target: Decimal
    at_most: Decimal
    windows: tuple[float, ...]
    warn: Decimal | None = None

    kind = Kind.BURN_RATE
    is_of_the_window = False

    def __post_init__(self) -> None:
        highest = highest_burn_rate(self.target)
        if not self.windows:
            raise ValueError("a burn rate needs at least one window")
        if not 0 < self.at_most < highest:
            raise ValueError(
                f"a burn rate of {self.at_most} is no limit: it must be above 0, and below {float(highest):.6g}, which "
                "is that of nothing but failures"
            )

    @property
    def threshold(self) -> float:
        return float(self.at_most)

    @property
    def allowed(self) -> float:
        """The share of requests that may be bad in the long run."""
        return float(1 - self.target)

    @property
    def limit(self) -> float:
        """The share of bad requests at which the budget is spent `at_most` times too fast."""
        return float(self.at_most * (1 - self.target))

    @property
    def limit_to_warn(self) -> float:
        """The share of bad requests above which a warning is due."""
        return float((self.warn or self.at_most) * (1 - self.target))

    def check(self, gate: QualityGate, instant: Instant) -> GateResult:
        """The verdict at an instant; raises PrometheusError, UnusableAnswerError."""
        spent = [Spending(seconds, failed_in_bursts(self.sli, seconds, instant)) for seconds in sorted(self.windows)]
        return judge_burn(gate, self, spent, instant.proof_of_moving_window(gate.confidence))


@dataclass(frozen=True)
class Spending:
    """What was spent in one window of `seconds`."""

    seconds: float
    counted: Counted

    @property
    def share(self) -> BadShare:
        return self.counted.share

    def burn(self, allowed: float) -> float:
        """The burn rate, every doubtful request taken for a bad one."""
        return self.share.high / self.share.requests / allowed

    def is_above(self, limit: float, proof: OneLook) -> bool:
        """Whether the share of failures is proven to be more than `limit`, whatever the window lacks of history."""
        bad, known = self.share.fewest
        evidence = self.counted.evidence
        if not evidence.coverage:
            return False
        requests = known if evidence.is_complete else ceil(known / evidence.coverage)
        return requests > 0 and proof.more_than(bad, requests, limit)

    def is_at_most(self, limit: float, proof: OneLook) -> bool:
        """Whether the share of failures is proven to be at most `limit`, by data without a doubt."""
        return not self.counted.evidence.doubts() and proof.at_most(*self.share.most, limit)


def judge_burn(gate: QualityGate, demand: BurnRate, windows: Sequence[Spending], in_all: OneLook) -> GateResult:
    """The verdict on the spending in all windows; `in_all` proves what has to be so in each of them."""
    measured = [spending for spending in windows if spending.share.most[1]]
    if not measured:
        return undecided(gate, windows[0].counted.evidence, _doubts(windows) or [_TOO_FEW])
    in_one = OneLook(1 - (1 - in_all.confidence) / len(windows))
    slow = [spending for spending in measured if spending.is_at_most(demand.limit, in_one)]
    decisive = min(slow or measured, key=lambda spending: spending.burn(demand.allowed))
    silence = _silence(windows)
    finding = _judged(demand, windows, decisive, in_all, in_one)
    if silence and finding.verdict in (Verdict.PASS, Verdict.WARN):
        finding = doubtful([silence], finding.reason)
    low = in_all.bounds(*decisive.share.fewest, demand.limit)[0] / demand.allowed
    high = in_one.bounds(*decisive.share.most, demand.limit)[1] / demand.allowed
    proven = finding.verdict is Verdict.FAIL or not (silence or decisive.counted.evidence.doubts())
    return concluded(
        replace(gate, window=decisive.seconds),
        decisive.counted,
        finding,
        actual=decisive.burn(demand.allowed),
        interval=(low, high) if proven else None,
    )


def _judged(
    demand: BurnRate, windows: Sequence[Spending], decisive: Spending, in_all: OneLook, in_one: OneLook
) -> Finding:
    measured = f"{_measured(demand, windows)}; {_due(demand)}"
    if all(spending.is_above(demand.limit, in_all) for spending in windows):
        return Finding(Verdict.FAIL, measured, "Do not release; find out what spends the error budget.")
    if decisive.is_at_most(demand.limit, in_one):
        warns = demand.warn is not None and all(spending.is_above(demand.limit_to_warn, in_all) for spending in windows)
        if not warns:
            return Finding(Verdict.PASS, measured)
        reason = f"{measured}, and more than {number(float(demand.warn or 0))} is worth a warning"
        return Finding(Verdict.WARN, reason, "Find out what spends the error budget before it is spent faster.")
    if doubts := _doubts(windows):
        return doubtful(doubts, measured)
    return Finding(Verdict.UNDECIDED, f"{measured}, and {_TOO_FEW.reason}", _what_settles_it(decisive, demand, in_one))


def _measured(demand: BurnRate, windows: Sequence[Spending]) -> str:
    rates = [_rate(spending, demand) for spending in windows]
    return f"the burn rate is {' and '.join([', '.join(rates[:-1]), rates[-1]] if rates[1:] else rates)}"


def _rate(spending: Spending, demand: BurnRate) -> str:
    known = spending.share.most[1] > 0
    rate = number(spending.burn(demand.allowed), demand.threshold) if known else "unknown"
    return f"{rate} over {format_duration(spending.seconds)}"


def _due(demand: BurnRate) -> str:
    where = " in one of them" if len(demand.windows) > 1 else ""
    return f"at most {number(demand.threshold)}{where} is due"


def _doubts(windows: Sequence[Spending]) -> list[Doubt]:
    """The doubts of all windows; what is wrong with the targets is wrong in all of them, and said once."""
    return list(dict.fromkeys(doubt for spending in windows for doubt in spending.counted.evidence.doubts()))


def _silence(windows: Sequence[Spending]) -> Doubt | None:
    """Whether the service hangs: in the shortest window nothing is counted any more, where the longest makes it due."""
    now, usual = windows[0].counted.evidence, windows[-1].counted.evidence
    return replace(now, requests=(usual.requests or 0.0) * now.window / usual.window).silence()


def _what_settles_it(decisive: Spending, demand: BurnRate, proof: OneLook) -> str:
    share = decisive.share
    needed = proof.requests_to_settle(share.high, share.requests, demand.limit) if share.requests >= 1 else None
    if needed is None:
        return "Check again when the burn rate has moved, or when there is more traffic."
    return f"About {count(needed)} requests like these in {format_duration(decisive.seconds)} settle it."
