"""What a run's last record says besides its outcome, and that the exporter reads all of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal

import pytest

from chaos.dose import Dose
from chaos.evidence import evidence, verdict
from chaos.faults.fault import Fault
from chaos.score import DETECTION, IMPACT, RECOVERY
from exporters.evidence import VERDICTS_ON_ALERTS, Evidence, read_evidence
from tests.chaos.found import detection, findings


def fault(member: int | None = 0, share: str = "0.4") -> Fault:
    return Fault("failure", "proxies", member, Decimal(share), 0.0, 0.0, 25.0)


FIRST, SECOND = fault(0), fault(1)


def read(*arguments: object) -> Evidence:
    """As the exporter reads it from the journal."""
    found = read_evidence(json.loads(json.dumps(evidence(*arguments), allow_nan=False)))
    assert not found.damaged
    return found


def test_the_dose_of_one_kind_is_that_of_all_its_members() -> None:
    doses = (Dose(FIRST, 1000, 410, 1), Dose(SECOND, 500, 200, 1))
    (told,) = evidence((FIRST, SECOND), doses, None)["doses"]
    assert told == {
        "fault": "failure", "chaos_target": "proxies", "asked": pytest.approx(0.4), "measured": 610 / 1500,
        "requests": 1500, "hit": 610, "verified": True, "problem": None,
    }  # fmt: skip


def test_what_was_asked_is_weighed_by_the_requests_that_could_be_hit() -> None:
    strong = fault(1, "0.8")
    doses = (Dose(FIRST, 1000, 400, 1), Dose(strong, 3000, 2400, 1))
    (told,) = evidence((FIRST, strong), doses, None)["doses"]
    assert (told["asked"], told["measured"]) == (pytest.approx(0.7), 0.7)


def test_a_dose_that_is_not_what_was_asked_for_says_why() -> None:
    (told,) = evidence((FIRST,), (Dose(FIRST, 1000, 100, 1),), None)["doses"]
    assert (told["measured"], told["verified"]) == (0.1, False)
    assert told["problem"] == "the failure hit 10% of 1000 requests on member_proxies_0; 40% was asked"


def test_a_fault_that_nothing_reached_has_no_measured_dose() -> None:
    (told,) = evidence((FIRST,), (Dose(FIRST, 0, 0, 1),), None)["doses"]
    assert (told["asked"], told["measured"], told["verified"]) == (0.4, None, False)


def test_a_run_that_was_stopped_before_all_was_measured_does_not_say_that_the_dose_arrived() -> None:
    (told,) = evidence((FIRST, SECOND), (Dose(FIRST, 1000, 400, 1),), None)["doses"]
    assert (told["measured"], told["verified"]) == (0.4, None)
    (told,) = evidence((FIRST, SECOND), (), None)["doses"]
    assert (told["asked"], told["measured"], told["verified"]) == (0.4, None, None)


def test_a_run_that_found_nothing_says_nothing_of_it() -> None:
    told = evidence((FIRST,), (), None)
    assert (told["impacts"], told["alerts"], told["parts"]) == ([], [], [])


def test_the_exporter_reads_all_that_was_found() -> None:
    found = findings(also_fired=("error_spike",), false_alarms=("traffic_drop",))
    told = read((FIRST,), (Dose(FIRST, 1000, 400, 1),), found)
    assert {name: alert.verdict for name, alert in told.alerts.items()} == {
        "upstream_failure": "detected",
        "error_spike": "allowed",
        "traffic_drop": "false_alarm",
    }
    seen = told.alerts["upstream_failure"]
    assert (seen.due, seen.fired, seen.notified) == (5.0, 10.0, 11.0)
    assert {name: asdict(points) for name, points in told.points.items()} == {
        "impact": {"points": 50.0, "possible": IMPACT},
        "detection": {"points": 12.5, "possible": DETECTION},
        "recovery": {"points": 25.0, "possible": RECOVERY},
    }
    impact = told.impacts["success_rate"]
    assert (impact.before, impact.during, impact.burn_rate) == (0.0, 4 / 2000, pytest.approx(0.4))
    assert set(told.impacts) == {"success_rate", "latency"}
    dose = told.doses["failure", "proxies"]
    assert (dose.asked, dose.measured, dose.verified) == (0.4, 0.4, True)


def test_an_impact_that_is_not_scored_has_no_points_to_get() -> None:
    points = read((FIRST,), (), findings(in_front=True)).points["impact"]
    assert (points.points, points.possible) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "detected"),
        ({"fired": 12.0}, "late"),
        ({"fired": None}, "missed"),
        ({"due": None}, "detected"),
        ({"due": None, "fired": 60.0}, "detected"),
        ({"due": None, "fired": None}, "not_due"),
    ],
)
def test_what_became_of_an_alert_in_a_word(changes: dict[str, float | None], word: str) -> None:
    assert verdict(detection(**changes)) == word
    assert word in VERDICTS_ON_ALERTS


def test_alerts_of_which_any_would_have_done_are_one() -> None:
    either = detection(types=("upstream_failure", "error_spike"), fired=None)
    assert read((FIRST,), (), findings(detections=(either,))).alerts["upstream_failure or error_spike"].due == 5.0
