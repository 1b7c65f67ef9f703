"""The expression is no PromQL."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.knowledge import ParsedRule
from prometheus.lint.problem import Finding


def check(rule: ParsedRule) -> Iterator[Finding]:
    """Finds what the parser refuses."""
    if rule.error:
        yield Finding(
            "syntax",
            f"not PromQL: {rule.error}",
            "Prometheus refuses the whole file, and with it every other rule in it.",
            "try the expression in Prometheus' own page",
            rule.error.span,
        )
