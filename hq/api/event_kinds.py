"""How the OpenAPI document describes a stream: which events it sends, and what is in each.

OpenAPI 3.1 has no words for this, so they stand under `x-events`, and as text in the example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from hq.api.refusals import Answers


@dataclass(frozen=True)
class EventKind:
    """One kind of event: its name, when it comes, and the model of its data."""

    name: str
    when: str
    data: type[BaseModel]

    @property
    def described(self) -> dict[str, Any]:
        """The event; its data comes with the `$defs` that it needs, which openapi.py puts among the others."""
        schema = self.data.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        name = self.data.__name__
        others = schema.pop("$defs", {})
        reference = {"$ref": f"#/components/schemas/{name}", "$defs": {**others, name: schema}}
        return {"event": self.name, "description": self.when, "data": reference}


def sends(description: str, *kinds: EventKind, example: str) -> Answers:
    """For `responses` of a route that streams events."""
    content = {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": description, "content": content, "x-events": [kind.described for kind in kinds]}}
