"""What broke first, and whether it was us: the anomalies and the faults on the same time axis."""

from __future__ import annotations

from grafana.chaos_targets import of_services
from grafana.chosen import ANOMALIES
from grafana.colours import CALM, FAULT, SCORE_STEPS, Word
from grafana.panels import Panel, link, state_timeline
from grafana.promql import EXPORTER, OF_ANOMALY, highest
from grafana.query import Query
from stack.model import Stack

ROWS = 12


def anomalies_over_time() -> Panel:
    """The scores, coloured by the severity that they reach."""
    score = f"anomaly:score{{{ANOMALIES}}}"
    nearest = highest(ROWS, f"max by ({OF_ANOMALY}) ({score})", score, OF_ANOMALY)
    return state_timeline(
        "Anomalies over time",
        f"The scores of the {ROWS} anomalies that came nearest to their thresholds, or furthest beyond: what broke "
        "first is the likelier cause. Green, below 1, is normal; a gap means that nothing was known.",
        [Query(nearest, "{{anomaly_type}} {{service}} {{pool}}")],
        unit="none",
        steps=SCORE_STEPS,
        decimals=1,
        links=[
            link("The service", "/d/dev-hq-service?var-service=${__field.labels.service}&${__url_time_range}"),
        ],
    )  # fmt: skip


def faults_over_time(stack: Stack) -> Panel:
    """When each fault was in."""
    known = "max by (scenario, fault, chaos_target) (chaos_fault_active)"
    ever = "max by (scenario, fault, chaos_target) (max_over_time(chaos_fault_active[$__range] @ end())) == 1"
    faults = of_services(stack, f"({known} and on (scenario, fault, chaos_target) ({ever}))")
    none = f"0 * {EXPORTER} unless on () {of_services(stack, f'({ever})')}"
    return state_timeline(
        "Faults injected",
        "When faults of ours were in the chosen services or their pools. None is normal outside a run; an anomaly that "
        "begins with a fault and ends after it is explained. No data: the exporter, which knows, is not scraped.",
        [Query(faults, "{{fault}} in {{chaos_target}}"), Query(none, "faults of ours")],
        unit="none",
        steps=(),
        words=[Word(0, "none", CALM), Word(1, "injected", FAULT)],
        links=[
            link(
                "The run",
                "/d/dev-hq-chaos-run?var-scenario=${__field.labels.scenario}"
                "&var-chaos_target=${__field.labels.chaos_target}&${__url_time_range}",
            ),
        ],
    )
