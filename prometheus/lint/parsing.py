"""From the text of an expression to its syntax tree: the parser's tree and the scanner's positions put together."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from types import ModuleType
from typing import Any

from prometheus.lint.expression import (
    Aggregation,
    Binary,
    Call,
    Matcher,
    Negation,
    Node,
    Number,
    Selector,
    Subquery,
    Text,
)
from prometheus.lint.scanner import Scan, Span, depth, scan, tokens, unclosed
from stack.errors import MissingToolError

MAX_DEPTH = 250
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class SyntaxProblemError(ValueError):
    """The text is no PromQL, and where that shows."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def parse(text: str) -> tuple[Node, Scan]:
    """The tree of an expression, and what the scanner saw; raises SyntaxProblemError and MissingToolError."""
    whole = Span(0, len(text))
    if depth(text) > MAX_DEPTH:  # the parser is recursive, and overflows the stack where Prometheus still reads on
        raise SyntaxProblemError(f"nested deeper than {MAX_DEPTH} levels, which nobody can read", whole)
    try:
        parsed = _parser().parse(text)
    except ValueError as error:
        words = str(error)
        raise SyntaxProblemError(words, _culprit(words, text) or whole) from None
    found = scan(text)
    return _Builder(text, found).tree(parsed), found


@cache
def _parser() -> ModuleType:
    """The parser, which is to know the function that Prometheus 3 removed, so that the lint can name it."""
    try:
        import promql_parser
    except ImportError:
        raise MissingToolError("the lint of rules needs promql-parser: pip install 'dev-hq[lint]'") from None
    kinds = promql_parser.ValueType
    removed = promql_parser.Function("holt_winters", [kinds.Matrix, kinds.Scalar, kinds.Scalar], kinds.Vector)
    promql_parser.register_extra_functions([removed])
    return promql_parser


def _culprit(words: str, text: str) -> Span | None:
    """Where the parser's complaint is about: the word that it quotes, or the bracket that nothing closes."""
    if "unclosed" in words and (bracket := unclosed(text)):
        return bracket
    for quoted in re.findall(r"'([^']+)'", words):
        for token in tokens(text):
            if token.text == quoted:
                return token.span
            if quoted in token.text:
                start = token.span.start + token.text.index(quoted)
                return Span(start, start + len(quoted))
    if match := re.search(r"illegal regex for (.*)$", words, re.DOTALL):
        place = text.find(match[1])
        return Span(place, place + len(match[1])) if match[1] and place >= 0 else None
    return None


class _Builder:
    """Takes the scanner's spans in the order of the text, which is also the order in which the tree is visited."""

    def __init__(self, text: str, found: Scan) -> None:
        self._whole = Span(0, len(text))
        self._found = found
        self._spans = {
            name: iter(getattr(found, name))
            for name in ("selectors", "matchers", "calls", "aggregations", "operators", "ranges", "literals")
        }

    def _next(self, kind: str) -> Span:
        return next(self._spans[kind], self._whole)

    def tree(self, parsed: Any) -> Node:  # noqa: ANN401 - the parser's classes have no common base
        kind = type(parsed).__name__
        build = {
            "AggregateExpr": self._aggregation,
            "BinaryExpr": self._binary,
            "Call": self._call,
            "MatrixSelector": self._matrix,
            "SubqueryExpr": self._subquery,
            "VectorSelector": self._selector,
        }.get(kind)
        if build:
            return build(parsed)
        if kind == "ParenExpr":
            return self.tree(parsed.expr)
        if kind == "UnaryExpr":
            inner = self.tree(parsed.expr)
            return Negation(inner.span, inner.extent, inner)
        span = self._next("literals")
        return Number(span, span, parsed.val) if kind == "NumberLiteral" else Text(span, span, parsed.val)

    def _selector(self, parsed: Any) -> Selector:  # noqa: ANN401
        span = self._next("selectors")
        matchers = [*parsed.matchers.matchers, *(one for some in parsed.matchers.or_matchers for one in some)]
        read = tuple(
            Matcher(one.name, _OPERATORS[str(one.op).rpartition(".")[2]], one.value, self._next("matchers"))
            for one in matchers
        )
        name = parsed.name or next((one.value for one in read if one.label == "__name__" and one.operator == "="), "")
        return Selector(span, span, name, read)

    def _matrix(self, parsed: Any) -> Selector:  # noqa: ANN401
        inner = self._selector(parsed.vector_selector)
        span = self._next("ranges")
        extent = Span(inner.extent.start, max(inner.extent.end, span.end))
        return Selector(inner.span, extent, inner.name, inner.matchers, _seconds(parsed.range), span)

    def _subquery(self, parsed: Any) -> Subquery:  # noqa: ANN401
        inner = self.tree(parsed.expr)
        span = self._next("ranges")
        step = _seconds(parsed.step) if parsed.step is not None else None
        return Subquery(span, Span(inner.extent.start, span.end), inner, _seconds(parsed.range), step)

    def _call(self, parsed: Any) -> Call:  # noqa: ANN401
        span = self._next("calls")
        arguments = tuple(self.tree(one) for one in parsed.args)
        scalar = str(parsed.func.return_type).endswith("Scalar")
        return Call(span, self._closed(span), parsed.func.name, arguments, scalar, bool(parsed.func.experimental))

    def _aggregation(self, parsed: Any) -> Aggregation:  # noqa: ANN401
        span = self._next("aggregations")
        parameter = self.tree(parsed.param) if parsed.param is not None else None
        inner = self.tree(parsed.expr)
        modifier = parsed.modifier
        without = modifier is not None and str(modifier.type).endswith("Without")
        labels = tuple(modifier.labels) if modifier else ()
        return Aggregation(span, self._closed(span), str(parsed.op), inner, parameter, without, labels)

    def _binary(self, parsed: Any) -> Binary:  # noqa: ANN401
        left = self.tree(parsed.lhs)
        span = self._next("operators")
        right = self.tree(parsed.rhs)
        modifier = parsed.modifier
        matching = modifier.matching if modifier else None
        cardinality = str(modifier.card).rpartition(".")[2] if modifier else ""
        many = {"ManyToOne": "left", "OneToMany": "right"}.get(cardinality, "")
        return Binary(
            span,
            Span(left.extent.start, max(left.extent.end, right.extent.end)),
            str(parsed.op),
            left,
            right,
            on=matching is not None and str(matching.type).endswith("Include"),
            matching=tuple(matching.labels) if matching is not None else None,
            many=many,
            brought=tuple(modifier.group_labels or ()) if many and modifier.group_labels is not None else (),
            returns_bool=bool(modifier and modifier.return_bool),
        )

    def _closed(self, span: Span) -> Span:
        return Span(span.start, self._found.closing.get(span.start, span.end))


def _seconds(duration: Any) -> float:  # noqa: ANN401 - a timedelta, by the parser's own types anything
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
