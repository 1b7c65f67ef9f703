"""What a check finds, and what there is to check."""

from __future__ import annotations

from prometheus.lint.place import Position
from prometheus.lint.scanner import Span
from stack.dataclass import dataclass

CHECKS = {
    "syntax": "the expression is no PromQL",
    "series": "a selector names a metric that nobody exposes or records",
    "counter": "a counter is treated as a gauge, or a gauge as a counter",
    "template": "an annotation or label uses a label that the query has dropped",
    "comparison": "an alert has no condition",
    "prometheus3": "Prometheus 2.42 and 3 read the rule differently, or one of them not at all",
}
"""Every check by its id, and what it finds."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a part of a rule: `where` is its expression, or the label or annotation of that name."""

    check: str
    summary: str
    why: str
    fix: str
    span: Span
    where: str = "expr"


@dataclass(frozen=True)
class Problem:
    """A finding in its file; `rule` names the rule, `quoted` is the line."""

    check: str
    file: str
    position: Position
    rule: str
    quoted: str
    summary: str
    why: str
    fix: str
