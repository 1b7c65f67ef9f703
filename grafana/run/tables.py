"""The last run of each scenario and target, and of the one that is shown: its points, impact, dose and alerts."""

from __future__ import annotations

from grafana.colours import BURN_STEPS, BY_SEVERITY, CALM, NEUTRAL_STEPS, RUN_SCORE_STEPS, UNKNOWN, Step, Word
from grafana.columns import Column
from grafana.panels import Panel, link, table
from grafana.promql import first, labelled, number
from grafana.query import Query
from grafana.run.promql import BLIND, INSTEAD, NONE_RAN, NOT_MEASURED, OUTCOME_WORDS, RUN, TELLS, outcomes, rows
from stack.model import Stack

BEFORE = 60.0  # seconds in front of a run in which one sees what is usual
AFTER = 30.0  # and behind it, and two scrapes more: until the record of its end has been scraped

_RUNS = "scenario, chaos_target"
_VERDICTS = (
    Word("detected", "in time", CALM),
    Word("late", "LATE", BY_SEVERITY["medium"]),
    Word("missed", "MISSED", BY_SEVERITY["high"]),
    Word("not_due", "not due", CALM),
    Word("allowed", "allowed", CALM),
    Word("false_alarm", "FALSE ALARM", BY_SEVERITY["high"]),
    *(Word(word.text, word.text, UNKNOWN) for word in INSTEAD),
)


def last_runs(stack: Stack) -> Panel:
    """The last run of each, with a link that sets the time range around it."""
    after = AFTER + 2 * stack.prometheus.scrape_interval
    return table(
        "Last runs",
        "The last run of each scenario and target before the end of the time range; a scenario opens its run. "
        "Resilient is normal. For others open the run, or read its report in var/reports.",
        [
            Query(_or_none(outcomes())),
            Query(_each("chaos_run_score")),
            Query(_each("1000 * chaos_run_end_timestamp_seconds")),
            Query(_each("chaos_run_duration_seconds")),
            Query(_each("chaos_run_impact_ratio")),
            Query(_each("chaos_run_time_to_detect_seconds")),
            Query(_each("chaos_run_time_to_recover_seconds")),
            Query(first(
                _each(f"floor(1000 * (chaos_run_start_timestamp_seconds - {BEFORE:g}))"),
                _chosen("floor(1000 * (vector(time()) - 3600))"),
            )),
            Query(first(
                _each(f"ceil(1000 * (chaos_run_end_timestamp_seconds + {after:g}))"),
                _chosen("floor(1000 * vector(time()))"),
            )),
        ],
        [
            Column("scenario", "Scenario", links=(_to_the_run(),)),
            Column("chaos_target", "Target"),
            Column("A", "Outcome", words=(*OUTCOME_WORDS, *INSTEAD), steps=NEUTRAL_STEPS, cell="color-background"),
            Column("B", "Score", steps=RUN_SCORE_STEPS, decimals=0, minimum=0, maximum=100, cell="gauge"),
            Column("C", "Ended", unit="dateTimeFromNow"),
            Column("D", "Lasted", unit="s", decimals=0),
            Column("E", "Bad requests", unit="percentunit", decimals=2),
            Column("F", "Detected after", unit="s", decimals=0),
            Column("G", "Recovered after", unit="s", decimals=0),
            Column("H", "From", hidden=True),
            Column("I", "To", hidden=True),
        ],
        sort_by="Ended",
        height=6,
    )  # fmt: skip


def points() -> Panel:
    """The parts of the score."""
    got, possible = f"chaos_run_points{{{RUN}}}", f"chaos_run_points_possible{{{RUN}}}"
    return table(
        "Score by part",
        "The points of each part, and how many there are. All of them is normal. A part of 0 points is not scored: the "
        "fault stood in front of the service, which could not soften it.",
        [
            Query(rows(f"max by (part) ({got})", part="score")),
            Query(f"max by (part) ({possible})"),
            Query(f"max by (part) ({got} / ({possible} > 0))"),
        ],
        [
            Column("part", "Part"),
            Column("A", "Points", decimals=1, words=INSTEAD),
            Column("B", "Of", decimals=0),
            Column(
                "C", "Got", unit="percentunit", decimals=0, minimum=0, maximum=1, cell="gauge",
                steps=(Step(0, BY_SEVERITY["high"]), Step(0.5, BY_SEVERITY["medium"]), Step(0.8, CALM)),
            ),
        ],
        width=12,
        height=6,
    )  # fmt: skip


