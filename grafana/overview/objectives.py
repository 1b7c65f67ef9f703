"""How fast the error budgets burn, what is left of them, and what the gates say."""

from __future__ import annotations

from grafana.chosen import GATES
from grafana.colours import BY_SEVERITY, CALM, UNKNOWN, VERDICT_WORDS, Step, Word
from grafana.columns import Column
from grafana.panels import Panel, link, state_timeline, table, timeseries
from grafana.promql import EXPORTER, SERVICES, first, highest, labelled, number
from grafana.query import Query
from prometheus.catalogue import SEVERITIES
from prometheus.objectives.burn_rate import burn_rate, burning_alerts
from prometheus.objectives.objective import objectives
from stack.model import Stack
from stack.quantity import format_duration

LINES = 8
ROWS = 15
FIVE_MINUTES = 300.0
OF_OBJECTIVE = "service, slo"


def objectives_and_gates(stack: Stack) -> list[Panel]:
    """Three panels about budgets and two about gates."""
    return [_burn_rates(stack), _budgets(), _burning(), _verdicts(), _gates()]


def _burn_rates(stack: Stack) -> Panel:
    windows = sorted({FIVE_MINUTES, *(alert.within for alert in burning_alerts(stack))})[:3]
    queries = []
    for window in windows:
        rate = f"{burn_rate(window)}{{{SERVICES}}}"
        queries.append(
            Query(highest(LINES, rate, rate, OF_OBJECTIVE), f"{{{{service}}}} {{{{slo}}}} {format_duration(window)}")
        )
    return timeseries(
        "Burn rates",
        "How fast the error budgets are spent: at 1 they last exactly for their window. The dashed lines are the "
        f"alert ladder, each for its own window. Below 1 is normal; above a line, repair before anything else. At most "
        f"{LINES} objectives, the fastest.",
        queries,
        unit="none",
        steps=_ladder(stack),
        minimum=0,
    )


def _ladder(stack: Stack) -> list[Step]:
    """The least burn rate that alerts at each severity: with windows of different lengths there are several."""
    least: dict[str, float] = {}
    for alert in burning_alerts(stack):
        factor = float(min(alert.factor(one.window) for one in objectives(stack)))
        least[alert.severity] = min(factor, least.get(alert.severity, factor))
    rising = {
        factor: severity for severity, factor in sorted(least.items(), key=lambda one: [*SEVERITIES].index(one[0]))
    }
    return [Step(factor, BY_SEVERITY[severity]) for factor, severity in sorted(rising.items())]


def _budgets() -> Panel:
    left = f"slo:error_budget_remaining:ratio{{{SERVICES}}}"
    return timeseries(
        "Error budgets",
        "What is left of the error budgets, of the requests counted so far; below 0 they are overspent. Above 50% is "
        f"normal; a steep fall is an incident, a slow one a debt. At most {LINES} objectives, the worst off.",
        [Query(highest(LINES, left, f"(-{left})", OF_OBJECTIVE), "{{service}} {{slo}}")],
        unit="percentunit",
        maximum=1,
        calcs=("lastNotNull", "min"),
    )


def _burning() -> Panel:
    fires = "max by (service, slo) (" + " or ".join(
        f'{place} * ALERTS{{alertname="ErrorBudgetBurn", alertstate="firing", severity="{severity}", {SERVICES}}}'
        for place, severity in enumerate(SEVERITIES, 1)
    ) + ")"  # fmt: skip
    known = f"max by (service, slo) (slo:burn_rate:ratio_rate5m{{{SERVICES}}})"
    state = f"({fires} or on ({OF_OBJECTIVE}) 0 * {known})"
    words = [Word(0, "slow enough", CALM)]
    words += [Word(place, severity, BY_SEVERITY[severity]) for place, severity in enumerate(SEVERITIES, 1)]
    return state_timeline(
        "Budgets that burn too fast",
        "When the alerts on error budgets fired, at their highest severity. Green is normal; else undo the last change "
        f"and release nothing but the repair. A gap: no requests. At most {ROWS} objectives, the fastest.",
        [Query(highest(ROWS, state, f"slo:burn_rate:ratio_rate5m{{{SERVICES}}}", OF_OBJECTIVE), "{{service}} {{slo}}")],
        unit="none",
        steps=(),
        words=words,
        width=8,
        height=8,
    )


def _verdicts() -> Panel:
    verdict = f"max by (gate, service) (quality_gate_verdict{{{GATES}}})"
    checked = f"quality_gate_last_check_timestamp_seconds{{{GATES}}}"
    none = f"(0 * {EXPORTER} - 3) unless on () quality_gate_verdict{{{GATES}}}"
    return state_timeline(
        "Gate verdicts",
        "What each gate said at its last check. PASS is normal; FAIL blocks the release, UNDECIDED needs more requests "
        f"and ERROR the data source. At most {ROWS} gates, the last checked. No data: the exporter is not scraped.",
        [Query(highest(ROWS, verdict, checked, "gate, service"), "{{gate}} {{service}}"), Query(none, "no gate")],
        unit="none",
        steps=(),
        words=VERDICT_WORDS,
        width=10,
    )


def _gates() -> Panel:
    none = labelled(f"0 * {EXPORTER}", gate="none was checked: run dev-hq quality check")
    blind = labelled(number(-1), gate="BLIND: the exporter, which knows, is not scraped")
    words = [Word(one.of, one.text, one.colour) for one in VERDICT_WORDS]
    gates = f"max by (gate, service) (quality_gate_verdict{{{GATES}}})"
    return table(
        "What the gates measured",
        "What each gate measured at its last check, against what, in the gate's own unit: a ratio, or a multiple of "
        "the rate that just spends the budget. PASS is normal; for FAIL see the burn rates beside it, then what fires.",
        [
            Query(first(gates, none, blind)),
            Query(f"max by (gate, service) (quality_gate_actual{{{GATES}}})"),
            Query(f"max by (gate, service) (quality_gate_threshold{{{GATES}}})"),
            Query(f"1000 * max by (gate, service) (quality_gate_last_check_timestamp_seconds{{{GATES}}})"),
        ],
        [
            Column("gate", "Gate"),
            Column(
                "service", "Service", width=120,
                links=(link("The service", "/d/dev-hq-service?var-service=${__data.fields.service}"),),
            ),
            Column("A", "Verdict", words=(*words, Word(None, "unknown", UNKNOWN)), cell="color-background", width=110),
            Column("B", "Measured", unit="none", decimals=4, width=95),
            Column("C", "Limit", unit="none", decimals=4, width=95),
            Column("D", "Checked", unit="dateTimeFromNow", width=130),
        ],
        sort_by="Checked",
        width=14,
    )  # fmt: skip
