"""PromQL of panels and annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from prometheus.lint.checks import comparison, counter, prometheus3, series
from prometheus.lint.expression import Call, Node, Selector
from prometheus.lint.knowledge import ParsedRule
from prometheus.lint.parsing import SyntaxProblemError, parse
from prometheus.lint.rule_file import parse_rule_file
from prometheus.lint.scanner import Scan
from tests.grafana.expansion import HOUR
from tests.grafana.linter.dashboard import Dashboard, Target
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

OF_COUNTERS = frozenset({"rate", "irate", "increase"})
RATE = re.compile(r"\bi?rate\s*\([^\[\]()]*\[([^\]]*)\]")


def promql(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "target-promql-rule"
    for panel in dashboard.panels:
        for target in panel.targets:
            if error := _read(dashboard.as_promql(target.expr))[2]:
                yield problem(rule, dashboard, f"{error}: {target.expr}", panel, target)
    for annotation in dashboard.annotations:
        if error := _read(dashboard.as_promql(annotation["target"]["expr"]))[2]:
            yield problem(
                rule, dashboard, f'annotation "{annotation["name"]}": {error}: {annotation["target"]["expr"]}'
            )


def rate_interval(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        for target in panel.targets:
            for width in RATE.findall(target.expr):
                if width != "$__rate_interval":
                    yield problem(
                        "target-rate-interval-rule",
                        dashboard,
                        f"takes a rate over [{width}], not over [$__rate_interval]: {target.expr}",
                        panel,
                        target,
                    )


def job(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    yield from _without_matcher("target-job-rule", dashboard, "job")


def instance(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    yield from _without_matcher("target-instance-rule", dashboard, "instance")


def _without_matcher(rule: str, dashboard: Dashboard, label: str) -> Iterator[Problem]:
    """Every selector of a panel that lacks `label=~"$label"`."""
    wanted = (label, "=~", f"${label}")
    for panel in dashboard.panels:
        for target in panel.targets:
            for selector in _selectors(tree_of(dashboard, target)):
                if wanted not in {(one.label, one.operator, one.value) for one in selector.matchers}:
                    yield problem(
                        rule, dashboard, f'{selector.name or "a selector"} lacks {label}=~"${label}"', panel, target
                    )


def counter_aggregation(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for panel in dashboard.panels:
        for target in panel.targets:
            for name in _bare_counters(tree_of(dashboard, target)):
                yield problem(
                    "target-counter-agg-rule",
                    dashboard,
                    f"{name} is a counter, and asked without rate(), irate() or increase(): {target.expr}",
                    panel,
                    target,
                )


def rules_of_promql(dashboard: Dashboard, around: Surroundings) -> Iterator[Problem]:
    """What the lint of rules says: unknown metrics and labels, functions of the wrong kind, what 2.42 or 3 has not."""
    for panel in dashboard.panels:
        for target in panel.targets:
            for message in _findings(dashboard.as_promql(target.expr), around):
                yield problem("target-series-rule", dashboard, f"{message}: {target.expr}", panel, target)
    for annotation in dashboard.annotations:
        for message in _findings(dashboard.as_promql(annotation["target"]["expr"]), around):
            yield problem("target-series-rule", dashboard, f'annotation "{annotation["name"]}": {message}')
    for variable in dashboard.variables:
        query = variable["query"]["query"] if variable["type"] == "query" else ""
        if expr := _asked_by(query):
            for message in _findings(dashboard.as_promql(expr), around):
                yield problem("target-series-rule", dashboard, f'variable "{variable["name"]}": {message}')


def _asked_by(query: str) -> str:
    """The expression in the query of a variable."""
    if match := re.fullmatch(r"label_values\((.+),\s*(\w+)\)", query, re.DOTALL):
        return f"count by ({match[2]}) ({match[1]})"
    match = re.fullmatch(r"query_result\((.+)\)", query, re.DOTALL)
    return match[1] if match else ""


def tree_of(dashboard: Dashboard, target: Target) -> Node | None:
    """The expression of a query, read; None where it is no PromQL."""
    return tree_of_text(dashboard, target.expr)


def tree_of_text(dashboard: Dashboard, expr: str) -> Node | None:
    """The same of any expression."""
    return _read(dashboard.as_promql(expr))[0]


def _findings(expr: str, around: Surroundings) -> Iterator[str]:
    tree, scan, _ = _read(expr)
    if tree and scan:
        rule = ParsedRule(_AS_RULE, expr, tree, scan)
        for check in (series.check, counter.check, comparison.check):
            yield from (finding.summary for finding in check(rule, around.known))
        for finding in prometheus3.check(rule, around.known, HOUR.scrape_interval):
            yield finding.summary
        yield from _undocumented_labels(tree, around)


def _undocumented_labels(tree: Node, around: Surroundings) -> Iterator[str]:
    """Labels that docs/metrics.md does not give to a metric of ours."""
    for selector in _selectors(tree):
        metric = around.known.exposed.get(selector.name)
        if metric and metric.labels is not None:
            for one in selector.matchers:
                if one.label not in metric.labels | {"job", "instance", "__name__"}:
                    yield f"{selector.name} has no label {one.label}"


def _selectors(tree: Node | None) -> Iterator[Selector]:
    yield from (node for node in (tree.walk() if tree else ()) if isinstance(node, Selector))


def _bare_counters(tree: Node | None) -> Iterator[str]:
    pending = [tree] if tree else []
    while pending:
        node = pending.pop()
        if isinstance(node, Selector) and node.name.endswith("_total"):
            yield node.name
        elif not (isinstance(node, Call) and node.name in OF_COUNTERS):
            pending.extend(node.children)


@cache
def _read(expr: str) -> tuple[Node | None, Scan | None, str]:
    try:
        tree, scan = parse(expr)
    except SyntaxProblemError as error:
        return None, None, str(error)
    return tree, scan, ""


_AS_RULE = parse_rule_file("groups: [{name: panel, rules: [{record: a, expr: b}]}]", "a panel").rules[0]

RULES = {
    "target-promql-rule": promql,
    "target-rate-interval-rule": rate_interval,
    "target-job-rule": job,
    "target-instance-rule": instance,
    "target-counter-agg-rule": counter_aggregation,
    "target-series-rule": rules_of_promql,
}
