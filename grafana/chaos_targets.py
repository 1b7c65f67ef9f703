"""What a fault or a run is aimed at, and the services that suffer: a service itself, or the one that uses the pool."""

from __future__ import annotations

from grafana.promql import labelled
from stack.model import Stack

CHOSEN = "chosen"


def of_services(stack: Stack, expr: str) -> str:
    """The series of `expr` whose chaos_target is a service that the reader chose, or a pool that one of them uses.

    With the labels `service`, and `chosen`, by which PromQL lets a choice be put on labels that are made on the way.
    """
    named = f'label_replace({expr}, "service", "$1", "chaos_target", "(.+)")'
    for service in stack.services:
        if pools := [pool.name for pool in stack.pools.values() if pool.used_by == service]:
            named = f'label_replace({named}, "service", "{service}", "chaos_target", "{"|".join(pools)}")'
    return chosen(named)


def chosen(expr: str) -> str:
    """The series of `expr` whose label `service` the reader chose."""
    marked = f'label_replace({expr}, "{CHOSEN}", "yes", "service", "$service")'
    return f"({marked} and on ({CHOSEN}) {labelled('vector(1)', chosen='yes')})"
