"""An annotation or a label of an alert uses a label that the query has dropped."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus.lint.expression import Aggregation, Binary, Call, Node, Selector
from prometheus.lint.knowledge import Knowledge, ParsedRule
from prometheus.lint.labels import NONE, Labels, labels_of
from prometheus.lint.problem import Finding
from prometheus.lint.templates import labels_asked
from stack.document import Value

_WHY = "The template is filled with the labels of the expression's result; one that is not there leaves a gap."


def check(rule: ParsedRule, known: Knowledge) -> Iterator[Finding]:
    """Finds labels in templates that no result of the expression can have."""
    if not rule.rule.is_alert or rule.tree is None:
        return
    labels = labels_of(rule.tree, known.labels) or NONE
    texts = {f"labels.{key}": one for key, one in rule.rule.labels.items()}
    texts |= {f"annotations.{key}": one for key, one in rule.rule.annotations.items()}
    for where, value in texts.items():
        for asked in labels_asked(_text(value)):
            if not labels.may_have(asked.label):
                fix = _fix(asked.label, rule, labels, known)
                summary = f"{where} uses the label {asked.label}, which the result of the expression does not have"
                yield Finding("template", summary, _WHY, fix, asked.span, where)


def _text(value: Value) -> str:
    text = value.node.value
    return text if isinstance(text, str) else ""


def _fix(label: str, rule: ParsedRule, labels: Labels, known: Knowledge) -> str:
    if label in rule.rule.labels or label == "alertname":
        return f"{label} is a label of the rule itself, which its templates do not see; write its value out"
    if rule.tree and (dropping := _dropping(rule.tree, label, known)):
        return dropping
    has = f"; it has {', '.join(sorted(labels.names))}" if labels.names and not labels.open else ""
    return f"keep the label in the expression, or leave it out here{has}"


def _dropping(tree: Node, label: str, known: Knowledge) -> str | None:
    """What in the expression drops the label, and how to keep it."""
    for node in tree.walk():
        here = labels_of(node, known.labels)
        if here is None or here.may_have(label):
            continue
        if any((inner := labels_of(one, known.labels)) and inner.may_have(label) for one in node.children):
            return _kept(node, label)
        if isinstance(node, Selector) and (where := known.recorded_at(node.name)):
            return f"{node.name} is recorded without it, at {where}; keep it there, or leave it out here"
    return None


def _kept(node: Node, label: str) -> str | None:
    if isinstance(node, Aggregation):
        if node.without:
            return f"{node.name} without ({', '.join(node.labels)}) drops it; leave {label} out of the list"
        return f"{node.name} drops it; write {node.name} by ({', '.join((*node.labels, label))}) (…)"
    if isinstance(node, Binary) and node.many:
        brought = ", ".join((*node.brought, label))
        return f"the labels of the side with more series are kept; bring it over: group_{node.many} ({brought})"
    if isinstance(node, Binary) and node.on:
        return f"on ({', '.join(node.matching or ())}) drops it; add group_left () if the left side has more series"
    if isinstance(node, Call) and node.name in ("absent", "absent_over_time"):
        return "absent() has only the labels that its selector demands by =; demand this one too, or leave it out here"
    return None
