"""The runs of the journal as metrics: what goes on, what has ended in which way, and what the last ones found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from exporters.gauge import gauge
from exporters.run_history import OUTCOMES, PHASES, RUN, LastRun, RunHistory

_OF_LAST_RUN: tuple[tuple[str, str, Callable[[LastRun], float | None]], ...] = (
    ("chaos_run_score", "Resilience score of the last run, 0 to 100.", lambda run: run.score),
    (
        "chaos_run_time_to_detect_seconds",
        "From the first fault to the first expected alert, last run.",
        lambda run: run.time_to_detect,
    ),
    (
        "chaos_run_time_to_recover_seconds",
        "From the withdrawal to recovery, last run.",
        lambda run: run.time_to_recover,
    ),
    ("chaos_run_duration_seconds", "Duration of the last run.", lambda run: run.duration),
    ("chaos_run_start_timestamp_seconds", "When the last run was announced.", lambda run: run.began),
    ("chaos_run_end_timestamp_seconds", "When the last run ended.", lambda run: run.ended),
)


def run_families(history: RunHistory, configured: Sequence[tuple[str, str, str]]) -> Iterator[Metric]:
    """Every family of runs; `configured` holds the (scenario, fault kind, target) that are known without any."""
    yield _active_faults(history, configured)
    yield from _active_runs(history, configured)
    for name, documentation, value in _OF_LAST_RUN:
        yield gauge(name, documentation, RUN, {key: value(run) for key, run in history.last_runs.items()})
    yield _outcomes(history)
    yield from _ended(history, configured)


def _active_faults(history: RunHistory, configured: Sequence[tuple[str, str, str]]) -> Metric:
    active = set(history.active_faults())
    faults = GaugeMetricFamily(
        "chaos_fault_active", "Whether the fault is injected now.", labels=["scenario", "fault", "chaos_target"]
    )
    for fault in sorted({*configured, *history.seen_faults}):
        faults.add_metric(fault, float(fault in active))
    return faults


def _active_runs(history: RunHistory, configured: Sequence[tuple[str, str, str]]) -> Iterator[Metric]:
    phases = {(run.scenario, run.target): run.phase for run in history.active.values()}
    targets = sorted({(scenario, target) for scenario, _, target in configured} | history.seen_targets)
    yield gauge(
        "chaos_run_active", "Whether a run is under way.", RUN, {key: float(key in phases) for key in targets}
    )  # fmt: skip
    yield gauge(
        "chaos_run_phase", "Where the run that is under way is.", [*RUN, "phase"],
        {(*key, phase): float(phases.get(key) == phase) for key in targets for phase in PHASES},
    )  # fmt: skip
    yield gauge(
        "chaos_run_expected", "Alerts that the run under way, or the last one, must (or may) lead to.",
        [*RUN, "anomaly_type", "expectation"],
        {(*key, *expected): 1.0 for key, types in history.expectations.items() for expected in types.items()},
    )  # fmt: skip


def _outcomes(history: RunHistory) -> Metric:
    return gauge(
        "chaos_run_outcome", "How the last run ended.", [*RUN, "outcome"],
        {(*key, outcome): float(run.outcome == outcome) for key, run in history.last_runs.items()
         for outcome in OUTCOMES},
    )  # fmt: skip


def _ended(history: RunHistory, configured: Sequence[tuple[str, str, str]]) -> Iterator[Metric]:
    names = sorted({scenario for scenario, _, _ in configured} | history.ended.keys())
    counters = (
        ("chaos_runs", "Runs that have ended, in whatever way.", history.ended),
        ("chaos_run_failures", "Runs that found a weakness.", history.failures),
        ("chaos_run_errors", "Runs that could not run, or died.", history.errors),
    )
    for name, documentation, counts in counters:
        counter = CounterMetricFamily(name, documentation, labels=["scenario"])
        for scenario in names:
            counter.add_metric([scenario], counts[scenario])
        yield counter
    yield gauge(
        "chaos_last_run_timestamp_seconds", "When the last run finished.", ["scenario"],
        {(scenario,): at for scenario, at in history.last_run_at.items()},
    )  # fmt: skip
    yield gauge(
        "chaos_last_success_timestamp_seconds", "When the last run that found no weakness finished.", ["scenario"],
        {(scenario,): at for scenario, at in history.last_success_at.items()},
    )  # fmt: skip
