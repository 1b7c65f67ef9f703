"""Whether an expression has a condition: whether there are values of its metrics with which it gives nothing."""

from __future__ import annotations

from collections.abc import Callable

from prometheus.lint.expression import Aggregation, Binary, Call, Negation, Node, Selector, Subquery

_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")


def unconditional(node: Node, recorded: Callable[[str], bool]) -> Node | None:
    """The part that makes an expression give something whatever is measured; None when there is a condition.

    `recorded` tells whether the rules that record a metric have a condition. What no series is asked for, such as
    vector(1), is meant to be so.
    """
    if not any(isinstance(one, Selector) for one in node.walk()):
        return None
    return _unconditional(node, recorded)


def _unconditional(node: Node, recorded: Callable[[str], bool]) -> Node | None:
    if isinstance(node, Selector):
        return None if node.name in _ALERTS or (node.name and recorded(node.name)) else node
    if isinstance(node, Binary):
        return _of_binary(node, recorded)
    if isinstance(node, Call):
        return _of_call(node, recorded)
    if isinstance(node, Aggregation | Subquery | Negation):
        return node if _unconditional(node.inner, recorded) else None
    return node


def _of_call(node: Call, recorded: Callable[[str], bool]) -> Node | None:
    if node.name in ("absent", "absent_over_time"):
        return None
    if node.scalar or node.name == "vector":  # scalar() of nothing is NaN, and not nothing
        return node
    series = [one for one in node.arguments if any(isinstance(inner, Selector) for inner in one.walk())]
    return node if not series or any(_unconditional(one, recorded) for one in series) else None


def _of_binary(node: Binary, recorded: Callable[[str], bool]) -> Node | None:
    """`or` needs a condition on both sides; of everything else, one on either side is enough."""
    if node.is_filter or node.operator == "unless":
        return None
    left, right = _unconditional(node.left, recorded), _unconditional(node.right, recorded)
    if node.operator == "or":
        return node if left and right else left or right
    return node if left and right else None
