"""A counter is treated as a gauge, or a gauge as a counter."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.expression import Aggregation, Call, Node, Selector, Subquery
from prometheus.lint.kinds import kind_of
from prometheus.lint.knowledge import Knowledge, ParsedRule
from prometheus.lint.metric import COUNTER, GAUGE, SUM_OF_COUNTERS
from prometheus.lint.problem import Finding

_OF_COUNTERS = {"rate": "deriv", "irate": "deriv", "increase": "delta"}
_OF_GAUGES = {"delta": "increase", "idelta": "irate", "deriv": "rate", "predict_linear": "rate"}


def check(rule: ParsedRule, known: Knowledge) -> Iterator[Finding]:
    """Finds functions of the wrong kind of metric, where the kind is known."""
    for call in rule.tree.walk() if rule.tree else ():
        if not isinstance(call, Call) or not call.arguments:
            continue
        kind = kind_of(call.arguments[0], known.kind)
        if call.name in _OF_COUNTERS and kind == GAUGE:
            yield _gauge(call, known)
        elif call.name in _OF_COUNTERS and kind == SUM_OF_COUNTERS:
            yield _sum(call, known)
        elif call.name in _OF_GAUGES and kind == COUNTER:
            yield _counter(call)


def _gauge(call: Call, known: Knowledge) -> Finding:
    culprit, name = _culprit(call)
    where = known.recorded_at(name)
    remark = f", recorded at {where}" if where and name not in known.exposed else ""
    return Finding(
        "counter",
        f"{call.name}() of a gauge: {name}{remark}",
        f"{call.name}() takes every fall for the restart of a counter, and counts what is left as growth: a gauge that "
        "goes up and down seems to grow and grow.",
        f"use {_OF_COUNTERS[call.name]}(), which knows falls, or a counter",
        culprit.span,
    )


def _sum(call: Call, known: Knowledge) -> Finding:
    culprit, name = _culprit(call)
    where = known.recorded_at(name)
    return Finding(
        "counter",
        f"{call.name}() of a sum of counters{f': {name}, recorded at {where}' if where else ''}",
        "When one of the counters restarts, the sum falls a little, and all that is left of it is counted as growth.",
        f"take {call.name}() first, and sum what it gives: sum({call.name}(…))",
        culprit.span,
    )


def _counter(call: Call) -> Finding:
    culprit, name = _culprit(call)
    return Finding(
        "counter",
        f"{call.name}() of a counter: {name}",
        f"When its program restarts, a counter begins at 0 again, and {call.name}() sees a fall that never was.",
        f"use {_OF_GAUGES[call.name]}(), which knows restarts",
        culprit.span,
    )


def _culprit(call: Call) -> tuple[Node, str]:
    """What the function is taken of, and its name."""
    inner: Node = call.arguments[0]
    while isinstance(inner, Subquery):
        inner = inner.inner
    if isinstance(inner, Selector):
        return inner, inner.name
    return inner, f"{inner.name}(…)" if isinstance(inner, Call | Aggregation) else "the result of an expression"
