"""The journal's records as metrics: what each record changes, and what no damage to the journal can."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.history import History
from exporters.journal import Configured, JournalCollector
from exporters.registry import SafeRegistry
from stack.journal import Journal, Record
from stack.process import process_started
from tests.exporters.exposed import Samples, collect, scrape
from tests.exporters.records import announced, fault, finished, notification, verdict

CONFIGURED = Configured(
    scenarios=[("wave", "failure", "proxies"), ("slow", "latency", "proxies"), ("slow", "latency", "shop")],
    gates=[("latency", "shop"), ("success_rate", "shop")],
)
WAVE = '{chaos_target="proxies",fault="failure",scenario="wave"}'
RUN = '{chaos_target="proxies",scenario="wave"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path)


def read(path: Path) -> Samples:
    """What an exporter that has just started says."""
    return collect(JournalCollector(path, CONFIGURED))


def dead_process() -> tuple[int, int]:
    """The pid and start of a process that was alive and is gone."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        started = process_started(process.pid)
    return process.pid, started


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


def test_47_a_clock_that_was_set_back_makes_no_negative_time(path: Path, journal: Journal) -> None:
    journal.append("notification", notification(starts_at=4600.0), at=1000.0)
    journal.append("run_finished", finished(duration_seconds=-3600.0, time_to_detect_seconds=-1.0), at=1000.0)
    samples = read(path)
    assert samples['notification_delay_seconds_sum{status="firing"}'] == 0
    assert f"chaos_run_duration_seconds{RUN}" not in samples
    assert f"chaos_run_time_to_detect_seconds{RUN}" not in samples
    assert samples['chaos_runs_total{scenario="wave"}'] == 1


def test_38_39_times_in_the_future_and_ends_before_starts_are_taken_as_they_are(path: Path, journal: Journal) -> None:
    journal.append("run_announced", announced(deadline=9e15), at=9e14)
    journal.append("run_finished", finished(), at=1.0)
    assert read(path)['chaos_last_run_timestamp_seconds{scenario="wave"}'] == 1.0
    assert read(path)['chaos_runs_total{scenario="wave"}'] == 1


def test_40_a_run_id_that_comes_twice_is_one_run(path: Path, journal: Journal) -> None:
    journal.append("run_announced", announced())
    journal.append("run_announced", announced(scenario="slow"))
    journal.append("run_finished", finished())
    journal.append("run_finished", finished(outcome="weakness"))
    journal.append("run_announced", announced())
    samples = read(path)
    assert samples['chaos_runs_total{scenario="wave"}'] == 1
    assert samples['chaos_run_failures_total{scenario="wave"}'] == 0
    assert samples['chaos_runs_total{scenario="slow"}'] == 0
    assert samples[f"chaos_run_active{RUN}"] == 0


@pytest.mark.parametrize("change", [{"boot": "another"}, {"process_started": 1}], ids=["after-a-reboot", "pid-reused"])
def test_a_process_that_only_looks_like_the_run_is_not_the_run(path: Path, journal: Journal, change) -> None:
    journal.append("run_announced", announced(**change))
    journal.append("fault_injected", fault())
    samples = read(path)
    assert (samples[f"chaos_run_active{RUN}"], samples[f"chaos_fault_active{WAVE}"]) == (0, 0)
    assert samples['chaos_run_errors_total{scenario="wave"}'] == 1


def test_46_a_run_whose_process_died_is_an_error_once(path: Path, journal: Journal) -> None:
    pid, started = dead_process()
    registry = SafeRegistry([JournalCollector(path, CONFIGURED)])
    journal.append("run_finished", finished("r0"))
    journal.append("run_announced", announced(pid=pid, process_started=started))
    journal.append("fault_injected", fault())
    for _ in range(2):
        samples = scrape(registry)
        assert samples['chaos_run_errors_total{scenario="wave"}'] == 1
        assert samples['chaos_runs_total{scenario="wave"}'] == 2
        assert samples[f"chaos_fault_active{WAVE}"] == 0
        assert f"chaos_run_score{RUN}" not in samples, "the last run had none"
    journal.append("run_finished", finished(outcome="died", score=None))
    assert scrape(registry)['chaos_run_errors_total{scenario="wave"}'] == 1
    samples, restarted = scrape(registry), read(path)
    durations = {key for key in samples if key.startswith("exporter_collector_duration")}
    assert restarted == samples | {key: restarted[key] for key in durations}


