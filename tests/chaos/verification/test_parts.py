"""The parts of a verification that need no stack: delays, sizes, the order of trials, runs of alerts."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.scenario_file import load_scenario
from chaos.verification.aim import Aim, NoAimError, aims
from chaos.verification.bars import BELOW, FAR_ABOVE, INTENSITIES, JUST_ABOVE
from chaos.verification.buckets import delay_for
from chaos.verification.decoys import Drift, decoys
from chaos.verification.episodes import Episode
from chaos.verification.level import Level
from chaos.verification.observed import CHUNK, episodes
from chaos.verification.schedule import GAP, STEADY, sample, schedule
from chaos.verification.settled import intensity_of, settled
from prometheus.answer import Answer, RangeAnswer, Sample
from prometheus.client import PrometheusClient
from stack.errors import HqError
from stack.model import Stack
from tests.chaos.stacks import SHOP, TUNNELS, stack_of

BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0)


class Quiet:
    """A Prometheus at which `requests` a minute come, all of them quick, a share `bad` of them bad since `since`."""

    def __init__(
        self,
        requests: int,
        thresholds: dict[str, float] | None = None,
        alerts: tuple[Sample, ...] = (),
        bad: float = 0.0,
        since: float = 0.0,
    ) -> None:
        self.requests = requests
        self.bad, self.since = bad, since
        self.thresholds = {"": 0.5, "proxies": 0.05} if thresholds is None else thresholds
        self.alerts = alerts
        self.asked: list[str] = []

    def instant(self, query: str, at: float | None = None) -> Answer:
        self.asked.append(query)
        if query.startswith("anomaly:threshold"):
            kind = "" if "latency_shift" in query else "proxies"
            found = [Sample({}, 0, self.thresholds[kind])] if kind in self.thresholds else []
            return Answer(tuple(found), (), (), "vector")
        if query.startswith("group by"):
            return Answer(tuple(Sample({"le": f"{le}"}, 0, 1.0) for le in (*BUCKETS, "+Inf")), (), (), "vector")
        if query.startswith("ALERTS"):
            end, length = at or 0.0, float(query.rpartition("[")[2].removesuffix("s]"))
            return Answer(tuple(one for one in self.alerts if end - length <= one.at <= end), (), (), "matrix")
        share = self.bad if '"5|"' in query or '="429"' in query or "5.." in query else 1.0
        since = self.since if share < 1 else 0.0
        times = [(at or time.time()) - 120 + second for second in range(122)]
        counts = (max(0.0, moment - max(since, times[0])) * share * self.requests / 60 for moment in times)
        points = tuple(Sample({"job": "shop"}, moment, value) for moment, value in zip(times, counts, strict=True))
        return Answer(points, (), (), "matrix")

    def range(self, _query: str, _start: float, _end: float, _step: float) -> RangeAnswer:
        return RangeAnswer((), (), ())


def quiet(requests: int = 3000, **options: Any) -> PrometheusClient:
    return cast(PrometheusClient, Quiet(requests, **options))


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return stack_of(tmp_path)


def aimed(stack: Stack, name: str, client: PrometheusClient | None = None, target: str = "proxies") -> tuple[Aim, ...]:
    return aims(stack, client or quiet(), load_scenario(name), target, INTENSITIES)


@pytest.mark.parametrize(
    ("wanted", "seconds", "estimate"), [(0.375, 0.34, 0.395), (0.625, 0.6, 0.7375), (1.5, 1.2, 1.475)]
)
def test_the_delay_brings_the_estimate_as_near_as_the_buckets_allow(
    wanted: float, seconds: float, estimate: float
) -> None:
    delay = delay_for(wanted, 0.5, BUCKETS)
    assert delay is not None
    assert delay.seconds == pytest.approx(seconds)
    assert delay.estimate == pytest.approx(estimate)


def test_no_bucket_on_the_wanted_side_is_no_delay() -> None:
    assert delay_for(1.5, 0.5, (0.1, 0.5)) is None
    assert delay_for(0.1, 0.5, (1.0,)) is None
    assert delay_for(1.0, 0.5, ()) is None


bounds = st.lists(st.floats(0.001, 60), min_size=1, max_size=20, unique=True)


@given(bounds, st.floats(0.01, 100), st.floats(0.01, 100))
def test_the_estimate_never_crosses_the_threshold(bounds: list[float], wanted: float, threshold: float) -> None:
    delay = delay_for(wanted, threshold, bounds)
    if delay:
        assert (delay.estimate >= threshold) == (wanted >= threshold)
        assert 0 < delay.seconds < delay.estimate <= max(bounds)


def test_shares_are_aimed_at_the_threshold_times_the_intensity(stack: Stack) -> None:
    found = aimed(stack, "rate-limit-storm")
    assert [(aim.intensity, round(aim.aimed, 4)) for aim in found] == [
        (BELOW, 0.0375),
        (JUST_ABOVE, 0.0625),
        (FAR_ABOVE, 0.15),
    ]
    assert [{fault.share for fault in aim.faults} for aim in found] == [
        {Decimal("0.0375")}, {Decimal("0.0625")}, {Decimal("0.15")},
    ]  # fmt: skip
    assert [aim.seconds for aim in found] == [71.0, 71.0, 31.0]  # 60 s or 60 s / 3, allowance 1 + 2 + 3, 5 to spare
    assert [len(aim.faults) for aim in found] == [4, 4, 4]
    assert found[2].words == "15% where 5% is the threshold"


def test_a_pool_that_tries_again_must_fail_in_all_of_its_tries(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, SHOP.replace("members: 4", "members: 4, retries: 1"))
    assert [str(aim.faults[0].share) for aim in aimed(stack, "proxy-failure-wave")] == [
        "0.193649",
        "0.25",
        "0.387298",
    ]
    assert str(aimed(stack, "rate-limit-storm")[2].faults[0].share) == "0.15"  # a 429 is not tried again


def test_what_is_bad_all_the_time_is_left_out_of_what_is_injected(stack: Stack) -> None:
    share = aimed(stack, "rate-limit-storm", quiet(bad=0.01))[0].faults[0].share
    assert float(share) == pytest.approx((0.0375 - 0.01) / 0.99, abs=1e-4)


def test_what_an_earlier_fault_has_left_in_the_last_minute_is_not_what_is_usual(stack: Stack) -> None:
    client = quiet(bad=0.15, since=time.time() - 60)
    assert aimed(stack, "rate-limit-storm", client)[0].faults[0].share == Decimal("0.0375")


def test_latency_is_aimed_at_buckets(stack: Stack) -> None:
    found = aimed(stack, "network-latency")
    assert [round(aim.faults[0].delay, 3) for aim in found] == [0.34, 0.6, 1.2]
    assert found[0].words == "395ms where 500ms is the threshold"


def test_rules_that_are_not_loaded_cannot_be_verified(stack: Stack) -> None:
    with pytest.raises(NoAimError) as error:
        aimed(stack, "rate-limit-storm", quiet(thresholds={}))
    assert str(error.value) == (
        "no rule says from when on rate_limit_storm of proxies is one: "
        'anomaly:threshold{anomaly_type="rate_limit_storm",service="shop"} has no value; '
        "load what `dev-hq generate` writes, and look whether the service gets requests"
    )


def test_too_few_requests_would_tell_nobody(stack: Stack) -> None:
    with pytest.raises(NoAimError) as error:
        aimed(stack, "rate-limit-storm", quiet(60))
    assert str(error.value) == (
        "proxies gets 60 requests a minute, and rate_limit_storm is judged from 200 on at its threshold: "
        "nobody would be told"
    )


def test_what_is_measured_behind_the_fault_would_tell_nobody(stack: Stack) -> None:
    with pytest.raises(NoAimError) as error:
        aimed(stack, "rate-limit-storm", target="shop")
    assert str(error.value) == (
        "rate-limit-storm on shop would alarm nobody: its metrics are taken behind Envoy, which answers or delays in "
        "front of it; choose a pool, or measure the service by the preset envoy"
    )


def test_a_scenario_of_several_faults_has_no_size(stack: Stack) -> None:
    scenario = load_scenario("rate-limit-storm")
    double = replace(scenario, faults=scenario.faults * 2)
    with pytest.raises(NoAimError, match="that needs one fault and one expected type of anomaly"):
        aims(stack, quiet(), double, "proxies", INTENSITIES)


def test_the_drift_is_there_without_the_demo_and_what_is_not_says_why(stack: Stack) -> None:
    found, sentences = decoys(stack, quiet(), "proxies", 60.0, restarts=True)
    (drift,) = found
    assert isinstance(drift, Drift)
    delays = [fault.delay for fault in drift.faults if fault.member == 0]
    assert delays == sorted(delays)
    assert max(delays) < 0.5
    assert sentences == [
        f"no decoy load ramp: no process of {stack.file} is the demo's load generator (demo.load)",
        "no decoy restart: `dev-hq up` runs no process that is shop",
    ]


@pytest.mark.parametrize(
    ("size", "intensity"),
    [(0.0, BELOW), (0.99, BELOW), (1.0, JUST_ABOVE), (1.9, JUST_ABOVE), (2.0, FAR_ABOVE), (9.0, FAR_ABOVE)],
)
def test_a_trial_is_judged_by_what_it_came_to(size: float, intensity: Decimal) -> None:
    assert intensity_of(size) == intensity


@pytest.mark.parametrize(
    ("number", "level", "void"),
    [
        (2, Level(0.15, 0.08, 3000, 240), None),
        (0, Level(0.0375, 0.04, 3000, 120), None),
        (1, Level(0.051, 0.052, 3000, 150), "it came to 1.02x, where chance decides"),
        (0, Level(0.0375, 0.049, 3000, 147), "it came to 0.75x, but by chance to 0.98x in one minute"),
        (2, Level(0.06, 0.03, 3000, 90), "it came to 1.20x instead of 3x, and was too short for that"),
        (1, Level(0.15, 0.15, 3000, 450), None),
        (2, Level(0.15, 0.08, 100, 8), "8 of 100 requests in a minute are fewer than the rule judges from"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_void(stack: Stack, number: int, level: Level, void: str | None) -> None:
    aim = aimed(stack, "rate-limit-storm")[number]
    tried = settled(stack, aim, 100.0, 100.0 + aim.seconds, level)
    assert tried.void == void
    assert tried.trial.intensity == intensity_of(level.value / 0.05)


def test_what_detection_may_take_is_by_the_smaller_of_what_was_meant_and_what_came(stack: Stack) -> None:
    aim = aimed(stack, "rate-limit-storm")[2]
    allowed = [settled(stack, aim, 0, 31, Level(share, share, 3000, 300)).trial.allowed for share in (0.125, 0.15, 0.5)]
    assert allowed == [pytest.approx(30.0), pytest.approx(26.0), pytest.approx(26.0)]


def test_a_schedule_has_everything_as_often_as_asked_and_is_the_same_for_a_seed(stack: Stack) -> None:
    scenarios = [aimed(stack, name) for name in ("network-latency", "proxy-failure-wave", "rate-limit-storm")]
    plan = schedule(scenarios, [], repeats=2, seed=7)
    assert sorted(planned.act.name for planned in plan) == sorted([aim.name for each in scenarios for aim in each] * 2)
    assert plan == schedule(scenarios, [], repeats=2, seed=7) != schedule(scenarios, [], repeats=2, seed=8)
    assert [planned.gap >= STEADY for planned in plan] == [number % 9 == 0 for number in range(18)]
    assert all(GAP[0] <= planned.gap % STEADY <= GAP[1] for planned in plan)


@given(seed=st.integers(0, 2**31))
def test_a_sample_has_each_scenario_and_each_intensity(seed: int) -> None:
    def fake(scenario: str, intensity: Decimal) -> Aim:
        return Aim(replace(load, name=scenario), "proxies", "shop", "latency_shift", intensity, 0.5, 0.5, ())

    load = _SCENARIO
    plan = sample([[fake(name, one) for one in INTENSITIES] for name in "abc"], [], seed)
    acts = [planned.act for planned in plan if isinstance(planned.act, Aim)]
    assert {aim.scenario.name for aim in acts} == set("abc")
    assert {aim.intensity for aim in acts} == set(INTENSITIES)
    assert len(plan) == 3
    alone = sample([[fake("a", one) for one in INTENSITIES]], [], seed)
    assert {planned.act.intensity for planned in alone if isinstance(planned.act, Aim)} == set(INTENSITIES)


_SCENARIO = load_scenario("network-latency")


def fired(at: float, severity: str = "low") -> Sample:
    return Sample({"anomaly_type": "error_spike", "severity": severity, "service": "shop"}, at, 1.0)


def test_episodes_are_runs_of_evaluations_across_the_pieces_in_which_they_are_asked_for() -> None:
    samples = tuple(fired(at) for at in (*range(595, 606), 700, 701, 703))  # one evaluation came late
    found = episodes(quiet(alerts=samples), "shop", 0.0, 1000.0, 1.0)
    assert CHUNK == 600
    assert sorted(found, key=lambda one: one.since) == [
        Episode("error_spike", "low", "shop", 595, 606),
        Episode("error_spike", "low", "shop", 700, 704),
    ]


def test_a_target_that_cannot_have_the_size_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, TUNNELS)
    with pytest.raises(HqError) as error:
        aimed(stack, "proxy-failure-wave", quiet(thresholds={"proxies": 0.05}), target="exits")
    assert str(error.value) == ("failure on exits closes every new connection of a member; its intensity must be 100%")
