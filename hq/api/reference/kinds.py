"""The type of a value and its limits, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def model_of(body: Json) -> str:
    """The name of a request's model in braces, or nothing when there is no body."""
    for content in body.get("content", {}).values():
        return kind_of(content["schema"])
    return ""


def kind_of(schema: Json) -> str:
    """The type of a value; a model's name stands in braces."""
    for key, words in _BY_KEY.items():
        if key in schema:
            return words(schema[key])
    if schema.get("type") == "string" and schema.get("format") == "date-time":
        return "time"
    return _WORDS.get(schema.get("type", ""), "anything")


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}
_BY_KEY: Mapping[str, Callable[[Any], str]] = {
    "$ref": lambda reference: "{" + reference.rpartition("/")[2] + "}",
    "anyOf": lambda kinds: " or ".join(map(kind_of, kinds)),
    "const": lambda value: f"`{value}`",
    "enum": lambda values: ", ".join(f"`{value}`" for value in values),
    "prefixItems": lambda items: f"list of {' and '.join(map(kind_of, items))}",
    "items": lambda item: f"list of {kind_of(item)}",
    "additionalProperties": lambda kind: f"object of {kind_of(kind)}" if isinstance(kind, Mapping) else "object",
}


def limits_of(schema: Json) -> Iterator[str]:
    """A sentence for each limit of a value, and its default."""
    for part in schema.get("anyOf", [schema]):
        yield from _own_limits(part)
        if "items" in part:
            yield from (f"Each: {sentence[:1].lower()}{sentence[1:]}" for sentence in _own_limits(part["items"]))
    if schema.get("default") not in (None, {}):
        yield f"Default: `{_literal(schema['default'])}`."


def _own_limits(schema: Json) -> Iterator[str]:
    words = {
        "exclusiveMinimum": "More than {}.",
        "minimum": "At least {}.",
        "exclusiveMaximum": "Less than {}.",
        "maximum": "At most {}.",
        "minLength": "At least {} characters.",
        "maxLength": "At most {} characters.",
        "minItems": "At least {} of them.",
        "maxItems": "At most {} of them.",
        "pattern": "Pattern: `{}`.",
    }
    for key, sentence in words.items():
        if key in schema and not (key.endswith("Items") and "prefixItems" in schema):
            yield sentence.format(schema[key]).replace("At least 1 characters.", "Not empty.")


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