def test_a_run_that_ended_between_two_looks_has_not_died(path: Path, journal: Journal, monkeypatch) -> None:
    """Its process writes how it ended and goes, after the journal was read and before the process is looked for."""
    collector = JournalCollector(path, CONFIGURED)
    journal.append("run_announced", announced())

    def missing(history: History) -> list[str]:
        if history.active:
            journal.append("run_finished", finished(outcome="weakness"))
        return list(history.active)

    monkeypatch.setattr(History, "missing", missing)
    samples = collect(collector)
    assert samples['chaos_run_errors_total{scenario="wave"}'] == 0
    assert samples['chaos_run_failures_total{scenario="wave"}'] == 1


def test_45_a_restart_between_announcement_and_end_changes_nothing(path: Path, journal: Journal) -> None:
    first = SafeRegistry([JournalCollector(path, CONFIGURED)])
    journal.append("run_announced", announced())
    journal.append("fault_injected", fault())
    scrape(first)
    second = SafeRegistry([JournalCollector(path, CONFIGURED)])
    assert scrape(second)[f"chaos_fault_active{WAVE}"] == 1
    journal.append("run_finished", finished(outcome="weakness"))
    for registry in (first, second, SafeRegistry([JournalCollector(path, CONFIGURED)])):
        assert scrape(registry)['chaos_run_failures_total{scenario="wave"}'] == 1


records = st.one_of(
    st.builds(lambda n, o: ("run_finished", finished(f"r{n}", o)), st.integers(0, 9), st.sampled_from(
        ["resilient", "weakness", "could_not_run", "stopped", "died"])),
    st.builds(lambda n: ("run_announced", announced(f"r{n}")), st.integers(0, 9)),
    st.builds(lambda n: ("run_announced", announced(f"dead{n}", boot="gone")), st.integers(0, 9)),
    st.builds(lambda n: ("run_finished", finished(f"dead{n}", "died")), st.integers(0, 9)),
    st.builds(lambda v: ("gate_verdict", verdict(v)), st.sampled_from(["pass", "warn", "fail", "undecided", "error"])),
    st.builds(lambda s, n: ("notification", notification(s, fingerprint=f"f{n}")),
              st.sampled_from(["firing", "resolved"]), st.integers(0, 3)),
)  # fmt: skip


@given(st.lists(records, max_size=25))
@settings(max_examples=60, deadline=None)
def test_no_counter_ever_goes_down_and_a_restart_agrees(tmp_path_factory, happened) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    old, before = JournalCollector(path, CONFIGURED), read(path)
    for kind, data in happened:
        Journal(path).append(kind, data, at=1000.0)
        now = collect(old)
        assert all(now[key] >= value for key, value in before.items() if "_total" in key)
        before = now
    restarted = read(path)
    assert {key: value for key, value in restarted.items() if "_total" in key} == {
        key: value for key, value in before.items() if "_total" in key
    }


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("run_announced", announced(pid=1) | {"pid": "1"}),
        ("run_announced", announced() | {"deadline": None}),
        ("run_announced", announced() | {"boot": 3}),
        ("run_announced", {}),
        ("run_finished", finished(outcome="splendid")),
        ("run_finished", finished(scenario=None)),
        ("run_finished", finished(scenario="")),
        ("run_withdrawn", {}),
        ("fault_injected", {}),
        ("fault_withdrawn", {"run": []}),
        ("gate_verdict", verdict("maybe")),
        ("gate_verdict", verdict(service=["shop"])),
        ("notification", notification("exploded")),
        ("notification", notification(fingerprint=None)),
    ],
)
def test_a_record_that_lacks_what_its_kind_needs_is_counted_as_unreadable(path, journal, kind, data) -> None:
    journal.append(kind, data)
    journal.append("run_finished", finished("after"))
    samples = read(path)
    assert samples["exporter_records_unreadable_total"] == 1
    assert samples['chaos_runs_total{scenario="wave"}'] == 1


