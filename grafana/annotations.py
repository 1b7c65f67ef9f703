"""What is marked on the panels: faults of ours, and, for those who switch them on, alerts and failed gates."""

from __future__ import annotations

from typing import Any

from grafana.colours import BY_SEVERITY, FAULT
from grafana.promql import firing_at_worst
from grafana.query import DATA_SOURCE

Annotation = dict[str, Any]

STEP = "5s"
"""How finely Grafana looks; its own 60s would miss most faults."""


def annotation(
    name: str, expr: str, *, colour: str, title: str, text: str, tags: str = "", enabled: bool = False
) -> Annotation:
    """A region wherever `expr` has a value above 0; `title` and `text` may name its labels in double braces.

    What is asked stands there twice: in `target`, where Grafana's data source of today has it, and in `expr` and
    `step`, where older ones look, and today's, which moves them.
    """
    return {
        "name": name,
        "datasource": DATA_SOURCE,
        "enable": enabled,
        "hide": False,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expr, "interval": STEP, "instant": False, "range": True},
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": tags,
        "useValueForTime": False,
    }


def faults(targets: str) -> Annotation:
    """The faults that are injected into what the matcher of chaos_target, `targets`, selects."""
    return faults_where(f"chaos_fault_active{{{targets}}} == 1")


def faults_where(expr: str) -> Annotation:
    """The faults that `expr` has a value for; it keeps the labels of chaos_fault_active."""
    return annotation(
        "Faults injected",
        expr,
        colour=FAULT,
        title="{{fault}} in {{chaos_target}}",
        text="scenario {{scenario}}",
        tags="scenario",
        enabled=True,
    )


def alerts(matchers: str) -> Annotation:
    """The anomalies that fire among those that `matchers` select, each once, at its highest severity."""
    return annotation(
        "Anomalies",
        firing_at_worst(matchers),
        colour=BY_SEVERITY["high"],
        title="{{anomaly_type}} of {{service}}",
        text="severity {{severity}}",
        tags="severity",
    )


def failed_gates(matchers: str) -> Annotation:
    """The gates that say fail, of those that `matchers` select."""
    return annotation(
        "Gates failed",
        f"(quality_gate_verdict{{{matchers}}} == 0) + 1",  # where the value is 0, Grafana draws nothing
        colour=BY_SEVERITY["medium"],
        title="{{gate}} fails",
        text="service {{service}}",
        tags="gate",
    )
