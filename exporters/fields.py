"""The fields of a journal record, read by what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack.journal import finite


class UnreadableRecordError(ValueError):
    """A record of a known kind that lacks what its kind must have."""


def text(data: Mapping[str, Any], key: str) -> str:
    """A text that is not empty; raises UnreadableRecordError."""
    if not (value := text_or_nothing(data, key)):
        raise UnreadableRecordError(f"{key} must not be empty")
    return value


def text_or_nothing(data: Mapping[str, Any], key: str) -> str:
    """A text, which may be empty; raises UnreadableRecordError."""
    value = data.get(key)
    if not isinstance(value, str):
        raise UnreadableRecordError(f"{key} must be a text")
    return value


def texts(data: Mapping[str, Any], key: str) -> list[str]:
    """The texts of a list; none where there is no list of them."""
    values = data.get(key)
    return [value for value in values if isinstance(value, str) and value] if isinstance(values, list) else []


def choice(data: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    """One of a few words; raises UnreadableRecordError."""
    value = text(data, key)
    if value not in allowed:
        raise UnreadableRecordError(f"{key} must be one of {', '.join(allowed)}")
    return value


def number(data: Mapping[str, Any], key: str) -> float:
    """A number that must be there; raises UnreadableRecordError."""
    value = finite(data, key)
    if value is None:
        raise UnreadableRecordError(f"{key} must be a number")
    return value


def measured(data: Mapping[str, Any], key: str) -> float | None:
    """A number that cannot be below zero; one that is was not measured but made by a clock that was set back."""
    value = finite(data, key)
    return value if value is None or value >= 0 else None


def member(data: Mapping[str, Any]) -> int | None:
    """The number of a pool's member, or None for a service."""
    value = data.get("member")
    return value if isinstance(value, int) else None
