"""A selector names a metric that nobody exposes or records, or a label that its series do not have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from prometheus.lint.expression import Call, Matcher, Node, Selector
from prometheus.lint.knowledge import Knowledge, ParsedRule
from prometheus.lint.problem import Finding

_OF_TARGETS = frozenset({"job", "instance", "__name__", "le", "quantile"})
_WHY = "The selector finds nothing, and Prometheus does not complain: what is built on it stays silent for ever."


def check(rule: ParsedRule, known: Knowledge) -> Iterator[Finding]:
    """Finds selectors of nothing; what absent() is asked of may well be missing."""
    for selector in _selectors(rule.tree):
        pattern = next((one for one in selector.matchers if one.label == "__name__" and one.operator == "=~"), None)
        if selector.name and not known.is_known(selector.name):
            yield _unknown(selector, known)
        elif pattern and known.matching(pattern.value) is False:
            summary = f"nobody exposes or records a metric like {pattern.value}"
            yield Finding("series", summary, _WHY, _what_to_do(None, known), pattern.span)
        else:
            yield from _strange_labels(selector, known)


def _selectors(tree: Node | None) -> Iterator[Selector]:
    pending = [tree] if tree else []
    while pending:
        node = pending.pop()
        if isinstance(node, Selector):
            yield node
        if not (isinstance(node, Call) and node.name in ("absent", "absent_over_time")):
            pending.extend(reversed(node.children))


def _unknown(selector: Selector, known: Knowledge) -> Finding:
    near = known.near(selector.name)
    summary = f"nobody exposes or records {selector.name}"
    return Finding("series", summary, _WHY, _what_to_do(near, known), selector.span)


def _what_to_do(near: str | None, known: Knowledge) -> str:
    meant = f"did you mean {near}? " if near else ""
    if known.is_asked:
        return meant + "correct the name, or record it in one of the files that are linted"
    return meant + (
        "if a program of yours exposes it, say what it exposes: --metrics FILE (a saved /metrics page), or "
        "--prometheus URL"
    )


def _strange_labels(selector: Selector, known: Knowledge) -> Iterator[Finding]:
    for matcher in selector.matchers:
        if _needs_label(matcher) and (fix := _no_such_label(selector, matcher.label, known)):
            summary = f"no series of {selector.name or 'these'} has the label {matcher.label}"
            yield Finding("series", summary, _WHY, fix, matcher.span)


def _needs_label(matcher: Matcher) -> bool:
    """Whether a series without the label is not selected."""
    if matcher.label in _OF_TARGETS:
        return False
    return bool(matcher.value) if matcher.operator == "=" else (matcher.operator, matcher.value) == ("!=", "")


def _no_such_label(selector: Selector, label: str, known: Knowledge) -> str | None:
    """What would be right when no series of the metric has that label; None when one may have it."""
    if selector.name and not known.labels(selector.name).may_have(label):
        where = known.recorded_at(selector.name)
        return f"it is recorded at {where}, without that label; keep it there, or leave it out here"
    metric = known.exposed.get(selector.name)
    own = metric.labels if metric and metric.labels else frozenset()
    near = next(iter(get_close_matches(label, own - _OF_TARGETS, n=1, cutoff=0.7)), None)
    if label in own:
        return None
    if near:
        return f"did you mean {near}?"
    if known.label_names is not None and label not in known.label_names and not known.recorded_at(selector.name):
        return "no series in that Prometheus has it; correct the name"
    return None
