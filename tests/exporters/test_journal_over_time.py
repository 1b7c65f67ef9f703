"""What happens to clocks, processes and exporters between two records changes no count."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.journal import JournalCollector
from exporters.registry import SafeRegistry
from exporters.run_history import RunHistory
from stack.journal import Journal
from tests.exporters.exposed import collect, scrape
from tests.exporters.journal_metrics import CONFIGURED, RUN, WAVE, counters, dead_process, read
from tests.exporters.records import announced, fault, finished, notification, verdict


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


def test_a_run_in_a_container_beside_is_not_gone(path: Path, journal: Journal) -> None:
    """Its number says nothing here; it is given up when it must be over."""
    journal.append("run_announced", announced(process_started=1, pid_namespace="pid:[1]"))
    assert read(path)[f"chaos_run_active{RUN}"] == 1
    journal.append("run_announced", announced("r2", process_started=1, pid_namespace="pid:[1]", deadline=1.0))
    assert read(path)['chaos_run_errors_total{scenario="wave"}'] == 1


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

    def missing(history: RunHistory) -> list[str]:
        if history.active:
            journal.append("run_finished", finished(outcome="weakness"))
        return list(history.active)

    monkeypatch.setattr(RunHistory, "missing", missing)
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
    old = JournalCollector(path, CONFIGURED)
    before = counters(old)
    for kind, data in happened:
        Journal(path).append(kind, data, at=1000.0)
        now = counters(old)
        assert all(now[key] >= value for key, value in before.items())
        before = now
    assert counters(JournalCollector(path, CONFIGURED)) == before


@pytest.mark.e2e
def test_a_long_journal_is_read_once_and_its_tail_is_cheap(path: Path, journal: Journal) -> None:
    journal.append_all("gate_verdict", [verdict() for _ in range(50_000)])
    collector = JournalCollector(path, CONFIGURED)
    collect(collector, seconds=30.0)
    began = time.monotonic()
    for _ in range(20):
        assert collect(collector)['quality_gate_checks_total{gate="latency",service="shop"}'] == 50_000
    assert (time.monotonic() - began) / 20 < 0.1
