"""The journal's records as metrics: what each record changes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from exporters.journal import JournalCollector
from exporters.registry import SafeRegistry
from stack.journal import Journal
from tests.exporters.exposed import scrape
from tests.exporters.journal_metrics import CONFIGURED, RUN, WAVE, read
from tests.exporters.records import announced, fault, finished, notification, verdict


def test_everything_configured_is_zero_from_the_start(path: Path) -> None:
    samples = read(path)
    for name in ("chaos_runs_total", "chaos_run_failures_total", "chaos_run_errors_total"):
        assert samples[f'{name}{{scenario="wave"}}'] == samples[f'{name}{{scenario="slow"}}'] == 0
    assert samples[f"chaos_fault_active{WAVE}"] == 0
    assert samples['chaos_fault_active{chaos_target="shop",fault="latency",scenario="slow"}'] == 0
    assert samples[f"chaos_run_active{RUN}"] == 0
    for name in ("checks", "check_failures", "check_undecided", "check_errors"):
        assert samples[f'quality_gate_{name}_total{{gate="latency",service="shop"}}'] == 0
    for status in ("firing", "resolved"):
        assert samples[f'notifications_received_total{{status="{status}"}}'] == 0
        assert samples[f'notification_delay_seconds_count{{status="{status}"}}'] == 0
    assert samples["notifications_truncated_total"] == samples["exporter_records_unreadable_total"] == 0


def test_what_never_happened_has_no_series(path: Path) -> None:
    names = {key.partition("{")[0] for key in read(path)}
    assert not names & {
        "chaos_run_score", "chaos_run_time_to_detect_seconds", "chaos_run_time_to_recover_seconds",
        "chaos_last_run_timestamp_seconds", "quality_gate_verdict", "quality_gate_actual", "quality_gate_threshold",
        "notification_last_received_timestamp_seconds",
    }  # fmt: skip


def test_a_fault_is_active_from_its_injection_to_its_withdrawal(path: Path, journal: Journal) -> None:
    registry = SafeRegistry([JournalCollector(path, CONFIGURED)])
    journal.append("run_announced", announced())
    samples = scrape(registry)
    assert (samples[f"chaos_run_active{RUN}"], samples[f"chaos_fault_active{WAVE}"]) == (1, 0)
    journal.append("fault_injected", fault(member=0))
    journal.append("fault_injected", fault(member=1))
    assert scrape(registry)[f"chaos_fault_active{WAVE}"] == 1
    journal.append("fault_withdrawn", fault(member=0))
    assert scrape(registry)[f"chaos_fault_active{WAVE}"] == 1, "that of member 1 is still there"
    journal.append("fault_withdrawn", fault(member=1))
    assert scrape(registry)[f"chaos_fault_active{WAVE}"] == 0


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("run_withdrawn", {"run": "r1", "scenario": "wave", "reason": "stop condition"}),
        ("run_finished", finished()),
    ],
)
def test_the_end_of_a_run_is_the_end_of_its_faults(path: Path, journal: Journal, kind: str, data) -> None:
    journal.append("run_announced", announced())
    journal.append("fault_injected", fault(member=None))
    assert read(path)[f"chaos_fault_active{WAVE}"] == 1
    journal.append(kind, data)
    assert read(path)[f"chaos_fault_active{WAVE}"] == 0


def test_a_fault_past_its_deadline_is_over(path: Path, journal: Journal) -> None:
    journal.append("run_announced", announced(deadline=time.time() - 1))
    journal.append("fault_injected", fault())
    assert read(path)[f"chaos_fault_active{WAVE}"] == 0


def test_a_fault_of_a_run_that_was_never_announced_is_not_active(path: Path, journal: Journal) -> None:
    journal.append("fault_injected", fault(run="unknown"))
    assert read(path)[f"chaos_fault_active{WAVE}"] == 0


@pytest.mark.parametrize(
    ("outcome", "runs", "failures", "errors"),
    [
        ("resilient", 1, 0, 0),
        ("weakness", 1, 1, 0),
        ("could_not_run", 1, 0, 1),
        ("died", 1, 0, 1),
        ("stopped", 1, 0, 0),
    ],
)
def test_each_outcome_has_its_counters(journal: Journal, outcome, runs, failures, errors) -> None:
    journal.append("run_announced", announced())
    journal.append("run_finished", finished(outcome=outcome), at=2000.0)
    samples = read(journal.path)
    assert samples['chaos_runs_total{scenario="wave"}'] == runs
    assert samples['chaos_run_failures_total{scenario="wave"}'] == failures
    assert samples['chaos_run_errors_total{scenario="wave"}'] == errors
    assert samples[f"chaos_run_active{RUN}"] == 0
    assert samples['chaos_last_run_timestamp_seconds{scenario="wave"}'] == 2000.0
    assert ('chaos_last_success_timestamp_seconds{scenario="wave"}' in samples) == (outcome == "resilient")


def test_the_last_run_is_shown_and_what_it_could_not_measure_is_not(path: Path, journal: Journal) -> None:
    journal.append("run_finished", finished("r1"))
    samples = read(path)
    assert samples[f"chaos_run_score{RUN}"] == 87.5
    assert samples[f"chaos_run_time_to_detect_seconds{RUN}"] == 4.5
    assert samples[f"chaos_run_time_to_recover_seconds{RUN}"] == 2.25
    assert samples[f"chaos_run_duration_seconds{RUN}"] == 30.0
    nothing = {"score": None, "time_to_detect_seconds": None, "time_to_recover_seconds": None}
    journal.append("run_finished", finished("r2", "could_not_run", **nothing))
    samples = read(path)
    assert not [key for key in samples if key.startswith(("chaos_run_score", "chaos_run_time"))]


def test_a_scenario_and_a_gate_that_are_not_configured_any_more_keep_their_history(
    path: Path, journal: Journal
) -> None:
    journal.append("run_finished", finished(scenario="gone"))
    journal.append("gate_verdict", verdict(gate="gone"))
    samples = read(path)
    assert samples['chaos_runs_total{scenario="gone"}'] == 1
    assert samples['quality_gate_checks_total{gate="gone",service="shop"}'] == 1


@pytest.mark.parametrize(
    ("said", "value"), [("pass", 1.0), ("warn", 0.5), ("fail", 0.0), ("undecided", -1.0), ("error", -2.0)]
)
def test_a_verdict_is_a_number(path: Path, journal: Journal, said: str, value: float) -> None:
    journal.append("gate_verdict", verdict("pass"))
    journal.append("gate_verdict", verdict(said, actual=None), at=3000.0)
    samples = read(path)
    labels = '{gate="latency",service="shop"}'
    assert samples[f"quality_gate_verdict{labels}"] == value
    assert samples[f"quality_gate_threshold{labels}"] == 0.99
    assert f"quality_gate_actual{labels}" not in samples
    assert samples[f"quality_gate_last_check_timestamp_seconds{labels}"] == 3000.0
    assert samples[f"quality_gate_checks_total{labels}"] == 2
    assert samples[f"quality_gate_check_failures_total{labels}"] == (said == "fail")
    assert samples[f"quality_gate_check_undecided_total{labels}"] == (said == "undecided")
    assert samples[f"quality_gate_check_errors_total{labels}"] == (said == "error")


def test_remediations_are_counted_by_how_they_ended(path: Path, journal: Journal) -> None:
    done, failed = (f'quality_gate_remediations_total{{outcome="{outcome}"}}' for outcome in ("done", "failed"))
    journal.append("remediation_announced", {"run_id": "7", "verdict": "fail", "action": "./rollback.sh"})
    samples = read(path)
    assert (samples[done], samples[failed]) == (0, 0)
    for outcome in (False, True, True, None):
        journal.append("remediation_finished", {"run_id": "7", "failed": outcome})
    samples = read(path)
    assert (samples[done], samples[failed], samples["exporter_records_unreadable_total"]) == (1, 2, 1)


def test_a_notification_is_counted_once_and_its_delay_measured(path: Path, journal: Journal) -> None:
    journal.append("notification", notification(truncated=3), at=1004.0)
    journal.append("notification", notification(truncated=3), at=1009.0)
    journal.append("notification", notification("resolved", ends_at=1020.0), at=1021.0)
    journal.append("notification", notification(starts_at=2000.0), at=2000.1)
    samples = read(path)
    assert samples['notifications_received_total{status="firing"}'] == 2
    assert samples['notifications_received_total{status="resolved"}'] == 1
    assert samples['notification_delay_seconds_sum{status="firing"}'] == pytest.approx(4.1)
    assert samples['notification_delay_seconds_bucket{le="0.5",status="firing"}'] == 1
    assert samples['notification_delay_seconds_bucket{le="2.0",status="firing"}'] == 1
    assert samples['notification_delay_seconds_bucket{le="5.0",status="firing"}'] == 2
    assert samples['notification_delay_seconds_bucket{le="+Inf",status="firing"}'] == 2
    assert samples['notification_delay_seconds_sum{status="resolved"}'] == pytest.approx(1.0)
    assert samples["notifications_truncated_total"] == 3
    assert samples["notification_last_received_timestamp_seconds"] == 2000.1
