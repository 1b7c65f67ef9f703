"""The services of which nothing is recorded: calm is not said of them."""

from __future__ import annotations

from grafana.promql import labelled
from grafana.targets import chosen
from stack.model import Stack


def unseen_services(stack: Stack) -> str:
    """One series with the label `service` for each chosen service of the stack that has no score at all."""
    services = " or ".join(labelled("vector(1)", service=name) for name in stack.services)
    unseen = f"(({services}) unless on (service) anomaly:score)"
    return f"max by (service) ({chosen(unseen)})"
