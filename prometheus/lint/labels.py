"""What labels the result of an expression can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus.lint.expression import Aggregation, Binary, Call, Negation, Node, Selector, Subquery, Text
from stack.dataclass import dataclass

_KEEPING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_NAMELESS = frozenset({"__name__"})
_SAME_SERIES = frozenset(
    {"sort", "sort_desc", "sort_by_label", "sort_by_label_desc", "last_over_time", "first_over_time"}
)


@dataclass(frozen=True)
class Labels:
    """Any label but those in `names` when it is `open`, and only those in `names` when it is not."""

    open: bool
    names: frozenset[str]

    def may_have(self, label: str) -> bool:
        """Whether a series can have the label."""
        return (label in self.names) != self.open

    def without(self, labels: Iterable[str]) -> Labels:
        """These, less some."""
        return Labels(self.open, self.names | frozenset(labels) if self.open else self.names - frozenset(labels))

    def adding(self, labels: Iterable[str]) -> Labels:
        """These, and some more."""
        return Labels(self.open, self.names - frozenset(labels) if self.open else self.names | frozenset(labels))

    def only(self, labels: Iterable[str]) -> Labels:
        """Those of some labels that are possible here."""
        return Labels(False, frozenset(label for label in labels if self.may_have(label)))

    def either(self, other: Labels) -> Labels:
        """What one or the other can have."""
        if self.open and other.open:
            return Labels(True, self.names & other.names)
        opened, closed = (self, other) if self.open else (other, self)
        return opened.adding(closed.names)

    def both(self, other: Labels) -> Labels:
        """What one and the other can have."""
        if self.open and other.open:
            return Labels(True, self.names | other.names)
        closed, opened = (other, self) if self.open else (self, other)
        return opened.only(closed.names)


ANY = Labels(True, frozenset())
NONE = Labels(False, frozenset())


def labels_of(node: Node, recorded: Callable[[str], Labels]) -> Labels | None:
    """The labels of what an expression gives, None for a number; `recorded` knows those of a metric by its name."""
    if isinstance(node, Selector):
        empty = {one.label for one in node.matchers if one.operator == "=" and not one.value}
        return (recorded(node.name) if node.name else ANY).without(empty)
    if isinstance(node, Subquery | Negation):
        inner = labels_of(node.inner, recorded)
        return inner.without(_NAMELESS) if inner and isinstance(node, Negation) else inner
    if isinstance(node, Call):
        return _of_call(node, recorded)
    if isinstance(node, Aggregation):
        return _of_aggregation(node, labels_of(node.inner, recorded) or NONE)
    if isinstance(node, Binary):
        return _of_binary(node, labels_of(node.left, recorded), labels_of(node.right, recorded))
    return None


def _of_call(node: Call, recorded: Callable[[str], Labels]) -> Labels | None:
    if node.scalar:
        return None
    if node.name in ("absent", "absent_over_time"):
        return _of_absent(node.arguments[0])
    inner = [labels for one in node.arguments if (labels := labels_of(one, recorded)) is not None]
    if not inner:
        return NONE
    return ANY if node.name == "info" else _of_series(node, inner)


def _of_series(node: Call, inner: list[Labels]) -> Labels:
    """Of a function of series, given the labels of its arguments."""
    texts = [one.value for one in node.arguments if isinstance(one, Text)]
    if node.name in ("label_replace", "label_join") and texts:
        return inner[0].adding(texts[:1])
    if node.name in ("histogram_quantile", "histogram_fraction"):
        return inner[-1].without({"le", "__name__"})
    return inner[0] if node.name in _SAME_SERIES else inner[0].without(_NAMELESS)


def _of_absent(node: Node) -> Labels:
    """Those that the selector demands by `=`, as long as it demands each once."""
    inner = node.inner if isinstance(node, Subquery) else node
    if not isinstance(inner, Selector):
        return NONE
    asked = [one.label for one in inner.matchers]
    equal = {one.label for one in inner.matchers if one.operator == "=" and one.value}
    return Labels(False, frozenset(label for label in equal if asked.count(label) == 1) - _NAMELESS)


def _of_aggregation(node: Aggregation, inner: Labels) -> Labels:
    if node.name in _KEEPING:
        return inner
    grouped = inner.without((*node.labels, "__name__")) if node.without else inner.only(node.labels)
    if node.name == "count_values" and isinstance(node.parameter, Text):
        return grouped.adding({node.parameter.value})
    return grouped


def _of_binary(node: Binary, left: Labels | None, right: Labels | None) -> Labels | None:
    if left is None or right is None:
        both = left if right is None else right
        return both and (both if node.is_filter else both.without(_NAMELESS))
    if node.operator == "or":
        return left.either(right)
    if node.operator == "unless":
        return left
    if node.operator == "and":
        return left if node.matching is not None else left.both(right.adding(_NAMELESS))
    result = _of_matched(node, left, right)
    return result if node.is_filter and not node.on else result.without(_NAMELESS)


def _of_matched(node: Binary, left: Labels, right: Labels) -> Labels:
    """Of operands that are matched one to one, or many to one."""
    if node.many:
        many, one = (left, right) if node.many == "left" else (right, left)
        brought = one.only(node.brought).names
        return many.without(set(node.brought) - brought).adding(brought)
    if node.on:
        return left.both(right).only(node.matching or ())
    if node.matching is not None:
        return left.without(node.matching)
    return left.both(right.adding(_NAMELESS))
