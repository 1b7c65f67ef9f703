"""What the last record of a run says of its dose, impact, alerts and points; older records say nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from exporters.fields import UnreadableRecordError, choice, measured, text

PARTS = ("impact", "detection", "recovery")
VERDICTS_ON_ALERTS = ("detected", "late", "missed", "not_due", "allowed", "false_alarm")

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Dose:
    """Of the requests that could be hit, the share that was asked for and that was measured; None is not known."""

    asked: float | None
    measured: float | None
    verified: bool | None


@dataclass(frozen=True)
class Impact:
    """The share of requests that broke an objective, before the faults and during them, and the burn rate of that."""

    before: float | None
    during: float | None
    burn_rate: float | None


@dataclass(frozen=True)
class Alert:
    """What became of an alert, times in seconds after the first fault."""

    verdict: str
    due: float | None
    fired: float | None
    notified: float | None


@dataclass(frozen=True)
class Points:
    """The points of a part of the score, and how many there are."""

    points: float | None
    possible: float | None


@dataclass(frozen=True)
class Evidence:
    """What was found: doses by fault and target, impacts by objective, alerts by type, points by part.

    What of it cannot be read is left out, and it is `damaged`.
    """

    doses: Mapping[tuple[str, str], Dose] = field(default_factory=dict)
    impacts: Mapping[str, Impact] = field(default_factory=dict)
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    points: Mapping[str, Points] = field(default_factory=dict)
    damaged: bool = False


def read_evidence(data: Mapping[str, Any]) -> Evidence:
    """The evidence in a record of a run's end."""
    doses, no_dose = _each(data, "doses", _dose)
    impacts, no_impact = _each(data, "impacts", _impact)
    alerts, no_alert = _each(data, "alerts", _alert)
    points, no_points = _each(data, "parts", _points)
    return Evidence(doses, impacts, alerts, points, no_dose or no_impact or no_alert or no_points)


def _each(
    data: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], tuple[Name, Value]]
) -> tuple[dict[Name, Value], bool]:
    """What can be read of a list, and whether some of it cannot be."""
    items = data.get(key, [])
    if not isinstance(items, list):
        return {}, True
    found, damaged = {}, False
    for item in items:
        try:
            if not isinstance(item, dict):
                raise UnreadableRecordError(f"{key} must hold objects")
            name, value = read(item)
            found[name] = value
        except UnreadableRecordError:
            damaged = True
    return found, damaged


def _dose(item: Mapping[str, Any]) -> tuple[tuple[str, str], Dose]:
    verified = item.get("verified")
    if verified is not None and not isinstance(verified, bool):
        raise UnreadableRecordError("verified must be true, false or null")
    dose = Dose(_number(item, "asked"), _number(item, "measured"), verified)
    return (text(item, "fault"), text(item, "chaos_target")), dose


def _impact(item: Mapping[str, Any]) -> tuple[str, Impact]:
    impact = Impact(_number(item, "before"), _number(item, "during"), _number(item, "burn_rate"))
    return text(item, "objective"), impact


def _alert(item: Mapping[str, Any]) -> tuple[str, Alert]:
    times = [_number(item, f"{name}_seconds") for name in ("due", "fired", "notified")]
    return text(item, "anomaly_type"), Alert(choice(item, "verdict", VERDICTS_ON_ALERTS), *times)


def _points(item: Mapping[str, Any]) -> tuple[str, Points]:
    return choice(item, "part", PARTS), Points(_number(item, "points"), _number(item, "of"))


def _number(item: Mapping[str, Any], key: str) -> float | None:
    """A number that cannot be below zero, or None where there is none; raises UnreadableRecordError for another."""
    value = measured(item, key)
    if value is None and item.get(key) is not None:
        raise UnreadableRecordError(f"{key} must be a number, at least 0")
    return value
