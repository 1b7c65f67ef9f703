"""The first line: how things stand, in one word or number each. Each knows calm, blind and broken."""

from __future__ import annotations

from grafana.chaos_targets import of_services
from grafana.chosen import ANOMALIES, FIRING, SEEN, deciding_gates
from grafana.colours import (
    BUDGET_STEPS,
    BY_SEVERITY,
    CALM,
    NEUTRAL,
    RUN_SCORE_STEPS,
    UNKNOWN,
    VERDICT_WORDS,
    Step,
    Word,
)
from grafana.panels import Panel, link, stat
from grafana.promql import BLIND, EXPORTER, OF_ANOMALY, SERVICES, WATCHDOG, first, guarded, number
from grafana.query import Query
from grafana.stats import FAULT_STEPS, FAULT_WORDS, IS_BLIND, worst_score
from stack.model import Stack

OLD_CHECK = 86400

NO_OBJECTIVE, NO_BUDGET, BLIND_TO_BUDGETS = 2.0, 3.0, 4.0  # a budget is never more than 1
NONE_RAN, BLIND_TO_GATES, TOO_OLD = -3.0, -4.0, -5.0  # beyond the verdicts
NO_SCORE, NO_RUN, BLIND_TO_RUNS = -1.0, -2.0, -3.0


def status(stack: Stack) -> list[Panel]:
    """Seven stats, 24 columns wide together."""
    return [_firing(), _worst(), _oldest(), _faults(stack), _budget(), _gates(stack), _resilience(stack)]


def _firing() -> Panel:
    return stat(
        "Firing",
        "Anomalies that fire now, each counted once however severe. None is normal; else start with the worst below. "
        "BLIND: no rules are evaluated, or nothing is recorded of these services; see Detector health.",
        [Query(guarded(f"count({FIRING})", seen=SEEN))],
        unit="none",
        steps=[Step(0, CALM), Step(1, BY_SEVERITY["medium"]), Step(3, BY_SEVERITY["high"])],
        words=[IS_BLIND, Word(0, "None", CALM)],
    )


def _worst() -> Panel:
    return worst_score(
        "The highest score of the chosen services, in thresholds: 1 is at the threshold, critical from 3. Below 1 is "
        "normal; from 1 on, the table says what to do as soon as it has held long enough to fire.",
        ANOMALIES,
    )


def _oldest() -> Panel:
    since = f'min by ({OF_ANOMALY}) (ALERTS_FOR_STATE{{anomaly_type!="", {ANOMALIES}}})'
    age = f"clamp_min(max(time() - ({since} and on ({OF_ANOMALY}) {FIRING})), 1)"
    return stat(
        "Oldest",
        "How long the oldest anomaly that fires has lasted. None is normal; what lasts for hours needs an owner, or "
        "its threshold needs a second look.",
        [Query(guarded(age, seen=SEEN))],
        unit="s",
        steps=[Step(0, CALM), Step(1, NEUTRAL), Step(3600, BY_SEVERITY["medium"])],
        words=[IS_BLIND, Word(0, "None", CALM)],
        decimals=0,
    )


def _faults(stack: Stack) -> Panel:
    active = of_services(stack, "max by (fault, chaos_target) (chaos_fault_active) == 1")
    return stat(
        "Fault now",
        "Faults that we inject now into the chosen services or their pools; up to four are named. None is normal "
        "outside a run; stop a run with dev-hq chaos stop. BLIND: the exporter, which knows, is not scraped.",
        [
            Query(f"topk(4, {active})", "{{fault}} in {{chaos_target}}"),
            Query(f"({first(f'0 * {EXPORTER}', number(BLIND))}) unless on () {active}", "faults of ours"),
        ],
        unit="none",
        steps=FAULT_STEPS,
        words=FAULT_WORDS,
        named=True,
        width=6,
    )


def _budget() -> Panel:
    left = first(
        f"min(slo:error_budget_remaining:ratio{{{SERVICES}}})",
        f"0 * min(slo:error_budget:ratio{{{SERVICES}}}) + {NO_BUDGET:g}",
        f"0 * {WATCHDOG} + {NO_OBJECTIVE:g}",
        number(BLIND_TO_BUDGETS),
    )
    return stat(
        "Budget",
        "What is left of the error budget that is worst off, of the requests counted so far. Above 50% is normal; "
        "when it is spent, release nothing but repairs until it is back.",
        [Query(left)],
        unit="percentunit",
        steps=BUDGET_STEPS,
        words=[
            Word(NO_OBJECTIVE, "no objective", UNKNOWN),
            Word(NO_BUDGET, "no data yet", UNKNOWN),
            Word(BLIND_TO_BUDGETS, "BLIND", UNKNOWN),
        ],
        decimals=0,
    )


def _gates(stack: Stack) -> Panel:
    which = deciding_gates(stack)
    age = f"time() - quality_gate_last_check_timestamp_seconds{{{which}}}"
    fresh = f"(quality_gate_verdict{{{which}}} and on (gate, service) ({age} < {OLD_CHECK}))"
    verdict = first(
        f"min({fresh} == 0)",
        f"min({fresh})",
        f"0 * max(quality_gate_verdict{{{which}}}) - {-TOO_OLD:g}",
        f"0 * {EXPORTER} - {-NONE_RAN:g}",
        number(BLIND_TO_GATES),
    )
    return stat(
        "Gates",
        "May this be released? The worst verdict of the last day: FAIL, then ERROR, UNDECIDED, WARN, PASS. PASS is "
        "normal; for others see what the gates measured. Gates that stack.yaml lets only observe do not count.",
        [Query(verdict)],
        unit="none",
        steps=[Step(1, CALM)],
        words=[
            *VERDICT_WORDS,
            Word(TOO_OLD, "over a day old", UNKNOWN),
            Word(BLIND_TO_GATES, "BLIND", UNKNOWN),
        ],
    )


def _resilience(stack: Stack) -> Panel:
    ran = of_services(stack, "chaos_run_duration_seconds")
    newest = f"topk(1, chaos_last_run_timestamp_seconds and on (scenario) {ran})"
    score = first(
        f"min({of_services(stack, 'chaos_run_score')} and on (scenario) {newest})",
        f"0 * max({ran}) - {-NO_SCORE:g}",
        f"0 * {EXPORTER} - {-NO_RUN:g}",
        number(BLIND_TO_RUNS),
    )
    return stat(
        "Resilience",
        "The score of the newest chaos run on the chosen services or their pools, 0 to 100. From 80 on is normal; "
        "below, the run's report says what to change. No score: it could not run, or measured too little.",
        [Query(score)],
        unit="none",
        steps=RUN_SCORE_STEPS,
        words=[
            Word(NO_SCORE, "no score", UNKNOWN),
            Word(NO_RUN, "none ran", UNKNOWN),
            Word(BLIND_TO_RUNS, "BLIND", UNKNOWN),
        ],
        decimals=0,
        links=[link("Chaos run", "/d/dev-hq-chaos-run?${__url_time_range}")],
    )
