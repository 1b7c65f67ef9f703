"""Rules as YAML: in the order given, long expressions as blocks."""

from __future__ import annotations

from typing import Any

import yaml

from prometheus.rule import AlertRule, Recording, RuleGroup
from stack.quantity import format_duration

HEADER = "# Generated from stack.yaml by `dev-hq generate`; edit that, or the catalogue, not this.\n"


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


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


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