def test_36_37_unknown_kinds_and_fields_are_passed_over_and_other_versions_counted(
    path: Path, journal: Journal
) -> None:
    journal.append("something_new", {"run": 3})
    journal.append("run_finished", finished(new_field={"deep": [1]}))
    with path.open("a") as file:
        file.write('{"v": 9, "kind": "run_finished", "at": 1}\n{"torn\n')
    samples = read(path)
    assert samples["exporter_records_unreadable_total"] == 2
    assert samples['chaos_runs_total{scenario="wave"}'] == 1


@given(st.dictionaries(
    st.sampled_from(["run", "scenario", "target", "outcome", "deadline", "pid", "gate", "service", "verdict", "status",
                     "fingerprint", "fault", "chaos_target", "member", "starts_at", "truncated", "score"]),
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["died", "pass", "firing"]),
), st.sampled_from(["run_announced", "run_finished", "run_withdrawn", "fault_injected", "fault_withdrawn",
                    "gate_verdict", "notification", "other"]))  # fmt: skip
def test_no_record_whatever_it_holds_breaks_the_history(data: dict[str, object], kind: str) -> None:
    history = History()
    history.add(Record(kind, 1.0, data))
    list(history.active_faults())
    for run in history.missing():
        history.bury(run)


def test_28_labels_from_the_journal_cannot_spoil_the_scrape(path: Path, journal: Journal) -> None:
    journal.append("run_finished", finished(scenario='\ud800"\n\\'))
    samples = read(path)
    assert samples['chaos_runs_total{scenario="\ufffd"\n\\"}'] == 1


@pytest.mark.parametrize("thing", ["directory", "fifo", "symlink"])
def test_43_an_unreadable_journal_costs_its_series_and_nothing_else(path: Path, journal: Journal, thing: str) -> None:
    from exporters.build import BuildCollector

    registry = SafeRegistry([BuildCollector(), JournalCollector(path, CONFIGURED)])
    journal.append("run_finished", finished())
    assert scrape(registry)['chaos_runs_total{scenario="wave"}'] == 1
    path.rename(path.with_suffix(".away"))
    if thing == "directory":
        path.mkdir()
    elif thing == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path.with_suffix(".away"))
    samples = scrape(registry)
    assert samples['exporter_collector_success{collector="journal"}'] == 0
    assert not any(key.startswith(("chaos_", "quality_")) for key in samples)
    assert any(key.startswith("exporter_build_info") for key in samples)
    path.rmdir() if thing == "directory" else path.unlink()
    path.with_suffix(".away").rename(path)
    assert scrape(registry)['chaos_runs_total{scenario="wave"}'] == 1


def test_43_another_journal_in_its_place_is_counted_from_its_start(path: Path, journal: Journal) -> None:
    registry = SafeRegistry([JournalCollector(path, CONFIGURED)])
    for number in range(3):
        journal.append("run_finished", finished(f"r{number}"))
    assert scrape(registry)['chaos_runs_total{scenario="wave"}'] == 3
    path.rename(path.with_suffix(".old"))
    journal.append("run_finished", finished("r9"))
    assert scrape(registry)['chaos_runs_total{scenario="wave"}'] == 1


@pytest.mark.e2e
def test_a_long_journal_is_read_once_and_its_tail_is_cheap(path: Path, journal: Journal) -> None:
    journal.append_all("gate_verdict", [verdict() for _ in range(50_000)])
    collector = JournalCollector(path, CONFIGURED)
    collect(collector, seconds=30.0)
    began = time.monotonic()
    for _ in range(20):
        assert collect(collector)['quality_gate_checks_total{gate="latency",service="shop"}'] == 50_000
    assert (time.monotonic() - began) / 20 < 0.1
