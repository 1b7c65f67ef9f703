"""The gates that a stack has without saying more: one for each objective, and one for the error budget."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checklist import Checklist
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.success_rate import SuccessRate
from gates.gate import Condition, Place, QualityGate
from prometheus.indicators import sli_of
from stack.model import Service, Stack


def checklist_of(stack: Stack) -> Checklist:
    """The gates of all services of a stack; raises HqError for an indicator that cannot be counted."""
    gates = tuple(gate for service in stack.services.values() for gate in _gates_of_service(service, stack))
    return Checklist(stack.file, gates, stack.prometheus, stack.journal, on_fail=stack.gates.on_fail)


def _gates_of_service(service: Service, stack: Stack) -> Iterator[QualityGate]:
    sli, window = sli_of(service), stack.gates.window

    def gate(condition: Condition, seconds: float, line: int) -> QualityGate:
        required = condition.kind not in stack.gates.observe
        place = Place(str(stack.file), line)
        return QualityGate(condition.kind.value, service.name, condition, seconds, required, place=place)

    if rate := service.success_rate:
        yield gate(SuccessRate(sli, rate.target), window, rate.line)
    if latency := service.latency:
        yield gate(Latency(sli, latency.under, latency.target), window, latency.line)
    if rate:
        yield gate(ErrorBudget(sli, rate.target), rate.window, rate.line)
