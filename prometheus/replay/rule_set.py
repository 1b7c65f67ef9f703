"""A set of rule files, as far as a replay has to know it: what it reads, records, and how often it judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from prometheus.lint.rule_file import rule_text
from prometheus.replay.lineage import Lineage, Rule, lineages
from prometheus.replay.selectors import raw_selectors
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.quantity import QuantityError, parse_duration

SLOW = 10


@dataclass(frozen=True)
class RuleSet:
    """The texts of a rule set's files by their names, without its slow groups.

    `read` are the selectors of what it does not record itself, `recorded` the names of what it does. `lineages` says of
    each alert, by its name, what it stands on. `slow` are the groups that were left out: what they record is read like
    what was scraped.
    """

    texts: Mapping[str, str]
    read: tuple[str, ...]
    recorded: frozenset[str]
    lineages: Mapping[str, Lineage]
    slow: tuple[str, ...] = ()


def read_rule_set(directory: Path, every: float) -> RuleSet:
    """The rules in the *.yml and *.yaml of a directory, evaluated every `every` seconds; raises HqError for none.

    A group that is evaluated ten times more seldom, such as one that learns over days, is left out: promtool evaluates
    all groups at one pace, and a recording of minutes would teach it nothing.
    """
    try:
        files = sorted(path for path in directory.iterdir() if path.suffix in (".yml", ".yaml"))
    except OSError as error:
        raise HqError(f"{directory} cannot be read: {error.strerror}") from None
    groups = {path.name: _groups(path) for path in files}
    slow = [group for found in groups.values() for group in found if _interval(group) > SLOW * every]
    kept = {name: [group for group in found if group not in slow] for name, found in groups.items()}
    rules = [(rule, group) for found in kept.values() for group in found for rule in group["rules"]]
    if not rules:
        raise HqError(f"{directory} holds no rules; write them there with: dev-hq generate --output {directory}")
    recorded = frozenset(str(rule["record"]) for rule, _ in rules if "record" in rule)
    return RuleSet(
        {name: json.dumps({"groups": found}, ensure_ascii=False) for name, found in kept.items() if found},
        raw_selectors((str(rule.get("expr", "")) for rule, _ in rules), recorded),
        recorded,
        lineages(_rules(rules, "alert"), _rules(rules, "record")),
        tuple(str(group.get("name")) for group in slow),
    )


def _groups(path: Path) -> list[dict[str, Any]]:
    try:
        content = yaml.safe_load(rule_text(path))
        groups = content["groups"]
        for group in groups:
            group.setdefault("rules", [])
            if not all(isinstance(rule, dict) for rule in group["rules"]):
                raise TypeError
    except yaml.YAMLError as error:
        raise HqError(f"{path} is no valid YAML: {' '.join(str(error).split())[:200]}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise HqError(f"{path} is no rule file; it needs `groups:` with `rules:` in each") from None
    return list(groups)


def _rules(rules: list[tuple[dict[str, Any], dict[str, Any]]], key: str) -> list[Rule]:
    return [Rule(str(rule[key]), str(rule.get("expr", "")), _interval(group)) for rule, group in rules if key in rule]


def _interval(group: Mapping[str, Any]) -> float:
    try:
        return parse_duration(str(group.get("interval", "0s")))
    except QuantityError:
        return 0.0
