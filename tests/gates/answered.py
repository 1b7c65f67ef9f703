"""The success rate of a shop, judged by whatever answers Prometheus gives."""

from __future__ import annotations

from pathlib import Path

from gates.automated import AutomatedQualityGate
from gates.gate import GateReport, Verdict
from gates.objectives import checklist_of
from stack.loader import load_stack
from tests.gates.fake_prometheus import Answer, answering

STACK = """
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: 99.5%}}}}
prometheus: {{url: "{url}"}}
gates: {{observe: [error_budget]}}
"""


def check(directory: Path, answer: Answer, **asks_time: Answer) -> GateReport:
    """What the gates say when Prometheus gives these answers."""
    with answering(answer, **asks_time) as url:
        path = directory / "stack.yaml"
        path.write_text(STACK.format(url=url))
        checklist = checklist_of(load_stack(path)).only(names=["success_rate"])
        return AutomatedQualityGate(checklist).check_all_gates(record=False)


def reason_of_error(report: GateReport) -> str:
    """Why the one gate of a report could not be measured."""
    (result,) = report.results
    assert (result.verdict, report.exit_code) == (Verdict.ERROR, 4)
    assert result.advice
    return result.reason
