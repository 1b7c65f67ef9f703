"""Examples: what a model looks like, and the curl command that asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from shlex import quote
from typing import Any

Json = Mapping[str, Any]


class Samples:
    """Examples of what is described by schemas."""

    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas

    def of_content(self, content: Json) -> Any:  # noqa: ANN401 - any JSON
        """The example of a body or an answer; None when there is none."""
        if "example" in content:
            return content["example"]
        for example in content.get("examples", {}).values():
            return example["value"]
        return self.of(content.get("schema", {}))

    def of(self, schema: Json) -> Any:  # noqa: ANN401 - any JSON
        """The first example of a schema, or of the model that it refers to."""
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rpartition("/")[2]])
        return next(iter(schema.get("examples", ())), None)


def curl(method: str, path: str, operation: Json, samples: Samples) -> str:
    """The command that asks, for a shell; the address and the token's file are those that dev-hq reads too."""
    words = ["curl --no-buffer" if _streams(operation) else "curl"]
    parameters = operation.get("parameters", ())
    if operation.get("security"):
        file = "var/webhook-token" if "webhook" in operation["security"][0] else '"$DEV_HQ_TOKEN_FILE"'
        words.append(f'--header "Authorization: Bearer $(cat {file})"')
    for parameter in parameters:
        if parameter["in"] == "header" and parameter.get("required"):
            words.append(f"--header '{parameter['name']}: {_value(parameter)}'")
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", _value(parameter))
    body = operation.get("requestBody")
    if body:
        sample = samples.of_content(body["content"]["application/json"])
        words += ["--header 'Content-Type: application/json'", f"--data {quote(json.dumps(sample))}"]
    return " \\\n  ".join([*words, f'"$DEV_HQ_SERVER{path}"'])


def _value(parameter: Json) -> str:
    return str(parameter.get("example", "NAME"))


def _streams(operation: Json) -> bool:
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
