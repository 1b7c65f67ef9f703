"""The first line: the run in a word or number each. None ran, not measured, blind and bad look different."""

from __future__ import annotations

from grafana.colours import BURN_STEPS, BY_SEVERITY, CALM, NEUTRAL_STEPS, RUN_SCORE_STEPS, UNKNOWN, Step, Word
from grafana.panels import Panel, stat
from grafana.query import Query
from grafana.run.promql import (
    INSTEAD,
    NOT_MEASURED,
    OUTCOME_WORDS,
    PHASE_WORDS,
    RUN,
    outcomes,
    phases,
    told,
)

NOTHING_DUE, MISSED, NOT_RECOVERED = -4.0, -5.0, -6.0


def summary() -> list[Panel]:
    """Eight stats, 24 columns wide together."""
    return [_phase(), _outcome(), _score(), _impact(), _burn(), _detected(), _recovered(), _dose()]


def _phase() -> Panel:
    return stat(
        "Phase",
        "Where a run of this scenario on this target is at the end of the time range. No run is normal; while one goes "
        "on, everything beside it is still of the run before. Stop it with dev-hq chaos stop.",
        [Query(told(phases(RUN)))],
        unit="none",
        steps=NEUTRAL_STEPS,
        words=[*PHASE_WORDS, *INSTEAD],
    )


def _outcome() -> Panel:
    return stat(
        "Outcome",
        "How the last run before the end of the time range ended. Resilient is normal. Weakness: the parts of the "
        "score say where, the report in var/reports what to change. Could not run, stopped or died: nothing is known "
        "of the service, and the report says why.",
        [Query(told(outcomes(RUN)))],
        unit="none",
        steps=NEUTRAL_STEPS,
        words=[*OUTCOME_WORDS, *INSTEAD],
    )  # fmt: skip


def _score() -> Panel:
    return stat(
        "Score",
        "The resilience score, 0 to 100, of impact, detection and recovery. From 80 on is normal; below, the part that "
        "lost most points comes first. Not scored: the run did not come that far, or measured too little.",
        [Query(told(f"max(chaos_run_score{{{RUN}}})"))],
        unit="none",
        steps=RUN_SCORE_STEPS,
        words=[Word(NOT_MEASURED, "not scored", UNKNOWN), *INSTEAD[1:]],
        decimals=0,
    )


def _impact() -> Panel:
    return stat(
        "Impact",
        "The share of requests that broke an objective while the faults were in, of the objective that had most. What "
        "it may be is in the objective; beside it is how fast that spent the budget.",
        [Query(told(f"max(chaos_run_impact_ratio{{{RUN}}})"))],
        unit="percentunit",
        steps=NEUTRAL_STEPS,
        words=INSTEAD,
        decimals=2,
    )


def _burn() -> Panel:
    return stat(
        "Burn",
        "How many times an objective's error budget the faults added, at worst. Up to 1 is normal and costs no points; "
        "above, retries, time limits or fallbacks of the service did not hold: the report names them.",
        [Query(told(f"max(chaos_run_burn_rate_ratio{{{RUN}}})"))],
        unit="none",
        steps=BURN_STEPS,
        words=INSTEAD,
        decimals=1,
    )


def _detected() -> Panel:
    verdicts = f"chaos_run_alert_verdict{{{RUN}}}"
    return stat(
        "Detected",
        "From the first fault to the first expected alert. Nothing due is normal too: users noticed nothing. Missed: "
        "an alert that was due never fired, so nobody would have been told; see Alerts below.",
        [Query(told(
            f'0 * max(chaos_run_alert_verdict{{{RUN}, verdict="missed"}}) + {MISSED:g}',
            f"max(chaos_run_time_to_detect_seconds{{{RUN}}})",
            f"0 * max({verdicts}) + {NOTHING_DUE:g}",
        ))],
        unit="s",
        steps=NEUTRAL_STEPS,
        words=[Word(MISSED, "MISSED", BY_SEVERITY["high"]), Word(NOTHING_DUE, "nothing due", CALM), *INSTEAD],
        decimals=0,
    )  # fmt: skip


def _recovered() -> Panel:
    return stat(
        "Recovered",
        "From the withdrawal of the faults to the end of the last scrape that was still bad. One scrape or less is "
        "normal. Longer: something holds on to the fault, such as an open circuit or a full queue.",
        [Query(told(
            f"max(chaos_run_time_to_recover_seconds{{{RUN}}})",
            f"0 * max(chaos_run_score{{{RUN}}}) + {NOT_RECOVERED:g}",
        ))],
        unit="s",
        steps=[Step(0, CALM), Step(30, BY_SEVERITY["medium"]), Step(120, BY_SEVERITY["high"])],
        words=[Word(NOT_RECOVERED, "NEVER", BY_SEVERITY["critical"]), *INSTEAD],
        decimals=0,
    )  # fmt: skip


def _dose() -> Panel:
    return stat(
        "Dose",
        "Whether the faults did what was asked of them, by Envoy's own counters. Arrived is normal. Wrong: the run "
        "could not run; see Dose by fault, and whether the traffic goes through Envoy at all.",
        [Query(told(f"min(chaos_run_dose_verified{{{RUN}}})"))],
        unit="none",
        steps=NEUTRAL_STEPS,
        words=[Word(1, "ARRIVED", CALM), Word(0, "WRONG", BY_SEVERITY["medium"]), *INSTEAD],
    )
