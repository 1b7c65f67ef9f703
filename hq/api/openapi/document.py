"""The document: what FastAPI reads off the routes, and what holds for all of them.

A route says what is its own: summary, description, models, examples, the refusals that only it can answer. Added here
are those that the doors, the guard and the reading of a body make, each where it can come and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hq.api.errors import ErrorBody
from hq.api.openapi.events import EVENT_STREAM, schemas_of_events
from hq.api.openapi.examples import EXAMPLES, PARAMETERS
from hq.api.openapi.refusals import COMMON, Refused
from hq.api.openapi.schemas import move_model_out, tidy

Json = dict[str, Any]

SUMMARY = "Start and follow chaos runs, ask the gates, see anomalies, deliver notifications, scrape metrics."
DESCRIPTION = """\
What `dev-hq serve` answers for one stack.

Bodies are JSON objects in UTF-8 of at most 64 KiB (1 MiB for `/api/alerts`), sent as `application/json`. A key given \
twice, `NaN`, a number that is not finite and more than 16 levels are refused, and so is a field that is not described \
here, except by `/api/alerts`. Names are those that the stack defines; there is no field for a URL, a path or PromQL.

Every refusal has one shape, `{"error": {"code", "message"}}`: the code is for programs, the sentence for people. \
A request under a host name that is not served is refused, and so is one from a web page: one with `Origin`, or with \
a `Sec-Fetch-Site` of `cross-site` or `same-site`. A request that is no HTTP is refused by the server \
itself, in the same shape, and so is one whose headers are late (10 s) or longer than 16 KiB.

The scope that a token needs stands with each operation; `quality` and `chaos` include `read`. The token goes into \
the header `Authorization: Bearer TOKEN`. `/`, `/api`, `/openapi.json` and `/metrics` need a token of the scope read \
only when the server listens beyond loopback, `/-/healthy` and `/-/ready` never do. What needs a token of the \
scope read is also opened by a certificate that TLS has verified, and by the password of a user, where the \
`--web.config.file` of the server names any; these four then need one of the three on loopback too. `HEAD` is answered \
where `GET` is for these six.
"""
TAGS = {
    "chaos": "Runs of scenarios: start one, see it, follow it, stop it. "
    "Starting is off until `dev-hq serve --enable-chaos-api`.",
    "quality": "The gates: may this release go out?",
    "anomalies": "What is anomalous now, and what changes.",
    "notifications": "What Alertmanager delivers.",
    "pages": "What is scraped, and what describes this API.",
    "health": "What a supervisor asks. Nobody needs a token for it.",
}


def rendered(document: Json) -> bytes:
    """The document as it is sent."""
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def document_of(app: FastAPI) -> Json:
    """The whole document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=SUMMARY,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            schemas.update(_models_of_events(operation))
            if "requestBody" in operation:
                move_model_out(operation["requestBody"], schemas)
            for parameter in operation.get("parameters", ()):
                _complete(parameter)
            operation["responses"] = _answers(operation, schemas)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(_error_schemas())
    components["schemas"] = {name: _with_example(name, tidy(schema)) for name, schema in sorted(schemas.items())}
    components["responses"] = {refused.name: refused.response for refused in COMMON}
    return document


def _error_schemas() -> Json:
    schema = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ErrorBody": schema}


def _complete(parameter: Json) -> None:
    parameter["schema"].pop("title", None)
    if parameter["in"] == "header" and parameter["name"].islower():
        parameter["name"] = parameter["name"].title()
    if parameter["name"] in PARAMETERS:
        parameter.setdefault("example", PARAMETERS[parameter["name"]])


def _with_example(name: str, schema: Json) -> Json:
    return {"examples": [EXAMPLES[name]]} | schema if name in EXAMPLES else schema


def _models_of_events(operation: Json) -> Json:
    """The models of its events, which FastAPI does not know, taken out of their schemas."""
    answer = operation["responses"].get("200", {})
    events = schemas_of_events(answer)
    if events:
        answer["content"][EVENT_STREAM]["schema"].pop("type")  # FastAPI's guess: a text
    data = [event["properties"]["data"]["contentSchema"] for event in events]
    return {name: schema for of_event in data for name, schema in of_event.pop("$defs", {}).items()}


def _answers(operation: Json, schemas: Json) -> Json:
    """Every status that the operation can answer, in order."""
    own: Json = operation["responses"]
    if "HTTPValidationError" in json.dumps(own.get("422")):  # FastAPI's guess
        del own["422"]
    common = {str(refused.status): refused for refused in COMMON if refused.applies(operation, schemas)}
    answers = {
        status: _described(answer, schemas) if int(status) < 400 else _refusal(status, answer, common.get(status))
        for status, answer in own.items()
    }
    references = {status: refused.reference for status, refused in common.items() if status not in answers}
    return dict(sorted((answers | references).items()))


def _described(answer: Json, schemas: Json) -> Json:
    """The answer, described by its model unless its route says more."""
    model = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    if model and answer["description"] == "Successful Response":
        answer["description"] = schemas[model]["description"]
    return answer


def _refusal(status: str, own: Mapping[str, Any], common: Refused | None) -> Json:
    """A refusal of the operation's own, which may come for a common reason too."""
    content = own.get("content", {}).get("application/json", {})
    content["schema"] = {"$ref": "#/components/schemas/ErrorBody"}
    description = " ".join([own["description"], *([common.description] if common else [])])
    kept = {key: value for key, value in own.items() if key not in ("content", "description")}
    return {"description": description, **kept, "content": {"application/json": content}}
