"""The PromQL that panels have in common. Nothing here takes silence for calm."""

from __future__ import annotations

from prometheus.catalogue import SEVERITIES

SERVICES = 'service=~"$service"'
"""The services that the reader chose."""

BLIND = -1.0
"""What `guarded` gives when Prometheus evaluates no rules of ours: nobody can say whether anything is wrong."""

EXPORTER = 'max(up{job="dev-hq"} == 1)'
"""1 while our exporter is scraped, without which nobody knows of faults, runs and verdicts."""

WATCHDOG = 'max(ALERTS{alertname="Watchdog", alertstate="firing"})'
"""1 while somebody evaluates rules of ours: the dead man's switch fires as long as they do."""

OF_ANOMALY = "service, pool, anomaly_type"
"""The labels that tell one anomaly from another."""


def firing(matchers: str = SERVICES) -> str:
    """The anomalies that fire; the same one at each severity up to its own."""
    return f'ALERTS{{alertstate="firing", anomaly_type!="", {matchers}}}'


def firing_once(matchers: str = SERVICES) -> str:
    """The anomalies that fire, each once however severe it is: 1, with the labels OF_ANOMALY."""
    return f"max by ({OF_ANOMALY}) ({firing(matchers)})"


def firing_at_worst(matchers: str = SERVICES) -> str:
    """The same, with the highest `severity` at which each fires."""
    return f" or on ({OF_ANOMALY}) ".join(
        f'max by ({OF_ANOMALY}, severity) (ALERTS{{alertstate="firing", severity="{severity}", anomaly_type!="", '
        f"{matchers}}})"
        for severity in reversed([*SEVERITIES])
    )


def guarded(expr: str, calm: float = 0, seen: str = "") -> str:
    """`expr`, and when it has no value `calm`, but only while the rules are evaluated: else BLIND.

    With `seen`, one number that is there while what `expr` asks about is observed, calm needs that too.
    """
    known = f"{WATCHDOG} and on () {seen}" if seen else WATCHDOG
    return first(expr, f"0 * ({known}) + {calm:g}", number(BLIND))


def first(*expressions: str) -> str:
    """The first of the expressions that has a value."""
    return " or on () ".join(one if one.startswith("vector(") else f"({one})" for one in expressions)


def number(value: float) -> str:
    """That number, whatever is known."""
    return f"vector({value:g})"


def labelled(expr: str, **labels: str) -> str:
    """`expr` with more labels, the same on every series."""
    for name, value in labels.items():
        expr = f'label_replace({expr}, "{name}", "{value}", "", "")'
    return expr


def highest(count: int, expr: str, rank: str, by: str) -> str:
    """Those series of `expr` that, by the labels `by`, were among the `count` highest of `rank` in the time range.

    The same ones at every point, so that a panel stays readable however many there are.
    """
    return f"{expr} and on ({by}) topk({count}, max by ({by}) (max_over_time({rank}[$__range:$__interval] @ end())))"
