"""The gates that a stack has without saying more: one for each objective, and one for the error budget."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from gates.gate import Kind, QualityGate
from prometheus.slo import sli_of
from stack.errors import HqError
from stack.model import Service, Stack
from stack.quantity import format_duration
from stack.suggestion import suggestion

FEWEST_SCRAPES = 4


def gates_of(
    stack: Stack,
    services: Collection[str] | None = None,
    names: Collection[str] | None = None,
    window: float | None = None,
) -> tuple[QualityGate, ...]:
    """The gates of these services and names, of all unless given; raises HqError.

    `window` (seconds) replaces the gates' window; an error budget keeps its objective's.
    """
    _refuse_unknown("service", services, stack.services)
    _refuse_unknown("gate", names, [kind.value for kind in Kind])
    chosen = [
        gate
        for service in stack.services.values()
        if services is None or service.name in services
        for gate in _gates_of_service(service, stack, window or stack.gates.window)
        if names is None or gate.name in names
    ]
    if not chosen:
        raise HqError(f"{stack.file} has no objective for the gates asked for: {', '.join(sorted(names or ()))}")
    for gate in chosen:
        _refuse_short_window(gate, stack)
    return tuple(chosen)


def _gates_of_service(service: Service, stack: Stack, window: float) -> Iterator[QualityGate]:
    sli = sli_of(service)

    def gate(kind: Kind, seconds: float, target: Decimal, under: float | None = None) -> QualityGate:
        return QualityGate(kind, service.name, kind, sli, seconds, target, kind not in stack.gates.observe, under)

    if service.success_rate:
        yield gate(Kind.SUCCESS_RATE, window, service.success_rate.target)
    if service.latency:
        yield gate(Kind.LATENCY, window, service.latency.target, service.latency.under)
    if service.success_rate:
        yield gate(Kind.ERROR_BUDGET, service.success_rate.window, service.success_rate.target)


def _refuse_unknown(what: str, asked: Collection[str] | None, known: Collection[str]) -> None:
    for name in asked or ():
        if name not in known:
            raise HqError(f'there is no {what} "{name}"; {suggestion(name, known, "there is")}')


def _refuse_short_window(gate: QualityGate, stack: Stack) -> None:
    interval = stack.prometheus.scrape_interval
    shortest = FEWEST_SCRAPES * interval
    if gate.window < shortest:
        raise HqError(
            f"the window of {gate.name} for {gate.service}, {format_duration(gate.window)}, is too short to count in: "
            f"{stack.prometheus.url} scrapes every {format_duration(interval)}, so make it at least "
            f"{format_duration(shortest)}"
        )
