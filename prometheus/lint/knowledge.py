"""What is known when rules are checked: what is exposed, and what all the rules together record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from prometheus.lint.condition import unconditional
from prometheus.lint.expression import Node, Selector
from prometheus.lint.kinds import kind_of
from prometheus.lint.labels import ANY, NONE, Labels, labels_of
from prometheus.lint.metric import Metric
from prometheus.lint.parsing import SyntaxProblemError, parse
from prometheus.lint.rule_file import SourceRule
from prometheus.lint.scanner import Scan
from stack.dataclass import dataclass

PASSES = 3
"""Over the rules, so that what one says of another's series arrives; those that read later ones have to wait for it."""


@dataclass(frozen=True)
class ParsedRule:
    """A rule and its expression; `error` instead, where that is no PromQL."""

    rule: SourceRule
    text: str
    tree: Node | None
    scan: Scan | None
    error: SyntaxProblemError | None = None


def parsed(rule: SourceRule) -> ParsedRule:
    """The rule with its expression read."""
    text = rule.expr.text()
    try:
        tree, scan = parse(text)
    except SyntaxProblemError as error:
        return ParsedRule(rule, text, None, None, error)
    return ParsedRule(rule, text, tree, scan)


class Knowledge:
    """Answers for a metric by its name; what is not known never speaks against a rule.

    `label_names` are all labels that the Prometheus knows that was asked; None when none was. `is_asked` tells whether
    the user said what is exposed.
    """

    def __init__(
        self,
        rules: Iterable[ParsedRule],
        exposed: Iterable[Metric],
        *,
        label_names: frozenset[str] | None = None,
        is_asked: bool = False,
    ) -> None:
        self.exposed: dict[str, Metric] = {}
        for metric in exposed:
            self.exposed.setdefault(metric.name, metric)
        self.label_names = label_names
        self.is_asked = is_asked
        self._recording: dict[str, list[ParsedRule]] = {}
        for rule in rules:
            if not rule.rule.is_alert:
                self._recording.setdefault(rule.rule.name, []).append(rule)
        self._labels: dict[str, Labels] = {}
        self._kinds: dict[str, str | None] = {}
        self._conditional: dict[str, bool] = {}
        for _ in range(PASSES):
            for name, recording in self._recording.items():
                self._learn(name, [(one.tree, one.rule.labels) for one in recording])

    def recorded_at(self, name: str) -> str:
        """Where a metric is recorded, as file:line; empty when it is not."""
        rule = next(iter(self._recording.get(name, ())), None)
        return f"{rule.rule.source.name}:{rule.rule.expr.line}" if rule else ""

    def is_known(self, name: str) -> bool:
        """Whether somebody exposes or records the metric."""
        return name in self.exposed or name in self._recording

    def matching(self, pattern: str) -> bool | None:
        """Whether a known metric has a name like that; None when the pattern is beyond us."""
        try:
            wanted = re.compile(pattern)
        except re.error:
            return None
        return any(wanted.fullmatch(name) for name in (*self.exposed, *self._recording))

    def near(self, name: str) -> str | None:
        """What may have been meant by a name that nobody knows."""
        return next(iter(get_close_matches(name, [*self._recording, *self.exposed], n=1, cutoff=0.75)), None)

    def kind(self, name: str) -> str | None:
        """Counter, gauge or sum of counters, where that is known."""
        return self.exposed[name].kind if self._is_scraped(name) else self._kinds.get(name)

    def labels(self, name: str) -> Labels:
        """What labels the series of a metric can have."""
        return ANY if self._is_scraped(name) else self._labels.get(name, ANY)

    def has_condition(self, name: str) -> bool:
        """Whether the metric is recorded only while a condition holds."""
        return not self._is_scraped(name) and self._conditional.get(name, False)

    def _is_scraped(self, name: str) -> bool:
        """Whether some program exposes it; a Prometheus that was asked names recorded metrics too, without a kind."""
        metric = self.exposed.get(name)
        return metric is not None and not (name in self._recording and metric.kind is None)

    def _learn(self, name: str, recording: list[tuple[Node | None, Mapping[str, object]]]) -> None:
        trees = [tree for tree, _ in recording if tree]
        if len(trees) < len(recording):
            return
        labels: Labels | None = None
        for tree, added in recording:
            one = (labels_of(tree, self.labels) if tree else None) or NONE
            one = one.adding((*added, "__name__"))
            labels = labels.either(one) if labels else one
        self._labels[name] = labels or ANY
        kinds = {kind_of(tree, self.kind) for tree in trees}
        self._kinds[name] = kinds.pop() if len(kinds) == 1 else None
        self._conditional[name] = all(
            any(isinstance(one, Selector) for one in tree.walk()) and not unconditional(tree, self.has_condition)
            for tree in trees
        )
