"""What is asked of the services and the types that the reader chose."""

from __future__ import annotations

from grafana.chaos_targets import chosen
from grafana.promql import OF_ANOMALY, SERVICES, firing_once, labelled
from stack.model import Stack

ANOMALIES = f'{SERVICES}, anomaly_type=~"$anomaly_type"'

GATES = 'service=~"$service|"'
"""The gates of the chosen services, and those that name none."""

SEEN = f"max(anomaly:score{{{SERVICES}}})"
"""There as long as anything of the chosen services is judged."""

FIRING = firing_once(ANOMALIES)


def deciding_gates(stack: Stack) -> str:
    """Those of GATES of which stack.yaml does not say that they only observe."""
    return f'{GATES}, gate!~"{"|".join(stack.gates.observe)}"' if stack.gates.observe else GATES


def of_firing(expr: str) -> str:
    """What `expr` says of the anomalies that fire."""
    return f"{expr} and on ({OF_ANOMALY}) {FIRING}"


def unseen_services(stack: Stack) -> str:
    """One series with the label `service` for each chosen service of the stack that has no score at all."""
    services = " or ".join(labelled("vector(1)", service=name) for name in stack.services)
    unseen = f"(({services}) unless on (service) anomaly:score)"
    return f"max by (service) ({chosen(unseen)})"
