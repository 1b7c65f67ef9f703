"""Colours and words in the shape in which Grafana configures fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from grafana.colours import UNKNOWN, Step, Word


def scale(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps as Grafana has them: UNKNOWN is the base, which also colours a panel without data."""
    return [{"color": UNKNOWN, "value": None}, *({"color": step.colour, "value": step.at} for step in steps)]


def mappings(words: Iterable[Word]) -> list[dict[str, Any]]:
    """The words as Grafana's value mappings."""
    values, special = {}, []
    for place, word in enumerate(words):
        result = {"text": word.text, "color": word.colour, "index": place}
        if word.of is None:
            special.append({"type": "special", "options": {"match": "null", "result": result}})
        else:
            values[word.of if isinstance(word.of, str) else f"{word.of:g}"] = result
    return [*([{"type": "value", "options": values}] if values else []), *special]


def captioned(caption: str) -> list[dict[str, Any]]:
    """Grafana's value mapping that writes the caption in place of whatever there is."""
    return [{"type": "regex", "options": {"pattern": ".+", "result": {"text": caption, "index": 0}}}]
