"""The rules of a stack: what is recorded, what is scored, and what alerts, as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus.detection.adaptive import STEP
from prometheus.detection.alerts import anomaly_alerts, watching_alerts
from prometheus.detection.bands import bands
from prometheus.detection.scores import playbook, scores
from prometheus.formats.directory import write_files
from prometheus.formats.plain import PLAIN, plain
from prometheus.objectives.budget import budget_groups
from prometheus.recording.recordings import recordings
from prometheus.rule import AlertRule, Recording, RuleFile, RuleGroup
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration

LONGEST_SCRAPE_INTERVAL = 15.0
LONGEST_EVALUATION_INTERVAL = 60.0


def rule_files(stack: Stack) -> tuple[RuleFile, ...]:
    """Every rule file; raises HqError for a stack that cannot be watched by these rules.

    All that leads to an alert is one group, evaluated in order: an anomaly is seen in the evaluation that records it.
    """
    if stack.prometheus.scrape_interval > LONGEST_SCRAPE_INTERVAL:
        raise HqError(
            f"prometheus.scrape_interval is {format_duration(stack.prometheus.scrape_interval)}, but the rules look at "
            "one minute and need four scrapes in it; make it 15s or less"
        )
    every = stack.prometheus.evaluation_interval
    if every > LONGEST_EVALUATION_INTERVAL:
        raise HqError(
            f"prometheus.evaluation_interval is {format_duration(every)}, but the rules read minutes of what they have "
            "recorded themselves; make it 1m or less"
        )
    return (
        RuleFile("anomalies", (_group("anomalies", every, recordings(stack), scores(stack), anomaly_alerts(stack)),)),
        RuleFile("bands", (_group("bands", STEP, bands(stack)),)),
        RuleFile("budgets", budget_groups(stack)),
        RuleFile("playbook", (_group("playbook", every, playbook(stack.links)),)),
        RuleFile("watching", (_group("watching", every, watching_alerts(stack)),)),
    )


def rule_texts(stack: Stack) -> dict[str, str]:
    """Every rule file by its name, as it is written."""
    return {f"{file.name}.yml": plain(file) for file in rule_files(stack)}


def write_rules(stack: Stack, directory: Path) -> None:
    """Writes the rule files into `directory`; raises HqError."""
    write_files(rule_texts(stack), directory, PLAIN)


def _group(name: str, every: float, *rules: Iterable[Recording | AlertRule]) -> RuleGroup:
    return RuleGroup(name, every, tuple(rule for some in rules for rule in some))
