"""Rules as YAML: in the order given, long expressions as blocks."""

from __future__ import annotations

import re
from typing import Any

import yaml

from prometheus.rule import AlertRule, Recording, RuleFile, RuleGroup
from stack.quantity import format_duration


def documents(file: RuleFile) -> list[dict[str, Any]]:
    """The groups of a file as Prometheus reads them, without empty ones, which some rulers refuse."""
    return [document(group) for group in file.groups if group.rules]


def document(group: RuleGroup) -> dict[str, Any]:
    """A group as Prometheus reads it."""
    return {
        "name": group.name,
        "interval": format_duration(group.interval),
        "rules": [_rule(rule) for rule in group.rules],
    }


def dump(content: object) -> str:
    """YAML in the order given, long expressions as blocks."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


_READ_OTHERWISE = re.compile(r"[yn]|[-+]?[\d._]+(e[-+]?[\d_]+)?|0o?[\d_]+", re.ASCII | re.IGNORECASE)
"""What is text to PyYAML, but a number or a truth value to Kubernetes' or Go's parsers."""


_BREAKS = frozenset("\r\x85\u2028\u2029")
"""What ends a line too, so that it comes out right only between double quotes."""


def _style(text: str) -> str | None:
    if _BREAKS.intersection(text):
        return '"'
    if "\n" in text:
        return "|"
    return "'" if _READ_OTHERWISE.fullmatch(text) else None


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


_Dumper.add_representer(str, _Dumper.represent_text)


def _rule(rule: Recording | AlertRule) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expr, **({"labels": rule.labels} if rule.labels else {})}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        "for": format_duration(rule.hold),
        **({"keep_firing_for": format_duration(rule.keep_firing_for)} if rule.keep_firing_for else {}),
        **({"labels": rule.labels} if rule.labels else {}),
        "annotations": rule.annotations,
    }
