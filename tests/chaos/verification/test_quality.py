"""Quality: what counts as detected, as right and as a false alarm, and what small numbers prove."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.verification.bars import BELOW, FAR_ABOVE, INTENSITIES, JUST_ABOVE, allowed_seconds, bars, worded
from chaos.verification.episodes import Episode, Trial, merged
from chaos.verification.quality import GRACE, Quality, Share, Times, judged, most_alarms, steady_seconds

TYPES = ("error_spike", "latency_shift", "upstream_failure")


def fault(
    since: float, *, intensity: Decimal = FAR_ABOVE, kind: str = "latency_shift", may: tuple[str, ...] = ()
) -> Trial:
    return Trial(kind, intensity, since, since + 40, "shop", may, allowed=26.0)


def alert(
    since: float, until: float, kind: str = "latency_shift", severity: str = "low", service: str = "shop"
) -> Episode:
    return Episode(kind, severity, service, since, until)


def test_the_right_type_within_the_trial_and_its_grace_is_detected() -> None:
    quality = judged([fault(100)], [alert(140 + GRACE, 200)], 1000)
    assert quality.recall(FAR_ABOVE) == Share(1, 1)
    (one,) = quality.judgements
    assert (one.detected, one.cleared) == (70.0, 60.0)


@pytest.mark.parametrize("since", [99.9, 170.1])
def test_what_began_before_or_long_after_is_nobodys_detection(since: float) -> None:
    quality = judged([fault(100)], [alert(since, 200)], 1000)
    assert quality.recall(FAR_ABOVE) == Share(0, 1)
    assert quality.precision == Share(0, 1)
    assert len(quality.false_alarms) == 1


def test_another_services_alert_is_a_false_alarm() -> None:
    quality = judged([fault(100)], [alert(110, 150, service="other")], 1000)
    assert (quality.recall(FAR_ABOVE), quality.precision) == (Share(0, 1), Share(0, 1))


def test_consequences_are_neither_right_nor_wrong_but_tell_someone() -> None:
    quality = judged([fault(100, may=("error_spike",))], [alert(110, 150, "error_spike")], 1000)
    assert quality.precision == Share(0, 0)
    assert quality.recall(FAR_ABOVE) == Share(0, 1)
    assert quality.untyped_recall(FAR_ABOVE) == Share(1, 1)
    assert quality.right_type == Share(0, 1)
    assert quality.confusion == {("latency_shift", "nothing"): 1}


def test_the_wrong_type_is_confused() -> None:
    quality = judged([fault(100)], [alert(110, 150, "error_spike"), alert(112, 150)], 1000)
    assert quality.precision == Share(1, 2)
    assert quality.confusion == {("latency_shift", "error_spike"): 1, ("latency_shift", "latency_shift"): 1}
    assert quality.false_alarms == ()  # something was wrong


def test_below_the_threshold_the_right_type_is_wrong() -> None:
    quality = judged([fault(100, intensity=BELOW)], [alert(110, 150)], 1000)
    assert quality.precision == Share(0, 1)
    assert quality.confusion == {}
    assert quality.detect() == Times(())


def test_a_decoy_that_alarms_is_a_false_alarm() -> None:
    quality = judged([Trial("load ramp", None, 100, 140, "shop")], [alert(110, 150)], 86_400 / 2)
    assert (quality.precision, len(quality.false_alarms)) == (Share(0, 1), 1)
    assert quality.false_alarms_a_day == 2.0
    assert quality.most_false_alarms_a_day == pytest.approx(2 * 4.7439, abs=1e-3)


def test_severities_beside_each_other_are_one_episode_the_worst() -> None:
    found = merged([alert(10, 50), alert(11, 60, severity="critical"), alert(12, 40, severity="medium")])
    assert found == (alert(10, 60, severity="critical"),)


@pytest.mark.parametrize(("again", "episodes"), [(109.0, 1), (110.0, 2)])
def test_an_alert_that_comes_back_within_a_minute_is_the_same(again: float, episodes: int) -> None:
    assert len(merged([alert(10, 50), alert(again, again + 5)])) == episodes


def test_an_alert_that_comes_back_in_a_new_trial_is_a_new_one() -> None:
    quality = judged([fault(100), fault(160)], [alert(110, 155), alert(170, 210)], 1000)
    assert quality.recall(FAR_ABOVE) == Share(2, 2)


def test_an_episode_in_the_grace_of_one_trial_belongs_to_the_next_that_explains_it() -> None:
    trials = [fault(100), fault(145, kind="error_spike")]
    quality = judged(trials, [alert(150, 155, "error_spike"), alert(152, 156)], 1000)
    assert [one.right for one in quality.judgements] == [(alert(152, 156),), (alert(150, 155, "error_spike"),)]


def test_steady_time_is_without_faults_and_their_grace_but_with_decoys() -> None:
    decoy = Trial("load ramp", None, 300, 400, "shop")
    assert steady_seconds([fault(100), decoy], 0, 500) == 100 + (500 - 140 - GRACE)
    assert steady_seconds([fault(100), fault(120)], 0, 150) == 100
    assert steady_seconds([], 10, 5) == 0


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    assert Times(tuple(map(float, range(1, 21)))).p95 == 19.0
    assert Times((3.0,)).p95 == 3.0
    assert (Times(()).median, Times(()).p95, Times(()).max) == (None, None, None)


@pytest.mark.parametrize(("seen", "most"), [(0, 2.996), (1, 4.744), (2, 6.296), (10, 16.962), (100, 118.079)])
def test_the_upper_limit_of_a_count_is_garwoods(seen: int, most: float) -> None:
    assert most_alarms(seen) == pytest.approx(most, abs=2e-3)


def test_no_steady_time_says_nothing_of_a_day() -> None:
    quality = judged([], [], 0.0)
    assert (quality.false_alarms_a_day, quality.most_false_alarms_a_day) == (None, None)


def test_the_bars_of_a_good_detector_are_met() -> None:
    trials = [fault(1000.0 * number, intensity=intensity) for number, intensity in enumerate(INTENSITIES)]
    alerts = [alert(trial.since + 20, trial.until + 30) for trial in trials if trial.must_alert]
    assert [finding.met for finding in bars(judged(trials, alerts, 1000))] == [True] * 6


def test_the_bars_of_a_detector_that_always_fires_are_missed() -> None:
    trials = [fault(1000.0 * number, intensity=intensity) for number, intensity in enumerate(INTENSITIES)]
    alerts = [alert(trial.since + 20, trial.until + 30) for trial in trials]
    missed = [finding for finding in bars(judged(trials, alerts, 1000)) if not finding.met]
    assert [(finding.bar, finding.disproved) for finding in missed] == [
        ("no alert at 0.75x", True),
        ("precision at least 0.95", False),  # 2 of 3 can be chance
    ]
    assert missed[0].evidence == "1 of 1 (at least 5.0%)"


def test_a_late_detection_misses_its_bar() -> None:
    finding = bars(judged([fault(100)], [alert(126.1, 150)], 1000))[-1]
    assert (finding.met, finding.evidence) == (False, "1 of 1 were late; the last came after 26.1 s of 26.0 s")


def test_nothing_tried_meets_no_bar_and_misses_none() -> None:
    assert {finding.met for finding in bars(judged([], [], 1000))} == {None}


def test_what_the_window_needs_is_by_the_size() -> None:
    assert allowed_seconds(3.0, 6.0) == 26.0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (Share(9, 9), "9 of 9 (at least 71.7%)"),
        (Share(0, 9), "0 of 9 (at most 28.3%)"),
        (Share(1, 2), "1 of 2 (2.5% to 97.5%)"),
        (Share(0, 0), "none of none"),
    ],
)
def test_a_share_is_told_with_its_bounds(share: Share, words: str) -> None:
    assert worded(share) == words


seconds = st.floats(0, 5000, allow_nan=False).map(lambda at: round(at, 1))
trials = st.lists(
    st.builds(
        lambda since, lasts, intensity, kind, may: Trial(kind, intensity, since, since + lasts, "shop", may, 26.0),
        seconds,
        st.floats(1, 100).map(lambda lasts: round(lasts, 1)),
        st.sampled_from((None, *INTENSITIES)),
        st.sampled_from(TYPES),
        st.sampled_from(((), TYPES[:1])),
    ),
    max_size=6,
    unique_by=lambda trial: trial.since,
)
alerts = st.lists(
    st.builds(lambda since, lasts, kind: alert(since, since + lasts, kind), seconds, seconds, st.sampled_from(TYPES)),
    max_size=8,
)


@given(trials, alerts)
def test_every_episode_is_counted_once(trials: list[Trial], alerts: list[Episode]) -> None:
    quality = judged(trials, alerts, 1000)
    given_out = [one for judgement in quality.judgements for one in judgement.episodes] + list(quality.strays)
    assert sorted(given_out, key=repr) == sorted(merged(alerts, [trial.since for trial in trials]), key=repr)


@given(trials, alerts)
def test_all_shares_are_shares_and_lie_within_their_bounds(trials: list[Trial], alerts: list[Episode]) -> None:
    quality = judged(trials, alerts, 1000)
    shares = [quality.precision, quality.right_type]
    shares += [recall(intensity) for intensity in INTENSITIES for recall in (quality.recall, quality.untyped_recall)]
    for share in shares:
        assert 0 <= share.hits <= share.of
        low, high = share.interval
        assert share.value is None or low <= share.value <= high
    for intensity in INTENSITIES:
        assert quality.recall(intensity).hits <= quality.untyped_recall(intensity).hits
    assert all(value >= 0 for value in (*quality.detect().values, *quality.clear().values))


@given(trials, alerts, seconds, st.sampled_from(INTENSITIES))
def test_a_trial_that_was_missed_never_raises_recall(
    trials: list[Trial], alerts: list[Episode], since: float, intensity: Decimal
) -> None:
    missed = Trial("latency_shift", intensity, since + 10_000, since + 10_040, "shop", (), 26.0)
    before, after = judged(trials, alerts, 1000), judged([*trials, missed], alerts, 1000)
    for one in INTENSITIES:
        assert _value(after.recall(one)) <= _value(before.recall(one))
    assert (before.precision, before.false_alarms) == (after.precision, after.false_alarms)


@given(trials, alerts, seconds)
def test_a_false_alarm_never_raises_precision_nor_the_recall(
    trials: list[Trial], alerts: list[Episode], since: float
) -> None:
    stray = alert(20_000 + since, 20_010 + since)
    before, after = judged(trials, alerts, 1000), judged(trials, [*alerts, stray], 1000)
    assert _value(after.precision) <= _value(before.precision)
    assert [after.recall(one) for one in INTENSITIES] == [before.recall(one) for one in INTENSITIES]
    assert len(after.false_alarms) == len(before.false_alarms) + 1
    assert (after.most_false_alarms_a_day or 0) > (before.most_false_alarms_a_day or 0)


@given(trials, alerts, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_told_does_not_matter(
    trials: list[Trial], alerts: list[Episode], chance: Random
) -> None:
    shuffled_trials, shuffled_alerts = list(trials), list(alerts)
    chance.shuffle(shuffled_trials)
    chance.shuffle(shuffled_alerts)
    assert _summed(judged(shuffled_trials, shuffled_alerts, 1000)) == _summed(judged(trials, alerts, 1000))


@given(alerts)
def test_merging_again_changes_nothing(alerts: list[Episode]) -> None:
    assert merged(merged(alerts)) == merged(alerts)


@given(st.integers(0, 300), st.integers(1, 50))
def test_more_alarms_are_never_proven_fewer(seen: int, more: int) -> None:
    assert seen < most_alarms(seen) < most_alarms(seen + more)
    assert math.isfinite(most_alarms(seen))


def _value(share: Share) -> float:
    return 1.0 if share.value is None else share.value


def _summed(quality: Quality) -> tuple[object, ...]:
    recalls = [quality.recall(intensity) for intensity in INTENSITIES]
    return quality.precision, recalls, quality.confusion, quality.false_alarms, sorted(quality.detect().values)


def test_a_trial_that_must_alert_is_at_its_threshold_or_above() -> None:
    at = replace(fault(0), intensity=Decimal(1))
    assert (at.must_alert, fault(0, intensity=JUST_ABOVE).must_alert, fault(0, intensity=BELOW).must_alert) == (
        True, True, False,
    )  # fmt: skip
