"""Bursts of failures: how much more the failures of a window vary than independent ones would.

A bad instance or a storm of retries fails ten requests for one reason. Bounds that take these for ten reasons are wrong
far more often than they say; counted as one, they are right again. How many go together is estimated from the counts
in slices of the window: Pearson's chi-square over its degrees of freedom (P. McCullagh, J. A. Nelder, Generalized
Linear Models, 1989, section 4.5), which is about 1 for independent failures and about the size of the bursts else.

An outage makes that large too, and is no burst: it goes on. What it does not make large is how much a slice differs
from the next one (J. von Neumann, "Distribution of the ratio of the mean square successive difference to the
variance", 1941), and bursts that are shorter than a slice make that as large.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from gates.counting.probes import probes, succeeded
from gates.counting.share import BadShare, Counted
from gates.instant import Instant
from stack.dataclass import dataclass
from stack.quantity import format_duration

MOST_SLICES = 20
FEWEST_SLICES = 8
SCRAPES_IN_A_SLICE = 2
_Z = 1.645  # the normal curve's 95 %


@dataclass(frozen=True)
class Slices:
    """`number` slices of `seconds` each, which cover a window exactly, and the PromQL of what each of them counted."""

    number: int
    seconds: float

    @classmethod
    def of(cls, window: float, scrape_interval: float) -> Slices | None:
        """The slices of the last `window` seconds, or None when it is too short for enough of them."""
        number = min(MOST_SLICES, int(window / (SCRAPES_IN_A_SLICE * scrape_interval) + 1e-9))
        return cls(number, round(window / number, 3)) if number >= FEWEST_SLICES else None

    def grown(self, series: str) -> str:
        """PromQL: what the counter `series` counted in the slice that ends at the evaluation.

        It is the difference of the last samples of two slices, and after a reset what was counted since. increase()
        will not do: Prometheus extrapolates a slice of s scrapes from s - 1 intervals, which makes it vary
        s / (s - 1) times as much, and VictoriaMetrics does not; of a difference both have the same idea.
        """
        length = format_duration(self.seconds)
        last = f"last_over_time({series}[{length}])"
        before = f"last_over_time({series}[{length}] offset {length})"
        return f"sum({last} - {before} >= 0 or ({last} and {before}))"

    def probes(self, series: str) -> str:
        """PromQL: how many samples the gauge `series` has in the slice that ends at the evaluation."""
        return probes(series, self._without_its_beginning)

    def succeeded(self, series: str) -> str:
        """PromQL: how many of these samples are 1."""
        return succeeded(series, self._without_its_beginning)

    @property
    def _without_its_beginning(self) -> float:
        """Before Prometheus 3 a sample on the border of two slices would be in both."""
        return self.seconds - 0.001


def in_bursts(
    counted: Counted,
    seconds: float,
    instant: Instant,
    *,
    total: str,
    bad: str | None = None,
    good: str | None = None,
    probed: bool = False,
) -> Counted:
    """What was counted in the last `seconds`, with the dispersion and the swing of its failures.

    `total`, `bad` and `good` are selectors of counters: of all requests, and either of the bad or of the good ones.
    Where it is `probed`, `total` and `good` are the same gauge, and each of its samples a request. The dispersion is
    None where too few slices have samples to tell it. Raises PrometheusError, UnusableAnswerError.
    """
    if not counted.share.high:
        return counted
    slices = Slices.of(seconds, instant.scrape_interval)
    if slices is None:
        found = []
    elif probed:
        found = _counts(instant, slices, slices.probes(total), slices.succeeded(total), part_is_bad=False)
    else:
        requests, part = slices.grown(total), slices.grown(bad or good or "")
        found = _counts(instant, slices, requests, f"({part} or 0 * {requests})", part_is_bad=bad is not None)
    return replace(counted, share=sized(counted.share, found))


def sized(share: BadShare, slices: Sequence[tuple[float, float]]) -> BadShare:
    """The share with the size of its bursts; a slice is its bad and all its requests, the earliest first."""
    return replace(share, dispersion=dispersion(slices), swing=swing(slices))


def dispersion(slices: Iterable[tuple[float, float]]) -> float | None:
    """How many times as much as independent failures these vary, at least 1; a slice is its bad and all its requests.

    None when fewer than FEWEST_SLICES have requests. Pairs of slices are looked at too, when they are enough: a burst
    that lasts is cut by the end of a slice, and seems smaller than it is.
    """
    busy = [(bad, requests) for bad, requests in slices if requests > 0]
    pairs = [(one[0] + other[0], one[1] + other[1]) for one, other in zip(busy[::2], busy[1::2], strict=False)]
    found = [_variation(counts) for counts in (busy, pairs) if len(counts) >= FEWEST_SLICES]
    return max(1.0, *found) if found else None


def swing(slices: Iterable[tuple[float, float]]) -> float | None:
    """How many times as much as independent failures these vary from one slice to the next, at least 1.

    None when fewer than FEWEST_SLICES have requests. So few differences are no exact measure, and leave two thirds of
    their number as degrees of freedom; what Student's t adds to the normal curve for that (its first term, at 95 %) is
    added to it. As in the dispersion, slices count the same and by their requests, and what is more counts.
    """
    busy = [(bad, requests) for bad, requests in slices if requests > 0]
    if len(busy) < FEWEST_SLICES:
        return None
    share = sum(bad for bad, _ in busy) / sum(requests for _, requests in busy)
    if not 0 < share < 1:
        return 1.0
    weights = [1 / (1 / requests + 1 / next_requests) for (_, requests), (_, next_requests) in pairwise(busy)]
    differences = [
        weight * (bad / requests - next_bad / next_requests) ** 2 / (share * (1 - share))
        for weight, ((bad, requests), (next_bad, next_requests)) in zip(weights, pairwise(busy), strict=True)
    ]
    return max(1.0, *(_mean_with_margin(differences, each) for each in ([1.0] * len(differences), weights)))


def _mean_with_margin(differences: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted mean of differences, and what Student's t adds to the normal curve for so few of them."""
    whole = sum(weights)
    freedom = max(1.0, whole**2 / sum(weight**2 for weight in weights) * 2 / 3)
    mean = sum(weight * difference for weight, difference in zip(weights, differences, strict=True)) / whole
    return mean * (1 + (_Z**2 + 1) / (2 * freedom))


