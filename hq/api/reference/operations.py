"""The OpenAPI document as what a reader asks of it: operations by tag, what goes in, what comes out, and the models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hq.api.errors import CODES
from hq.api.openapi.events import schemas_of_events
from hq.api.reference.kinds import kind_of, limits_of, model_of
from hq.api.reference.samples import Samples, curl

Json = Mapping[str, Any]
ANYTHING = "Any JSON."


@dataclass(frozen=True)
class Field:
    """A row of a table: a parameter, or a field of a model. In `kind`, a model's name stands in braces."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Reply:
    """One status that an operation answers, with an example of what is sent."""

    status: int
    description: str
    kind: str
    example: str

    @property
    def title(self) -> str:
        """The status, and the code of a refusal."""
        return f"{self.status} {CODES.get(self.status, '')}".rstrip()


@dataclass(frozen=True)
class Operation:
    """What can be asked, and what it is answered.

    `needs` says which token, `refusals` names those of the reference that can come too.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs: str
    parameters: tuple[Field, ...]
    body: str
    command: str
    replies: tuple[Reply, ...]
    refusals: tuple[str, ...]
    events: tuple[Field, ...]


@dataclass(frozen=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Model:
    """What a body or an answer is made of: fields, or one of a few values."""

    name: str
    description: str
    fields: tuple[Field, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """All of it."""

    title: str
    version: str
    summary: str
    description: str
    schemes: tuple[tuple[str, str], ...]
    refusals: tuple[tuple[str, Reply], ...]
    groups: tuple[Group, ...]
    models: tuple[Model, ...]


def reference_of(document: Json) -> Reference:
    """The document, read."""
    info, components = document["info"], document["components"]
    operations = [
        (operation["tags"][0], _operation(method, path, operation, document))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    samples = Samples(components["schemas"])
    groups = (
        Group(tag["name"], tag["description"], tuple(one for name, one in operations if name == tag["name"]))
        for tag in document["tags"]
    )
    return Reference(
        info["title"],
        info["version"],
        info["summary"],
        info["description"],
        tuple((name, scheme["description"]) for name, scheme in components["securitySchemes"].items()),
        tuple((name, _reply(_status(reply), reply, samples)) for name, reply in components["responses"].items()),
        tuple(group for group in groups if group.operations),
        tuple(_model(name, schema) for name, schema in components["schemas"].items()),
    )


def _operation(method: str, path: str, operation: Json, document: Json) -> Operation:
    samples = Samples(document["components"]["schemas"])
    replies = operation["responses"]
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation["description"],
        " or ".join(_needs(operation)) or "nothing",
        tuple(map(_parameter, operation.get("parameters", ()))),
        model_of(operation.get("requestBody", {})),
        curl(method.upper(), path, operation, samples),
        tuple(_reply(int(status), reply, samples) for status, reply in replies.items() if "$ref" not in reply),
        tuple(reply["$ref"].rpartition("/")[2] for reply in replies.values() if "$ref" in reply),
        tuple(map(_event, schemas_of_events(replies.get("200", {})))),
    )


def _status(refusal: Json) -> int:
    code = refusal["content"]["application/json"]["example"]["error"]["code"]
    return next(status for status, name in CODES.items() if name == code)


def _needs(operation: Json) -> Iterator[str]:
    for scheme in operation.get("security", ()):
        for name, scopes in scheme.items():
            yield f"a {name}, scope {' and '.join(scopes)}" if scopes else f"the {name} token"


def _reply(status: int, reply: Json, samples: Samples) -> Reply:
    for media, content in reply.get("content", {}).items():
        kind = kind_of(content.get("schema", {})) if media == "application/json" else media
        example = samples.of_content(content)
        text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
        return Reply(status, reply["description"], kind, "" if example is None else text.rstrip("\n"))
    return Reply(status, reply["description"], "", "")


def _parameter(parameter: Json) -> Field:
    schema = parameter["schema"]
    words = _sentences(f"In the {parameter['in']}.", parameter.get("description", ""), *limits_of(schema))
    return Field(parameter["name"], kind_of(schema), parameter.get("required", False), words)


def _event(event: Json) -> Field:
    parts = event["properties"]
    return Field(parts["event"]["const"], kind_of(parts["data"]["contentSchema"]), True, event["description"])


def _model(name: str, schema: Json) -> Model:
    required = schema.get("required", ())
    fields = tuple(
        Field(
            field, kind_of(part), field in required, " ".join([part.get("description", ""), *limits_of(part)]).strip()
        )
        for field, part in schema.get("properties", {}).items()
    )
    return Model(name, schema.get("description", ""), fields, tuple(map(str, schema.get("enum", ()))))


def _sentences(*words: str) -> str:
    return " ".join(filter(None, words))
