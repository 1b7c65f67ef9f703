"""What the last run of each scenario and target found, as metrics; and what damage to its record costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.journal import Configured, JournalCollector
from exporters.registry import SafeRegistry
from exporters.run_history import OUTCOMES
from stack.journal import Journal
from tests.exporters.exposed import Samples, collect, scrape
from tests.exporters.journal_metrics import counters, dead_process
from tests.exporters.records import announced, fault, finished, found

RUN = 'chaos_target="proxies",scenario="wave"'
OF_WHAT_WAS_FOUND = ("chaos_run_dose", "chaos_run_impact", "chaos_run_before", "chaos_run_burn", "chaos_run_alert",
                     "chaos_run_points")  # fmt: skip


def read(path: Path) -> Samples:
    return collect(JournalCollector(path, Configured(scenarios=[("wave", "failure", "proxies")])))


def found_in(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key.startswith(OF_WHAT_WAS_FOUND)}


def test_everything_that_a_run_found_is_there(path: Path, journal: Journal) -> None:
    journal.append("run_finished", finished(**found()))
    dose = '{chaos_target="proxies",fault="failure",scenario="wave"}'
    slo = f'{{{RUN},slo="success_rate"}}'
    alert = f'{{anomaly_type="upstream_failure",{RUN}}}'
    assert found_in(read(path)) == {
        f"chaos_run_dose_asked_ratio{dose}": 0.4,
        f"chaos_run_dose_measured_ratio{dose}": 0.4025,
        f"chaos_run_dose_verified{dose}": 1,
        f"chaos_run_impact_ratio{slo}": 0.0166,
        f"chaos_run_before_ratio{slo}": 0,
        f"chaos_run_burn_rate_ratio{slo}": 3.32,
        f"chaos_run_alert_due_seconds{alert}": 12,
        f"chaos_run_alert_fired_seconds{alert}": 18.5,
        f"chaos_run_alert_notified_seconds{alert}": 19.5,
        f'chaos_run_alert_verdict{{anomaly_type="upstream_failure",{RUN},verdict="detected"}}': 1,
        f'chaos_run_alert_verdict{{anomaly_type="traffic_drop",{RUN},verdict="false_alarm"}}': 1,
        'chaos_run_points{chaos_target="proxies",part="impact",scenario="wave"}': 38.7,
        'chaos_run_points{chaos_target="proxies",part="detection",scenario="wave"}': 25,
        'chaos_run_points{chaos_target="proxies",part="recovery",scenario="wave"}': 25,
        'chaos_run_points_possible{chaos_target="proxies",part="impact",scenario="wave"}': 50,
        'chaos_run_points_possible{chaos_target="proxies",part="detection",scenario="wave"}': 25,
        'chaos_run_points_possible{chaos_target="proxies",part="recovery",scenario="wave"}': 25,
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_outcome_is_one_of_all(path: Path, journal: Journal, outcome: str) -> None:
    journal.append("run_finished", finished(outcome=outcome))
    samples = read(path)
    for other in OUTCOMES:
        assert samples[f'chaos_run_outcome{{chaos_target="proxies",outcome="{other}",scenario="wave"}}'] == (
            other == outcome
        )


def test_a_record_of_an_older_version_has_its_outcome_and_nothing_that_it_does_not_say(
    path: Path, journal: Journal
) -> None:
    journal.append("run_finished", finished(), at=2000.0)
    samples = read(path)
    assert not found_in(samples)
    assert samples[f"chaos_run_score{{{RUN}}}"] == 87.5
    assert samples[f"chaos_run_end_timestamp_seconds{{{RUN}}}"] == 2000
    assert samples[f"chaos_run_start_timestamp_seconds{{{RUN}}}"] == 1970
    assert samples["exporter_records_unreadable_total"] == 0


def test_the_next_run_takes_away_what_the_one_before_found(path: Path, journal: Journal) -> None:
    registry = SafeRegistry([JournalCollector(path, Configured())])
    journal.append("run_finished", finished("r1", **found()))
    assert found_in(scrape(registry))
    dose = {"fault": "failure", "chaos_target": "proxies", "asked": 0.4, "measured": None, "verified": None}
    nothing = {"score": None, "impacts": [], "alerts": [], "parts": []}
    journal.append("run_finished", finished("r2", "stopped", doses=[dose], **nothing))
    assert found_in(scrape(registry)) == {
        'chaos_run_dose_asked_ratio{chaos_target="proxies",fault="failure",scenario="wave"}': 0.4
    }


def test_targets_of_one_scenario_are_kept_apart(path: Path, journal: Journal) -> None:
    journal.append("run_finished", finished("r1", **found()), at=1000.0)
    journal.append("run_finished", finished("r2", target="others", **found(doses=[], parts=[])), at=2000.0)
    samples = read(path)
    assert samples[f"chaos_run_end_timestamp_seconds{{{RUN}}}"] == 1000
    assert samples['chaos_run_end_timestamp_seconds{chaos_target="others",scenario="wave"}'] == 2000
    assert f'chaos_run_impact_ratio{{{RUN},slo="success_rate"}}' in samples
    assert 'chaos_run_impact_ratio{chaos_target="others",scenario="wave",slo="success_rate"}' in samples


def phases(samples: Samples) -> dict[str, float]:
    prefix = 'chaos_run_phase{chaos_target="proxies",phase="'
    return {key.removeprefix(prefix).partition('"')[0]: samples[key] for key in samples if key.startswith(prefix)}


def test_a_run_goes_through_its_phases(path: Path, journal: Journal) -> None:
    registry = SafeRegistry([JournalCollector(path, Configured(scenarios=[("wave", "failure", "proxies")]))])
    assert phases(scrape(registry)) == {"baseline": 0, "faults": 0, "recovery": 0}
    for kind, data, phase in (
        ("run_announced", announced(), "baseline"),
        ("fault_injected", fault(member=0), "faults"),
        ("fault_withdrawn", fault(member=0), "faults"),
        ("fault_injected", fault(member=1), "faults"),
        ("run_withdrawn", {"run": "r1", "scenario": "wave", "reason": "the plan is over"}, "recovery"),
    ):
        journal.append(kind, data)
        told = phases(scrape(registry))
        assert (told.pop(phase), set(told.values())) == (1, {0}), kind
    journal.append("run_finished", finished())
    assert phases(scrape(registry)) == {"baseline": 0, "faults": 0, "recovery": 0}


def test_what_a_run_must_and_may_lead_to_is_known_from_its_announcement(path: Path, journal: Journal) -> None:
    journal.append("run_announced", announced(expect=["upstream_failure"], may=["error_spike", "upstream_failure"]))
    series = 'chaos_run_expected{{anomaly_type="{}",chaos_target="proxies",expectation="{}",scenario="wave"}}'
    assert {key for key in read(path) if key.startswith("chaos_run_expected")} == {
        series.format("upstream_failure", "must"),
        series.format("error_spike", "may"),
    }


def test_one_that_died_ended_when_its_faults_had_to_be_over(path: Path, journal: Journal) -> None:
    pid, started = dead_process()
    journal.append("run_announced", announced(pid=pid, process_started=started, deadline=1100.0), at=1000.0)
    for written_down in (False, True):
        if written_down:  # by the next run, days later
            journal.append("run_finished", finished(outcome="died", duration_seconds=9e5), at=900_000.0)
        samples = read(path)
        assert samples['chaos_run_outcome{chaos_target="proxies",outcome="died",scenario="wave"}'] == 1
        assert samples[f"chaos_run_start_timestamp_seconds{{{RUN}}}"] == 1000
        assert samples[f"chaos_run_end_timestamp_seconds{{{RUN}}}"] == 1100


DAMAGES: dict[str, Mapping[str, object]] = {
    "a list that is none": {"doses": {"failure": 1}},
    "an item that is none": {"parts": ["impact", 3, None]},
    "a share that is a text": {"doses": [{"fault": "failure", "chaos_target": "proxies", "asked": "40%"}]},
    "a share below zero": {"impacts": [{"objective": "latency", "during": -0.5}]},
    "no name": {"impacts": [{"during": 0.5}]},
    "a name that is a list": {"alerts": [{"anomaly_type": ["a"], "verdict": "missed"}]},
    "a verdict that nobody knows": {"alerts": [{"anomaly_type": "flapping", "verdict": "splendid"}]},
    "a part that nobody knows": {"parts": [{"part": "luck", "points": 1, "of": 2}]},
    "points that are true": {"parts": [{"part": "impact", "points": True, "of": 50}]},
    "a number that no float holds": {"parts": [{"part": "impact", "points": 10**400, "of": 50}]},
    "verified by a word": {"doses": [{"fault": "failure", "chaos_target": "proxies", "verified": "yes"}]},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_left_out_and_counted_and_the_run_still_counts(
    path: Path, journal: Journal, damage: Mapping[str, object]
) -> None:
    (key,) = damage
    journal.append("run_finished", finished(outcome="weakness", **{**found(), **damage}))
    samples = read(path)
    assert samples["exporter_records_unreadable_total"] == 1
    assert samples['chaos_run_failures_total{scenario="wave"}'] == 1
    assert samples[f"chaos_run_score{{{RUN}}}"] == 87.5
    journal.append("run_finished", finished("r2", **{**found(), key: []}))
    assert found_in(samples) == found_in(read(path)), "nothing but what is damaged is missing"


def test_numbers_that_are_none_are_left_out(path: Path) -> None:
    record = {"v": 1, "kind": "run_finished", "at": 1000.0, **finished(**found())}
    text = json.dumps(record).replace("0.0166", "NaN").replace("38.7", "Infinity").replace("18.5", "-Infinity")
    path.write_text(text + "\n")
    samples = read(path)
    assert samples["exporter_records_unreadable_total"] == 1
    assert samples['chaos_runs_total{scenario="wave"}'] == 1
    assert not [key for key in samples if key.startswith(("chaos_run_impact", "chaos_run_alert_fired"))]


anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=5)
    | st.sampled_from(["impact", "missed", "failure"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["part", "points", "of", "fault", "chaos_target", "asked", "measured", "verified", "objective",
                         "during", "burn_rate", "anomaly_type", "verdict", "due_seconds"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(
    st.dictionaries(st.sampled_from(["doses", "impacts", "alerts", "parts", "expect", "may"]), anything), max_size=4
))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_no_evidence_whatever_it_holds_costs_a_run_or_takes_a_counter_down(tmp_path_factory, many) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    old = JournalCollector(path, Configured())
    before = counters(old)
    for number, evidence in enumerate(many):
        Journal(path).append("run_announced", announced(f"r{number}") | evidence)
        Journal(path).append("run_finished", finished(f"r{number}") | evidence)
        now = counters(old)
        assert now["chaos_runs_total[('scenario', 'wave')]"] == number + 1
        assert all(now[key] >= value for key, value in before.items())
        before = now
    samples, restarted = collect(old), collect(JournalCollector(path, Configured()))
    assert samples['exporter_collector_success{collector="journal"}'] == 1
    durations = {key for key in restarted if key.startswith("exporter_collector_duration")}
    assert restarted == samples | {key: restarted[key] for key in durations}
