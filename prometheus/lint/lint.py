"""All checks over all rules of some files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import yaml

from prometheus.lint.checks import comparison, counter, prometheus3, series, syntax, template
from prometheus.lint.knowledge import Knowledge, ParsedRule, parsed
from prometheus.lint.metric import Metric
from prometheus.lint.place import place
from prometheus.lint.problem import Finding, Problem
from prometheus.lint.rule_file import GroupRemark, RuleSource, SourceRule
from prometheus.lint.scanner import Span
from stack.dataclass import dataclass
from stack.document import Value


@dataclass(frozen=True)
class Circumstances:
    """What rules are checked against.

    `exposed` are the metrics of programs, `label_names` all labels of a Prometheus that was asked, `is_asked` whether
    the user said what is exposed. `recorded` are rules that are loaded beside those that are checked.
    `scrape_interval` is in seconds, `disabled` holds the ids of checks.
    """

    exposed: tuple[Metric, ...] = ()
    recorded: tuple[SourceRule, ...] = ()
    label_names: frozenset[str] | None = None
    is_asked: bool = False
    scrape_interval: float = 15.0
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The problems, and in how many files and rules they were looked for."""

    problems: tuple[Problem, ...]
    files: int
    rules: int


def lint(files: Sequence[RuleSource], circumstances: Circumstances) -> Found:
    """The problems in the files, in the order of the files; raises MissingToolError without promql-parser."""
    rules = {file.source.name: [parsed(rule) for rule in file.rules] for file in files}
    ours = [rule for some in rules.values() for rule in some]
    names = {(rule.rule.name, rule.text) for rule in ours}
    beside = [parsed(one) for one in circumstances.recorded if (one.name, one.expr.text()) not in names]
    known = Knowledge(
        [*ours, *beside],
        circumstances.exposed,
        label_names=circumstances.label_names,
        is_asked=circumstances.is_asked,
    )
    problems: list[Problem] = []
    for file in files:
        found = [problem for rule in rules[file.source.name] for problem in _of_rule(rule, known, circumstances)]
        found += [_of_group(remark) for remark in file.remarks if "prometheus3" not in circumstances.disabled]
        problems += sorted(dict.fromkeys(found), key=lambda one: (one.position.line, one.position.column, one.check))
    return Found(tuple(problems), len(files), len(ours))


def _of_rule(rule: ParsedRule, known: Knowledge, circumstances: Circumstances) -> Iterator[Problem]:
    for finding in _findings(rule, known, circumstances.scrape_interval):
        if finding.check not in rule.rule.ignored | circumstances.disabled:
            yield _problem(rule, finding)


def _findings(rule: ParsedRule, known: Knowledge, scrape_interval: float) -> Iterable[Finding]:
    yield from syntax.check(rule)
    yield from series.check(rule, known)
    yield from counter.check(rule, known)
    yield from template.check(rule, known)
    yield from comparison.check(rule, known)
    yield from prometheus3.check(rule, known, scrape_interval)


def _problem(rule: ParsedRule, finding: Finding) -> Problem:
    source = rule.rule.source
    value = _value(rule.rule, finding.where)
    assert isinstance(value.node, yaml.ScalarNode)  # noqa: S101 - expressions and templates were read as texts
    position = place(source, value.node, finding.span)
    return Problem(
        finding.check,
        source.name,
        position,
        rule.rule.title,
        source.lines[position.line - 1].rstrip("\r"),
        finding.summary,
        finding.why,
        finding.fix,
    )


def _value(rule: SourceRule, where: str) -> Value:
    section, _, key = where.partition(".")
    return {"labels": rule.labels, "annotations": rule.annotations}[section][key] if key else rule.expr


def _of_group(remark: GroupRemark) -> Problem:
    key = remark.key.key or remark.key.node
    span = Span(key.start_mark.index, key.end_mark.index)
    position = remark.source.position(*span)
    return Problem(
        "prometheus3",
        remark.source.name,
        position,
        f"group {remark.group}",
        remark.source.lines[position.line - 1].rstrip("\r"),
        f"Prometheus 2.42 does not know {remark.source.text[slice(*span)]} of a group",
        "It is younger than that; a Prometheus that does not know it refuses the whole file.",
        "write it into each rule: labels as labels, query_offset as offset",
    )
