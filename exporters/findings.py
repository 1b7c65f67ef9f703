"""What the last runs found, as metrics: dose, impact, alerts and the parts of the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from prometheus_client.core import Metric

from exporters.evidence import Alert, Dose, Impact, Points
from exporters.gauge import gauge
from exporters.run_history import RUN, RunHistory

Value = TypeVar("Value")
Family = tuple[str, str, Callable[[Value], float | None]]

_DOSES: tuple[Family[Dose], ...] = (
    (
        "chaos_run_dose_asked_ratio",
        "Share of the requests that the fault should have hit, last run.",
        lambda dose: dose.asked,
    ),
    ("chaos_run_dose_measured_ratio", "Share of them that it did hit, last run.", lambda dose: dose.measured),
    (
        "chaos_run_dose_verified",
        "Whether the dose was what was asked for, last run.",
        lambda dose: None if dose.verified is None else float(dose.verified),
    ),
)
_IMPACTS: tuple[Family[Impact], ...] = (
    ("chaos_run_impact_ratio", "Bad share of the requests during the faults, last run.", lambda found: found.during),
    ("chaos_run_before_ratio", "Bad share of the requests before the faults, last run.", lambda found: found.before),
    (
        "chaos_run_burn_rate_ratio",
        "How many times the error budget the faults added, last run.",
        lambda found: found.burn_rate,
    ),
)
_ALERTS: tuple[Family[Alert], ...] = (
    ("chaos_run_alert_due_seconds", "From the first fault until the alert was due, last run.", lambda seen: seen.due),
    ("chaos_run_alert_fired_seconds", "From the first fault until the alert fired, last run.", lambda seen: seen.fired),
    (
        "chaos_run_alert_notified_seconds",
        "From the first fault until somebody was told, last run.",
        lambda seen: seen.notified,
    ),
)
_POINTS: tuple[Family[Points], ...] = (
    ("chaos_run_points", "Points for a part of the score, last run.", lambda part: part.points),
    ("chaos_run_points_possible", "Points that there are for the part, last run.", lambda part: part.possible),
)


def finding_families(history: RunHistory) -> Iterator[Metric]:
    """Every family of what was found; none of them has a series of a run that did not tell."""
    runs = history.last_runs.items()
    doses = {(scenario, *name): dose for (scenario, _), run in runs for name, dose in run.evidence.doses.items()}
    impacts = {(*key, slo): impact for key, run in runs for slo, impact in run.evidence.impacts.items()}
    alerts = {(*key, name): alert for key, run in runs for name, alert in run.evidence.alerts.items()}
    points = {(*key, part): found for key, run in runs for part, found in run.evidence.points.items()}
    yield from _families(_DOSES, ["scenario", "fault", "chaos_target"], doses)
    yield from _families(_IMPACTS, [*RUN, "slo"], impacts)
    yield from _families(_ALERTS, [*RUN, "anomaly_type"], alerts)
    yield from _families(_POINTS, [*RUN, "part"], points)
    yield gauge(
        "chaos_run_alert_verdict", "What became of an alert, last run.", [*RUN, "anomaly_type", "verdict"],
        {(*key, alert.verdict): 1.0 for key, alert in alerts.items()},
    )  # fmt: skip


def _families(
    families: tuple[Family[Value], ...], labels: Sequence[str], found: Mapping[tuple[str, str, str], Value]
) -> Iterator[Metric]:
    for name, documentation, value in families:
        yield gauge(name, documentation, labels, {key: value(one) for key, one in found.items()})
