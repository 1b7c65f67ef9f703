"""The syntax tree of a PromQL expression, each part of which knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.scanner import Span
from stack.dataclass import dataclass

COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})


@dataclass(frozen=True)
class Node:
    """A part of an expression: `span` is what one points at, `extent` all of it."""

    span: Span
    extent: Span

    @property
    def children(self) -> tuple[Node, ...]:
        """The expressions directly in it."""
        return ()

    def walk(self) -> Iterator[Node]:
        """This and everything in it, from the outside in."""
        pending: list[Node] = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True)
class Number(Node):
    """A number."""

    value: float


@dataclass(frozen=True)
class Text(Node):
    """A string."""

    value: str


@dataclass(frozen=True)
class Matcher:
    """One condition on a label: `operator` is =, !=, =~ or !~."""

    label: str
    operator: str
    value: str
    span: Span


@dataclass(frozen=True)
class Selector(Node):
    """The series of a metric; without a name, those that the matchers choose. `range` in seconds, if it has one."""

    name: str
    matchers: tuple[Matcher, ...]
    range: float | None = None
    range_span: Span | None = None


@dataclass(frozen=True)
class Subquery(Node):
    """`inner[range:step]`, both in seconds."""

    inner: Node
    range: float
    step: float | None

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.inner,)


@dataclass(frozen=True)
class Call(Node):
    """A function of its arguments; `scalar` tells whether it gives a number instead of series."""

    name: str
    arguments: tuple[Node, ...]
    scalar: bool
    experimental: bool

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True)
class Aggregation(Node):
    """An aggregation of `inner`; `by` is None when it keeps what `labels` does not name."""

    name: str
    inner: Node
    parameter: Node | None
    without: bool
    labels: tuple[str, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.parameter, self.inner) if self.parameter else (self.inner,)


@dataclass(frozen=True)
class Binary(Node):
    """Two operands; `matching` holds the labels of `on` or `ignoring`, `brought` those of group_left or group_right.

    `many` is "left", "right", or empty when no side is.
    """

    operator: str
    left: Node
    right: Node
    on: bool
    matching: tuple[str, ...] | None
    many: str
    brought: tuple[str, ...]
    returns_bool: bool

    @property
    def is_filter(self) -> bool:
        """Whether it keeps the series of its left side for which a comparison holds."""
        return self.operator in COMPARISONS and not self.returns_bool

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Negation(Node):
    """A minus in front of an expression."""

    inner: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.inner,)
