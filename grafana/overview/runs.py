"""What was tried on purpose, and how well it was survived."""

from __future__ import annotations

from grafana.chaos_targets import of_services
from grafana.colours import RUN_SCORE_STEPS
from grafana.columns import Column
from grafana.panels import Panel, link, table, timeseries
from grafana.promql import EXPORTER, first, highest, labelled, number
from grafana.query import Query
from stack.model import Stack

LINES = 12
OF_RUN = "scenario, chaos_target"
TO_RUN = (
    "/d/dev-hq-chaos-run?var-scenario=${__data.fields.scenario}&var-chaos_target=${__data.fields.chaos_target}"
    "&${__url_time_range}"
)


def runs(stack: Stack) -> list[Panel]:
    """The last run of each scenario on each target, and how the scores went."""
    return [_last_runs(stack), _scores(stack)]


def _last_runs(stack: Stack) -> Panel:
    none = labelled(f"0 * {EXPORTER}", scenario="none ran: try dev-hq chaos run proxy-failure-wave")
    blind = labelled(number(-1), scenario="BLIND: the exporter, which knows, is not scraped")
    ran = _of_run(stack, "chaos_run_duration_seconds")
    when = "max by (scenario) (1000 * chaos_last_run_timestamp_seconds)"
    ended = _of_run(stack, f"(0 * chaos_run_duration_seconds + on (scenario) group_left () {when})")
    return table(
        "Last runs",
        "The last run of each scenario on each service or pool: its score, and how long it took until somebody was "
        "told and until all was well again. From 80 on is normal; else open the run for what to change.",
        [
            Query(first(ran, none, blind)),
            Query(_of_run(stack, "chaos_run_score")),
            Query(_of_run(stack, "chaos_run_time_to_detect_seconds")),
            Query(_of_run(stack, "chaos_run_time_to_recover_seconds")),
            Query(ended),
        ],
        [
            Column("scenario", "Scenario", links=(link("The run", TO_RUN),)),
            Column("chaos_target", "Target", links=(link("The run", TO_RUN),)),
            Column("B", "Score", unit="none", decimals=0, steps=RUN_SCORE_STEPS, cell="color-background", width=80),
            Column("C", "Detected in", unit="s", width=110),
            Column("D", "Recovered in", unit="s", width=120),
            Column("A", "Took", unit="s", width=90),
            Column("E", "Scenario ended", unit="dateTimeFromNow", width=140),
        ],
        sort_by="Scenario ended",
        width=14,
        height=8,
    )


def _of_run(stack: Stack, expr: str) -> str:
    return f"max by ({OF_RUN}) ({of_services(stack, expr)})"


def _scores(stack: Stack) -> Panel:
    scores = _of_run(stack, "chaos_run_score")
    return timeseries(
        "Scores over time",
        "The resilience score of each scenario on each target, which changes with each run. From 80 on is normal; a "
        f"fall says that the last change made something less resilient. At most {LINES} lines, the highest; no data: "
        "no run was scored.",
        [Query(highest(LINES, scores, "chaos_run_score", OF_RUN), "{{scenario}} on {{chaos_target}}")],
        unit="none",
        steps=RUN_SCORE_STEPS,
        minimum=0,
        maximum=100,
        calcs=("lastNotNull", "min"),
        width=10,
    )
