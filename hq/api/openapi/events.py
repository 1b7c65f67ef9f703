"""How the OpenAPI document describes a stream: which events it sends, and what is in each.

OpenAPI 3.1 has no word for one item of a stream. What reads its documents takes the schema of such an answer for that
of each event, as browsers hand it over: `event`, `id` and `data`, whose text is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from hq.api.openapi.refusals import Answers

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class EventKind:
    """One kind of event: its name, when it comes, and the model of its data."""

    name: str
    when: str
    data: type[BaseModel]

    @property
    def schema(self) -> dict[str, Any]:
        """The event; its data comes with the `$defs` that it needs, which document.py puts among the others."""
        schema = self.data.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        name = self.data.__name__
        others = schema.pop("$defs", {})
        data = {"$ref": f"#/components/schemas/{name}", "$defs": {**others, name: schema}}
        return {
            "type": "object",
            "description": self.when,
            "properties": {
                "event": {"const": self.name},
                "id": {"type": "string"},
                "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": data},
            },
            "required": ["event", "data"],
        }


def sends(description: str, *kinds: EventKind, example: str) -> Answers:
    """For `responses` of a route that streams events."""
    schema = {"oneOf": [kind.schema for kind in kinds]}
    return {200: {"description": description, "content": {EVENT_STREAM: {"schema": schema, "example": example}}}}


def schemas_of_events(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What `sends` described, read back from the document; none for any other answer."""
    events: list[dict[str, Any]] = answer.get("content", {}).get(EVENT_STREAM, {}).get("schema", {}).get("oneOf", [])
    return events
