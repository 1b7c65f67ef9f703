"""What rules are made of: recording and alerting rules, in groups, in files."""

from __future__ import annotations

from dataclasses import field

from stack.dataclass import dataclass


@dataclass(frozen=True)
class Recording:
    """One recording rule."""

    record: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule; `hold` and `keep_firing_for` in seconds."""

    alert: str
    expr: str
    hold: float
    labels: dict[str, str]
    annotations: dict[str, str]
    keep_firing_for: float = 0.0


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated one after another, every `interval` seconds."""

    name: str
    interval: float
    rules: tuple[Recording | AlertRule, ...]


@dataclass(frozen=True)
class RuleFile:
    """The groups of one file; its name is without a suffix, which the format adds."""

    name: str
    groups: tuple[RuleGroup, ...]
