"""The rule files, generated from the stack: what is recorded, what is scored, and what alerts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from prometheus.alerts import AlertRule, anomaly_alerts, watching_alerts
from prometheus.budget import budgets
from prometheus.recordings import Recording, recordings
from prometheus.scores import playbook, scores
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration

LONGEST_SCRAPE_INTERVAL = 15.0
BUDGET_EVERY = 4

_HEADER = "# Generated from stack.yaml by `dev-hq generate`; edit that, or the catalogue, not this.\n"


def rule_files(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every rule file by its name; raises HqError for a stack that cannot be watched by these rules.

    All that leads to an alert is one group, evaluated in order: an anomaly is seen in the evaluation that records it.
    """
    if stack.prometheus.scrape_interval > LONGEST_SCRAPE_INTERVAL:
        raise HqError(
            f"prometheus.scrape_interval is {format_duration(stack.prometheus.scrape_interval)}, but the rules look at "
            "one minute and need four scrapes in it; make it 15s or less"
        )
    every = stack.prometheus.evaluation_interval
    return {
        "anomalies.yml": _file("anomalies", every, recordings(stack), scores(stack), anomaly_alerts(stack)),
        "budgets.yml": _file("budgets", every * BUDGET_EVERY, budgets(stack)),
        "playbook.yml": _file("playbook", every, playbook(stack.links)),
        "watching.yml": _file("watching", every, watching_alerts(stack)),
    }


def rule_texts(stack: Stack) -> dict[str, str]:
    """Every rule file by its name, as it is written."""
    return {name: _HEADER + dump(content) for name, content in rule_files(stack).items()}


def write_rules(stack: Stack, directory: Path) -> None:
    """Writes the rule files into `directory`; raises HqError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in rule_texts(stack).items():
            (directory / name).write_text(text)
    except OSError as error:
        raise HqError(f"the rules cannot be written to {directory}: {error.strerror}") from None


def dump(content: object) -> str:
    """YAML in the order given, long expressions as blocks."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.represent_text)


def _file(group: str, every: float, *rules: Iterable[Recording | AlertRule]) -> dict[str, Any]:
    listed = [_rule(rule) for some in rules for rule in some]
    return {"groups": [{"name": group, "interval": format_duration(every), "rules": listed}]}


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
