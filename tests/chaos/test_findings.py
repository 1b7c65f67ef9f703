"""What findings amount to: parts, weaknesses, outcome, and what to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.findings import Findings
from chaos.impact import TooLittleDataError, impact_of
from chaos.recommendation import recommendations
from chaos.score import Outcome
from chaos.windows import Window
from tests.chaos.found import LATENCY, SUCCESS, detection, findings, impact
from tests.chaos.stacks import stack_of

NEVER = {"fired": None, "notified": None, "resolved": None}


def advice(found: Findings, directory: Path, target: str = "proxies", kind: str = "failure") -> tuple[str, ...]:
    return recommendations(found, stack_of(directory), target, [kind])


def test_a_system_that_bears_it_is_resilient_and_needs_no_advice(tmp_path: Path) -> None:
    found = findings()
    assert (found.score, found.outcome, found.weaknesses) == (100.0, Outcome.RESILIENT, ())
    assert advice(found, tmp_path) == ()


def test_each_part_says_what_it_rests_on() -> None:
    impact_part, detection_part, recovery_part = findings(also_fired=("error_spike",)).parts()
    assert impact_part.evidence == (
        "success_rate: 4 of 2,000 requests bad during the faults, 0.2% (by the numbers 0.07% to 0.46%), and 0 of 3,000 "
        "before: 0.4 times the budget of 0.5%; the worst minute had 0.13%",
        "latency: 0 of 2,000 requests slow during the faults, 0% (by the numbers 0% to 0.15%), and 0 of 3,000 "
        "before: 0.0 times the budget of 1%; the worst minute had 0%",
        "counted by the SLI of shop",
    )
    assert detection_part.evidence == (
        "upstream_failure fired after 10.0 s (due after 5.0 s and an allowance of 6 s), notified after 11.0 s",
        "error_spike fired too, as it may",
    )
    assert recovery_part.evidence == ("the last bad scrape came 1.0 s after the withdrawal (a scrape every 1 s)",)


def test_the_worst_objective_counts() -> None:
    both = findings(impacts=(impact(SUCCESS, 20), impact(LATENCY, 2000)))
    assert both.worst.objective is LATENCY
    assert both.parts()[0].points == 0.0


@pytest.mark.parametrize(
    ("changes", "score", "weaknesses"),
    [
        ({"impacts": (impact(SUCCESS, 2000),)}, 50.0, ("the score 50.0 is below 80",)),
        (
            {"detections": (detection(**NEVER),)},
            75.0,
            ("upstream_failure was due and never fired", "the score 75.0 is below 80"),
        ),
        ({"detections": (detection(due=None, **NEVER),)}, 100.0, ()),
        ({"false_alarms": ("traffic_drop",)}, 87.5, ("traffic_drop fired and should have stayed silent",)),
        ({"recovery": None}, 75.0, ("no recovery within 120 s", "the score 75.0 is below 80")),
        ({"recovery": 31.0}, 87.5, ()),
    ],
)
def test_a_weakness_is_named(changes: dict[str, Any], score: float, weaknesses: tuple[str, ...]) -> None:
    found = findings(**changes)
    assert found.score == pytest.approx(score)
    assert found.weaknesses == weaknesses
    assert found.outcome is (Outcome.WEAKNESS if weaknesses else Outcome.RESILIENT)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"impacts": (impact(SUCCESS, 200),)},
            "success_rate broke: 10% of the requests were bad, 0.5% may be; try a failed request once more on another "
            "member, with a budget for such retries (pools.proxies.retries is 1).",
        ),
        (
            {"impacts": (impact(LATENCY, 200),)},
            "latency broke: 10% of the requests were slower than 300ms, 1% may be; give up on a member sooner, and cap "
            "the retries, so that they cost less time.",
        ),
        (
            {"detections": (detection(**NEVER),)},
            "Nobody was told: upstream_failure was due 5 s after the first fault and never fired.",
        ),
        (
            {"detections": (detection(fired=61.0, notified=62.0),)},
            "upstream_failure fired 50 s later than its rule needs; shorten its hold (anomalies.hold), the scrape "
            "interval or the evaluation interval.",
        ),
        (
            {"detections": (detection(notified=None),)},
            "upstream_failure fired and no notification arrived; check that Alertmanager is reached, delivers to the "
            "exporter's webhook, and does not wait longer than the fault lasts.",
        ),
        (
            {"false_alarms": ("traffic_drop",)},
            "traffic_drop fired without being a consequence of the fault; raise its threshold, or name it in the "
            "scenario's may list if it is one.",
        ),
        (
            {"recovery": None},
            "The service was not good again 120 s after the faults were gone; look for queues, retry storms and "
            "circuits that stay open.",
        ),
        (
            {"recovery": 20.0},
            "The service stayed bad for 20 s after the faults were gone; look at members of proxies that stay ejected, "
            "retries that pile up and connections that are kept broken.",
        ),
    ],
)
def test_what_broke_comes_with_what_to_change(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    assert advice(findings(**changes), tmp_path) == (sentence,)


def test_an_alert_that_was_not_due_is_never_late(tmp_path: Path) -> None:
    """Another of the expected ones was, and told of it in time."""
    assert advice(findings(detections=(detection(), detection(due=None, fired=61.0, notified=62.0))), tmp_path) == ()


def test_a_service_that_is_measured_behind_the_fault_is_told_so(tmp_path: Path) -> None:
    (sentence,) = advice(findings(detections=(detection(**NEVER),)), tmp_path, target="shop", kind="latency")
    assert sentence == (
        "Nobody was told: upstream_failure was due 5 s after the first fault and never fired: the SLI of shop lies "
        "behind the fault; measure it where users are, sli: {preset: envoy}."
    )


def seconds(count: int, requests: float, bad: float = 0.0, first: float = 0.0) -> list[Window]:
    return [Window(first + n, first + n + 1.0, requests, bad) for n in range(count)]


def test_the_impact_is_what_is_bad_beyond_what_was_before() -> None:
    windows = [*seconds(60, 10, 0.01), *seconds(40, 10, 1, first=60.0), *seconds(2, 10, first=100.0)]
    found = impact_of(SUCCESS, windows, injected=60.0, withdrawn=100.0)
    assert (found.before.requests, found.during.requests) == (600.0, 400.0)
    assert found.excess == pytest.approx(0.1 - 0.001)
    assert found.burn_rate == pytest.approx(0.099 / 0.005)
    assert found.worst.end == 100.0


@pytest.mark.parametrize(
    ("windows", "complaint"),
    [
        ([], "no requests were counted before the faults, so there is nothing to score"),
        (seconds(60, 10), "no requests were counted during the faults, so there is nothing to score"),
        (
            [*seconds(60, 1), *seconds(40, 1, first=60.0)],
            "40 requests during the faults are too few to judge success_rate: at least 200 are needed; "
            "let the run last longer, or send more requests",
        ),
        (
            [*seconds(60, 50), *seconds(8, 50, first=60.0), *seconds(5, 50, first=103.0)],
            "Prometheus saw the service for 8 s of the 40 s of the faults, so nobody knows what they did; check that "
            "it scrapes the service all the time",
        ),
    ],
)
def test_too_little_data_gives_no_score_and_never_zero(windows: list[Window], complaint: str) -> None:
    with pytest.raises(TooLittleDataError) as refused:
        impact_of(SUCCESS, windows, injected=60.0, withdrawn=100.0)
    assert str(refused.value) == complaint


def test_what_was_counted_over_a_hole_in_the_data_counts() -> None:
    hole = Window(68.0, 103.0, 1750.0, 175.0)
    found = impact_of(
        SUCCESS, [*seconds(60, 50), *seconds(8, 50, first=60.0), hole, *seconds(9, 50, 50, 103.0)], 60, 100
    )
    assert (found.during.requests, found.during.bad) == (2150.0, 175.0)


def test_few_requests_are_enough_when_they_prove_the_worst() -> None:
    windows = [*seconds(60, 1), *seconds(40, 1, 1, first=60.0)]
    assert impact_of(SUCCESS, windows, injected=60.0, withdrawn=100.0).excess == 1.0


def test_faults_in_front_of_a_service_are_scored_by_detection_and_recovery_alone() -> None:
    outage = impact(SUCCESS, 2000)
    found = findings(impacts=(outage,), in_front=True)
    assert [part.tally for part in found.parts()] == ["not scored", "25.0 of 25", "25.0 of 25"]
    assert found.parts()[0].evidence[-1] == "not scored: nothing behind the faults could soften them"
    assert (found.score, found.outcome) == (100.0, Outcome.RESILIENT)

    late = findings(impacts=(outage,), in_front=True, recovery=None)
    assert (late.score, late.outcome) == (50.0, Outcome.WEAKNESS)
    assert findings(impacts=(outage,)).score == 50.0
