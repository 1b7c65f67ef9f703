"""The exceptions that are made, with reasons, in the file and the shape of the upstream linter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stack.dataclass import dataclass
from tests.grafana.linter.problem import Problem

KEYS = frozenset({"dashboard", "panel", "targetIdx"})


@dataclass(frozen=True)
class Exclusion:
    """Excuses the problems of a rule in the places that `entry` describes: all of them when it is empty."""

    rule: str
    reason: str
    entry: tuple[tuple[str, Any], ...] = ()

    def excuses(self, problem: Problem) -> bool:
        """Whether the problem is among those."""
        place = {"dashboard": problem.dashboard, "panel": problem.panel, "targetIdx": problem.target}
        return problem.rule == self.rule and all(place[key] == value for key, value in self.entry)


def read_exceptions(path: Path, rules: Iterable[str]) -> list[Exclusion]:
    """The exclusions of a `.lint`; raises ValueError where one has no reason, an unknown rule or an unknown key."""
    document = yaml.safe_load(path.read_text())
    if set(document) != {"exclusions"}:
        raise ValueError(f"{path.name} has other keys than exclusions: {', '.join(document)}")
    found: list[Exclusion] = []
    for rule, given in document["exclusions"].items():
        if rule not in rules:
            raise ValueError(f"{path.name}: there is no rule {rule}")
        found += _of_rule(path.name, rule, given or {})
    return found


def _of_rule(file: str, rule: str, given: Mapping[str, Any]) -> list[Exclusion]:
    reason = str(given.get("reason", "")).strip()
    if not reason.endswith("."):
        raise ValueError(f"{file}: {rule} is excluded without a reason that is a sentence")
    entries = given.get("entries") or [{}]
    for entry in entries:
        if set(entry) - KEYS:
            raise ValueError(f"{file}: {rule} has an entry with {', '.join(sorted(set(entry) - KEYS))}")
    return [Exclusion(rule, reason, tuple(entry.items())) for entry in entries]


def not_excused(problems: Iterable[Problem], exclusions: Iterable[Exclusion]) -> list[Problem]:
    """The problems that nothing excuses."""
    exclusions = list(exclusions)
    return [problem for problem in problems if not any(one.excuses(problem) for one in exclusions)]


def idle(problems: Iterable[Problem], exclusions: Iterable[Exclusion]) -> list[Exclusion]:
    """The exclusions that excuse nothing."""
    problems = list(problems)
    return [one for one in exclusions if not any(map(one.excuses, problems))]
