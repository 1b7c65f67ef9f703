"""Whether what an expression gives goes up like a counter, or up and down like a gauge."""

from __future__ import annotations

from collections.abc import Callable

from prometheus.lint.expression import Aggregation, Binary, Call, Node, Selector, Subquery
from prometheus.lint.metric import COUNTER, GAUGE, SUM_OF_COUNTERS

_PASSING = frozenset({"label_replace", "label_join", "sort", "sort_desc", "last_over_time", "first_over_time"})
_CHOOSING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


def kind_of(node: Node, known: Callable[[str], str | None]) -> str | None:
    """COUNTER, GAUGE or SUM_OF_COUNTERS, None where it cannot be told; `known` tells of a metric by its name."""
    if isinstance(node, Selector):
        return known(node.name) if node.name else None
    if isinstance(node, Call):
        return kind_of(node.arguments[0], known) if node.name in _PASSING else GAUGE
    if isinstance(node, Aggregation | Subquery):
        inner = kind_of(node.inner, known)
        return _aggregated(node.name, inner) if isinstance(node, Aggregation) else inner
    return _of_binary(node, known) if isinstance(node, Binary) else GAUGE


def _aggregated(name: str, inner: str | None) -> str | None:
    if name in _CHOOSING or inner is None:
        return inner
    return SUM_OF_COUNTERS if name == "sum" and inner in (COUNTER, SUM_OF_COUNTERS) else GAUGE


def _of_binary(node: Binary, known: Callable[[str], str | None]) -> str | None:
    left = kind_of(node.left, known)
    if node.operator in ("and", "unless"):
        return left
    right = kind_of(node.right, known)
    if node.operator == "or":
        return left if left == right else None
    if node.operator == "+":  # of counters, a counter again, with resets that are not seen as such
        counters = (COUNTER, SUM_OF_COUNTERS)
        return SUM_OF_COUNTERS if left in counters and right in counters else (None if None in (left, right) else GAUGE)
    return None