def impacts() -> Panel:
    """What the faults did to each objective."""
    return table(
        "Impact by objective",
        "Requests that broke each objective, in the minute before the faults and while they were in, and how many "
        "times the error budget the difference is. A burn of up to 1 is normal; of more, the report names the remedy.",
        [
            Query(f"max by (slo) (chaos_run_before_ratio{{{RUN}}})"),
            Query(rows(f"max by (slo) (chaos_run_impact_ratio{{{RUN}}})", slo="objectives")),
            Query(f"max by (slo) (chaos_run_burn_rate_ratio{{{RUN}}})"),
        ],
        [
            Column("slo", "Objective"),
            Column("A", "Before", unit="percentunit", decimals=2),
            Column("B", "During", unit="percentunit", decimals=2, words=INSTEAD),
            Column(
                "C", "Burn", decimals=1, cell="color-text",
                steps=BURN_STEPS,
            ),
        ],
        width=12,
        height=6,
    )  # fmt: skip


def doses() -> Panel:
    """What was asked of each fault, and what it did."""
    unknown = f"0 * chaos_run_dose_asked_ratio{{{RUN}}} + {NOT_MEASURED:g}"
    arrived = f"chaos_run_dose_verified{{{RUN}}} or {unknown}"
    return table(
        "Dose by fault",
        "For each fault the share of requests that it should have hit and did hit, by Envoy's counters, and whether "
        "chance explains the difference. Arrived is normal; else the run proves nothing: see that enough of the "
        "traffic goes through Envoy.",
        [
            Query(rows(f"max by (fault) ({arrived})", fault="faults")),
            Query(f"max by (fault) (chaos_run_dose_asked_ratio{{{RUN}}})"),
            Query(f"max by (fault) (chaos_run_dose_measured_ratio{{{RUN}}})"),
        ],
        [
            Column("fault", "Fault"),
            Column("B", "Asked", unit="percentunit", decimals=1),
            Column("C", "Measured", unit="percentunit", decimals=1),
            Column(
                "A", "Did it arrive?", cell="color-text", steps=NEUTRAL_STEPS,
                words=(Word(1, "arrived", CALM), Word(0, "NOT AS ASKED", BY_SEVERITY["medium"]), *INSTEAD),
            ),
        ],
        width=12,
        height=6,
    )  # fmt: skip


def alerts() -> Panel:
    """What became of each alert."""
    times = [f"chaos_run_alert_{name}_seconds{{{RUN}}}" for name in ("due", "fired", "notified")]
    return table(
        "Alerts",
        "The alerts that the scenario expects, and others that fired; times from the first fault. In time and not due "
        "are normal. Missed or late: lower its threshold or hold; a false alarm: see its runbook.",
        [
            Query(rows(
                f"max by (anomaly_type, verdict) (chaos_run_alert_verdict{{{RUN}}})", "verdict", anomaly_type="alerts"
            )),
            *(Query(f"max by (anomaly_type) ({time})") for time in times),
        ],
        [
            Column("anomaly_type", "Alert"),
            Column("verdict", "What became of it", words=_VERDICTS, cell="color-text", steps=NEUTRAL_STEPS),
            Column("B", "Due after", unit="s", decimals=0),
            Column("C", "Fired after", unit="s", decimals=0),
            Column("D", "Notified after", unit="s", decimals=0),
        ],
        width=12,
        height=6,
    )  # fmt: skip


def _each(expr: str) -> str:
    return f"max by ({_RUNS}) ({expr})"


def _or_none(expr: str) -> str:
    """The runs, or one row of what was chosen that says why there are none."""
    return first(expr, _chosen(f"0 * {TELLS} + {NONE_RAN:g}"), _chosen(number(BLIND)))


def _chosen(expr: str) -> str:
    return labelled(expr, scenario="$scenario", chaos_target="$chaos_target")


def _to_the_run() -> dict[str, str]:
    return link(
        "This run",
        '/d/dev-hq-chaos-run?var-scenario=${__data.fields["Scenario"]}&var-chaos_target=${__data.fields["Target"]}'
        '&from=${__data.fields["From"].numeric}&to=${__data.fields["To"].numeric}',
    )