def _variation(slices: Sequence[tuple[float, float]]) -> float:
    """Pearson's chi-square of equal shares, by its degrees of freedom; 1 when none or all were bad.

    Slices that hold hardly a request hardly ever hold a burst. So that traffic which comes and goes hides none, they
    are weighed by their requests too, and what is more counts.
    """
    counts = [requests for _, requests in slices]
    everything = sum(counts)
    share = sum(bad for bad, _ in slices) / everything
    if not 0 < share < 1:
        return 1.0
    deviations = [(bad - requests * share) ** 2 / (requests * share * (1 - share)) for bad, requests in slices]
    found = []
    for weights in ([1.0] * len(slices), counts):
        due = sum(weight * (1 - requests / everything) for weight, requests in zip(weights, counts, strict=True))
        found.append(sum(weight * far for weight, far in zip(weights, deviations, strict=True)) / due)
    return max(found)


def _counts(
    instant: Instant, slices: Slices, requests: str, part: str, *, part_is_bad: bool
) -> list[tuple[float, float]]:
    """The bad and all requests of each slice that has both, from one query."""
    found = instant.ask_over_time(
        {"requests in a slice": requests, "counted requests in a slice": part}, slices.number, slices.seconds
    )
    counts = found["counted requests in a slice"]
    return [
        _possible(counts[at] if part_is_bad else requests - counts[at], requests)
        for at, requests in sorted(found["requests in a slice"].items())
        if at in counts
    ]


def _possible(bad: float, requests: float) -> tuple[float, float]:
    """Counters of two families never agree to the last request."""
    share = BadShare.of(requests, bad, bad)
    return share.high, share.requests
