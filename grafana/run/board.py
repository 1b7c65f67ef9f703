"""The chaos run: what a run did, measured and scored, and when."""

from __future__ import annotations

from grafanalib.core import Template

from grafana.annotations import faults
from grafana.dashboard import Board
from grafana.layout import Section
from grafana.query import DATA_SOURCE
from grafana.run.promql import SCENARIO, TARGET
from grafana.run.summary import summary
from grafana.run.tables import alerts, doses, impacts, last_runs, points
from grafana.run.timelines import detection, gates, members, notifications, signals, what_was_done
from grafana.variables import ON_TIME_RANGE_CHANGE, Variable, data_source
from stack.model import Stack

UID = "dev-hq-chaos-run"


def run(stack: Stack) -> Board:
    """The chaos run."""
    return Board(
        UID,
        "Chaos run",
        "One run of a scenario: the last one at the end of the time range. A scenario in the table of last runs sets "
        "the time range around its run. Grey is not known, or none; a score of 0 is red.",
        [
            Section("", [*summary(), last_runs(stack)]),
            Section("What it comes from", [points(), impacts(), doses(), alerts()]),
            Section("What happened when", [
                what_was_done(), *signals(stack), detection(stack), members(), notifications(), gates(stack),
            ]),
        ],
        [
            data_source(),
            _newest_first("scenario", "Scenario", ""),
            _newest_first("chaos_target", "Target", f"{{{SCENARIO}}}"),
        ],
        [faults(TARGET)],
    )  # fmt: skip


def _newest_first(label: str, title: str, of: str) -> Variable:
    """The values of a label of runs, the one that ran last first, then those that never ran."""
    known = f"chaos_run_end_timestamp_seconds{of} or chaos_run_active{of}"
    return Template(
        name=label,
        label=title,
        type="query",
        query=f"query_result(sort_desc(max by ({label}) ({known})))",
        regex=f'/{label}="([^"]+)"/',
        dataSource=DATA_SOURCE,
        refresh=ON_TIME_RANGE_CHANGE,
        sort=0,
    )
