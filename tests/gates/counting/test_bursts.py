"""How much the failures of a window vary is told by its slices, and by nothing else."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.conditions.judgement import decide
from gates.counting.bursts import FEWEST_SLICES, Slices, dispersion, in_bursts, sized, swing
from gates.counting.share import BadShare, Counted
from gates.gate import Verdict
from gates.instant import Instant, UnusableAnswerError
from gates.proof import OneLook
from tests.gates.cases import SOUND, judged
from tests.gates.sources import InSlices, Nothing

FIVES = (300.0,) * 20
SPARSE = (0.0,) * 9 + (10.0,) + (0.0,) * 10


def counted(bad: float = 10.0) -> Counted:
    return Counted(BadShare.of(6000, bad, bad), SOUND)


def seen(source: Nothing, *, good: bool = False, bad: float = 10.0, window: float = 600.0) -> float | None:
    part = {"good": "good_total"} if good else {"bad": "bad_total"}
    instant = Instant(source, 10_000.0, 15.0)
    return in_bursts(counted(bad), window, instant, total="all_total", **part).share.dispersion


@pytest.mark.parametrize(
    ("window", "interval", "slices"),
    [
        (600.0, 15.0, Slices(20, 30.0)),
        (3600.0, 15.0, Slices(20, 180.0)),
        (240.0, 15.0, Slices(8, 30.0)),
        (247.3, 15.0, Slices(8, 30.913)),
        (10.0, 0.5, Slices(10, 1.0)),
        (239.9, 15.0, None),
        (60.0, 15.0, None),
    ],
)
def test_a_window_is_cut_into_slices_of_two_scrapes_at_least(
    window: float, interval: float, slices: Slices | None
) -> None:
    assert Slices.of(window, interval) == slices


@given(st.floats(1, 1e6), st.sampled_from([0.5, 1.0, 15.0, 60.0]))
def test_slices_cover_the_window_and_no_more(window: float, interval: float) -> None:
    slices = Slices.of(window, interval)
    if slices is None:
        assert window < 16 * interval
    else:
        assert abs(slices.seconds - window / slices.number) < 0.000501  # it is rounded to milliseconds
        assert slices.seconds > 2 * interval - 0.001
        assert FEWEST_SLICES <= slices.number <= 20


def test_one_range_query_asks_for_the_slices_up_to_the_instant() -> None:
    source = InSlices(requests=FIVES, counted=SPARSE)
    seen(source)
    ((query, start, end, step),) = source.asked
    assert (start, end, step) == (10_000.0 - 570, 10_000.0, 30.0)
    requests = (
        "sum(last_over_time(all_total[30s]) - last_over_time(all_total[30s] offset 30s) >= 0 or "
        "(last_over_time(all_total[30s]) and last_over_time(all_total[30s] offset 30s)))"
    )
    bad = f"({requests.replace('all_total', 'bad_total')} or 0 * {requests})"
    assert query == (
        f'label_replace({requests}, "dev_hq_question", "requests in a slice", "", "") or '
        f'label_replace({bad}, "dev_hq_question", "counted requests in a slice", "", "")'
    )


def test_without_a_failure_nothing_is_asked() -> None:
    source = Nothing()
    assert seen(source, bad=0.0) == 1.0
    assert source.asked == []


def test_ten_failures_at_once_are_one() -> None:
    assert seen(InSlices(requests=FIVES, counted=SPARSE)) == pytest.approx(10, rel=0.01)
    good = tuple(300 - bad for bad in SPARSE)
    assert seen(InSlices(requests=FIVES, counted=good), good=True) == pytest.approx(10, rel=0.01)


def test_failures_one_by_one_are_independent() -> None:
    assert seen(InSlices(requests=FIVES, counted=(1.0, 0.0) * 10)) == 1.0


def test_a_burst_that_outlasts_its_slice_is_seen_in_pairs() -> None:
    halves = (0.0,) * 8 + (5.0, 5.0) + (0.0,) * 10
    assert seen(InSlices(requests=FIVES, counted=halves)) == pytest.approx(10, rel=0.01)


def test_slices_without_samples_are_left_out() -> None:
    patchy = (None,) * 8 + FIVES[8:]
    assert seen(InSlices(requests=patchy, counted=SPARSE)) == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize(
    "source",
    [
        Nothing(),
        InSlices(requests=FIVES),
        InSlices(requests=(None,) * 13 + FIVES[13:], counted=SPARSE),
        InSlices(requests=(0.0,) * 13 + FIVES[13:], counted=(0.0,) * 20),
    ],
)
def test_with_too_few_slices_nobody_knows(source: Nothing) -> None:
    assert seen(source) is None


def test_in_a_short_window_nobody_knows_and_nobody_asks() -> None:
    source = InSlices(requests=FIVES, counted=SPARSE)
    assert seen(source, window=225.0) is None
    assert source.asked == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "the number of counted requests in a slice is nan; a counter that is not a number spoils every sum"),
        (math.inf, "the number of counted requests in a slice is inf; a counter that is not a number spoils every sum"),
        (-3.0, "the number of counted requests in a slice is -3, and no count is below zero"),
    ],
)
def test_what_is_no_count_is_an_error(value: float, reason: str) -> None:
    with pytest.raises(UnusableAnswerError, match=f"^{reason}$"):
        seen(InSlices(requests=FIVES, counted=(value, *SPARSE[1:])))


def test_an_answer_that_lacks_a_part_is_an_error() -> None:
    source = InSlices(requests=FIVES, counted=SPARSE, warnings=("a shard is down",))
    with pytest.raises(
        UnusableAnswerError, match=r"^Prometheus warns that its answer is not complete: a shard is down$"
    ):
        seen(source)


def test_several_series_or_unknown_ones_are_an_error() -> None:
    class Doubled(InSlices):
        def series(self, start: float, step: float):
            return super().series(start, step) * 2

    class Strange(InSlices):
        def series(self, start: float, step: float):
            return tuple(replace(one, labels={}) for one in super().series(start, step))

    with pytest.raises(UnusableAnswerError, match=r"^several series answer where one is due: requests in a slice$"):
        seen(Doubled(requests=FIVES, counted=SPARSE))
    with pytest.raises(UnusableAnswerError, match=r"^Prometheus answered with series that nobody asked for$"):
        seen(Strange(requests=FIVES, counted=SPARSE))


def test_more_failures_than_requests_in_a_slice_are_kept_within_what_is_possible() -> None:
    found = seen(InSlices(requests=(5.0,) * 20, counted=(6.0,) + (0.0,) * 19))
    assert found == pytest.approx(5, rel=0.1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1000)), max_size=30))
def test_the_dispersion_is_never_below_1(slices: list[tuple[int, int]]) -> None:
    found = dispersion([(min(bad, requests), requests) for bad, requests in slices])
    busy = sum(requests > 0 for _, requests in slices)
    assert (found is None) == (busy < FEWEST_SLICES)
    assert found is None or 1 <= found < math.inf


@pytest.mark.parametrize("began", range(4, 21))
@pytest.mark.parametrize("share", [1.0, 0.1])
def test_an_outage_that_goes_on_does_not_hide_behind_its_own_dispersion(began: int, share: float) -> None:
    slices = [(0.0, 300.0)] * (20 - began) + [(300.0 * share, 300.0)] * began
    bad = sum(failed for failed, _ in slices)
    result = judged(sized(BadShare.of(6000.0, bad, bad), slices))
    assert result.verdict is Verdict.FAIL


def test_one_burst_however_large_is_one() -> None:
    slices = [(0.0, 300.0)] * 12 + [(300.0, 300.0)] + [(0.0, 300.0)] * 7
    assert judged(sized(BadShare.of(6000.0, 300.0, 300.0), slices)).verdict is Verdict.UNDECIDED


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1000)), max_size=30))
def test_the_swing_is_never_below_1(slices: list[tuple[int, int]]) -> None:
    found = swing([(min(bad, requests), requests) for bad, requests in slices])
    busy = sum(requests > 0 for _, requests in slices)
    assert (found is None) == (busy < FEWEST_SLICES)
    assert found is None or 1 <= found < math.inf


@given(st.lists(st.integers(0, 5), min_size=16, max_size=20), st.integers(2, 20))
def test_failures_that_come_so_many_at_a_time_vary_so_many_times_as_much(counts: list[int], together: int) -> None:
    alone = dispersion([(bad, 1e6) for bad in counts])
    grouped = dispersion([(bad * together, 1e6) for bad in counts])
    if alone > 1:
        assert grouped == pytest.approx(alone * together, rel=0.01)


@given(st.integers(0, 10_000), st.integers(1, 100_000), st.floats(1, 500))
def test_bursts_never_prove_more_than_independent_failures(bad: int, requests: int, together: float) -> None:
    alone, grouped = (BadShare.of(requests, min(bad, requests), min(bad, requests), phi) for phi in (1.0, together))
    for rounded, whole in ((grouped.fewest, alone.fewest), (grouped.most, alone.most)):
        assert rounded[0] <= whole[0]
        assert rounded[1] <= whole[1]
    assert grouped.fewest[0] >= min(1, bad)
    assert grouped.fewest[0] * requests <= min(bad, requests) * grouped.fewest[1]
    if grouped.most[1]:
        assert grouped.most[0] * requests >= min(bad, requests) * grouped.most[1] - 1e-3 * requests


def test_extrapolated_slices_would_vary_more_and_overlapping_ones_less() -> None:
    """Why the slices are differences: what increase() makes of slices of two scrapes, worked out."""
    scrapes = [0.0] * 20 + [10.0] + [0.0] * 19  # failures between one scrape and the next

    def phi(slices: list[float]) -> float:
        return dispersion([(bad, 1e6) for bad in slices])

    exact = [scrapes[i] + scrapes[i + 1] for i in range(0, 40, 2)]
    within = [2 * scrapes[i] for i in range(0, 40, 2)]  # Prometheus: one interval, extrapolated to two
    and_before = [(scrapes[i - 1] + scrapes[i] + scrapes[i + 1]) * 2 / 3 for i in range(2, 40, 2)]  # VictoriaMetrics
    assert phi(exact) == pytest.approx(10, rel=0.01)
    assert phi(within) == pytest.approx(20, rel=0.01)
    assert phi(and_before) == pytest.approx(20 / 3, rel=0.01)


@pytest.mark.parametrize("due", [10, 50])
@pytest.mark.parametrize("busy", [8, 10])
def test_traffic_that_changes_a_hundredfold_hides_no_bursts(busy: int, due: int) -> None:
    """The share is the limit itself, so that a pass is as wrong as a failure; bursts of ten."""
    drawing, found, limit = random.Random(3), Counter[Verdict](), 0.01
    weights = [1] * (20 - busy) + [100] * busy
    for _ in range(500):
        requests = [max(1, round(1000 * due * weight / sum(weights))) for weight in weights]
        slices = [(min(number, 10 * drawn(drawing, number * limit / 10)), number) for number in requests]
        bad = sum(count for count, _ in slices)
        share = BadShare.of(sum(requests), bad, bad)
        found[decide(sized(share, slices), limit, OneLook())] += 1
    assert max(found[Verdict.PASS], found[Verdict.FAIL]) <= 0.06 * 500


def drawn(drawing: random.Random, mean: float) -> int:
    """A number of bursts that come by chance, `mean` of them on the average."""
    number, time = 0, drawing.expovariate(1.0)
    while time < mean:
        number, time = number + 1, time + drawing.expovariate(1.0)
    return number
