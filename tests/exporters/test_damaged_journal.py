"""No damage to the journal breaks the scrape: records that are none, and files that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.history import History
from exporters.journal import JournalCollector
from exporters.registry import SafeRegistry
from stack.journal import Journal, Record
from tests.exporters.exposed import scrape
from tests.exporters.journal_metrics import CONFIGURED, read
from tests.exporters.records import announced, finished, notification, verdict


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
    list(history.runs.active_faults())
    for run in history.runs.missing():
        history.runs.bury(run)


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
