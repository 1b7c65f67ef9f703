"""Schemas as a reader wants them: no title that repeats the name, no whole number with a point, no model in line."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def move_model_out(body: Json, schemas: Json) -> None:
    """Moves a model that stands in a request's body to the others, under its title."""
    media = body["content"]["application/json"]
    if "properties" in media["schema"]:
        name = media["schema"]["title"]
        schemas[name] = media["schema"]
        media["schema"] = {"$ref": f"#/components/schemas/{name}"}


def tidy(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """The same schema, for the same values."""
    if isinstance(schema, list):
        return [tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return int(schema) if isinstance(schema, float) and schema.is_integer() else schema
    return {
        key: {name: tidy(_untitled(part)) for name, part in value.items()}
        if key == "properties"
        else value
        if key in ("example", "examples", "default")
        else tidy(value)
        for key, value in schema.items()
    }


def _untitled(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "title"}
