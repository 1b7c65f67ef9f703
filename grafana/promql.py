"""The PromQL that panels have in common. Nothing here takes silence for calm."""

from __future__ import annotations

SERVICES = 'service=~"$service"'
"""The services that the reader chose."""

BLIND = -1.0
"""What `guarded` gives when Prometheus evaluates no rules of ours: nobody can say whether anything is wrong."""

_WATCHDOG = 'ALERTS{alertname="Watchdog", alertstate="firing"}'


def firing(matchers: str = SERVICES) -> str:
    """The anomalies that fire; the same one at each severity up to its own."""
    return f'ALERTS{{alertstate="firing", anomaly_type!="", {matchers}}}'


def guarded(expr: str, calm: float = 0) -> str:
    """`expr`, and when it has no value `calm`, but only while the rules are evaluated: else BLIND.

    The dead man's switch tells: it fires as long as there are rules of ours and somebody evaluates them.
    """
    return f"({expr}) or on () (0 * max({_WATCHDOG}) + {calm:g}) or on () vector({BLIND:g})"
