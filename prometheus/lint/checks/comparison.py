"""An alert has no condition, and so fires whatever is measured."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.condition import unconditional
from prometheus.lint.expression import Binary, Selector
from prometheus.lint.knowledge import Knowledge, ParsedRule
from prometheus.lint.problem import Finding


def check(rule: ParsedRule, known: Knowledge) -> Iterator[Finding]:
    """Finds the part of an alert's expression that gives something as long as its series exist."""
    if not rule.rule.is_alert or rule.tree is None:
        return
    culprit = unconditional(rule.tree, known.has_condition)
    if culprit is None:
        return
    booleans = [one for one in culprit.walk() if isinstance(one, Binary) and one.returns_bool]
    if booleans:
        fix = "leave out bool: without it the comparison keeps what it is true for, and nothing else"
    elif culprit is not rule.tree:
        fix = "compare this side of the expression too"
    else:
        fix = "compare with a limit, such as == 0 or > 0.05"
    yield Finding(
        "comparison",
        "the alert has no condition" if culprit is rule.tree else "this part of the alert has no condition",
        "An alert fires for every series that its expression gives, and this gives one whatever its value is, 0 too.",
        fix,
        booleans[0].extent if booleans else culprit.span if isinstance(culprit, Selector) else culprit.extent,
    )
