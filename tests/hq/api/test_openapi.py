"""/openapi.json says what the server answers: every path, every token, every status, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from exporters.journal import Configured
from hq.api.application import Serving, create_app
from hq.api.errors import CODES
from hq.api.openapi.document import TAGS, rendered
from hq.api.openapi.events import schemas_of_events
from hq.api.reference.shipped import shipped_document
from stack.version import installed_version
from tests.hq.serving import Served, make_stack, serving

DOCUMENT = shipped_document()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
WITH_BODY = sorted(name for name, operation in OPERATIONS.items() if "requestBody" in operation)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("openapi")) as served:
        yield served


def application(tmp_path, **options: object) -> FastAPI:
    stack = make_stack(tmp_path)
    return create_app(Serving(stack, Configured([], []), tmp_path / "w", tmp_path / "t", **options))


def answers(operation: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """What an operation answers, references followed."""
    responses = DOCUMENT["components"]["responses"]
    return {
        int(status): responses[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for status, answer in operation["responses"].items()
    }


def test_every_route_is_described_and_nothing_else(tmp_path) -> None:
    routes = {
        f"{method} {route.path}"
        for route in iter_route_contexts(application(tmp_path).routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }
    assert OPERATIONS.keys() == {route for route in routes if not route.startswith("HEAD ")}
    assert {route for route in routes if route.startswith("HEAD ")} == {
        f"HEAD {path}" for path in ("/", "/api", "/metrics", "/openapi.json", "/-/healthy", "/-/ready")
    }


def test_what_is_served_is_the_document_byte_for_byte(served: Served) -> None:
    """Nothing in it depends on the stack, or on when it is asked for."""
    answer = served.get("/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == served.get("/openapi.json").body == rendered(DOCUMENT)


def test_it_is_a_document_of_openapi() -> None:
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)] == []


def test_it_says_what_it_is() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert (DOCUMENT["info"]["title"], DOCUMENT["info"]["version"]) == ("dev-hq", installed_version())
    assert len(DOCUMENT["info"]["description"]) > 500
    assert "servers" not in DOCUMENT
    assert [tag["name"] for tag in DOCUMENT["tags"]] == list(TAGS)
    assert {name for operation in OPERATIONS.values() for name in operation["tags"]} == set(TAGS)


def test_operations_have_names_that_stay() -> None:
    """Clients are generated from these: a name that is given is kept."""
    assert {name: operation["operationId"] for name, operation in OPERATIONS.items()} == {
        "GET /": "landing_page",
        "GET /-/healthy": "healthy",
        "GET /-/ready": "ready",
        "GET /api": "api",
        "GET /api/anomalies": "see_anomalies",
        "GET /api/anomalies/stream": "follow_anomalies",
        "GET /api/chaos/runs": "list_chaos_runs",
        "GET /api/chaos/runs/{run}": "get_chaos_run",
        "GET /api/chaos/runs/{run}/events": "follow_chaos_run",
        "GET /api/chaos/scenarios": "list_chaos_scenarios",
        "GET /metrics": "metrics",
        "GET /openapi.json": "openapi",
        "POST /api/alerts": "deliver_notifications",
        "POST /api/chaos/run": "start_chaos_run",
        "POST /api/chaos/stop": "stop_chaos_run",
        "POST /api/quality/check": "check_quality",
    }


def test_each_operation_names_its_token() -> None:
    named = {name: operation.get("security") for name, operation in OPERATIONS.items()}
    assert named.pop("POST /api/alerts") == [{"webhook": []}]
    assert named.pop("POST /api/quality/check") == [{"token": ["quality"]}]
    assert named.pop("POST /api/chaos/run") == named.pop("POST /api/chaos/stop") == [{"token": ["chaos"]}]
    shown = ("/", "/api", "/metrics", "/openapi.json", "/-/healthy", "/-/ready")
    assert [named.pop(f"GET {path}") for path in shown] == [None] * len(shown)
    assert named
    assert all(token == [{"token": ["read"]}] for token in named.values()), named


def test_beyond_loopback_pages_need_a_token_and_health_does_not(tmp_path) -> None:
    paths = application(tmp_path, open=False).openapi()["paths"]
    for path in ("/", "/api", "/metrics", "/openapi.json"):
        assert paths[path]["get"]["security"] == [{"token": ["read"]}]
        assert "401" in paths[path]["get"]["responses"]
    assert [paths[path]["get"].get("security") for path in ("/-/healthy", "/-/ready")] == [None, None]


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_says_what_it_does(name: str) -> None:
    operation = OPERATIONS[name]
    assert re.fullmatch(r"[A-Z].{5,60}[^.]", operation["summary"])
    assert operation["description"].rstrip().endswith((".", ":"))
    words = [answer["description"] for answer in answers(operation).values()]
    words += [
        parameter.get("description", "") for parameter in operation.get("parameters", ()) if parameter["in"] != "query"
    ]
    assert all(words)
    assert "Successful Response" not in words


STATUSES = {
    "GET /": {200},
    "GET /-/healthy": {200},
    "GET /-/ready": {200, 503},
    "GET /api": {200},
    "GET /api/anomalies": {200, 401, 500, 503},
    "GET /api/anomalies/stream": {200, 401, 500, 503},
    "GET /api/chaos/runs": {200, 401, 422, 500, 503},
    "GET /api/chaos/runs/{run}": {200, 401, 404, 422, 500, 503},
    "GET /api/chaos/runs/{run}/events": {200, 204, 401, 404, 422, 500, 503},
    "GET /api/chaos/scenarios": {200, 401, 500, 503},
    "GET /metrics": {200, 500},
    "GET /openapi.json": {200},
    "POST /api/alerts": {204, 401, 408, 413, 415, 500},
    "POST /api/chaos/run": {200, 202, 401, 404, 408, 409, 413, 415, 422, 500, 503},
    "POST /api/chaos/stop": {200, 202, 401, 404, 408, 413, 415, 422, 500, 503},
    "POST /api/quality/check": {200, 401, 408, 413, 415, 422, 500, 503},
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_lists_what_it_can_answer(name: str) -> None:
    """400 (the Host header) and 403 (a web page) can come everywhere. The wrong method is no operation, so no 405."""
    assert answers(OPERATIONS[name]).keys() == STATUSES[name] | {400, 403}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_refusal_has_the_one_shape_and_an_example_of_it(name: str) -> None:
    for status, answer in answers(OPERATIONS[name]).items():
        if status >= 400:
            content = answer["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
            assert content["example"]["error"]["code"] == CODES[status]
            assert content["example"]["error"]["message"]


def referred(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for part in schema.values():
            yield from referred(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from referred(part)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    found = set(referred(DOCUMENT))
    there = {
        f"#/components/{kind}/{name}"
        for kind, parts in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in parts
    }
    assert found == there


def models_of_bodies() -> Iterator[str]:
    for operation in OPERATIONS.values():
        parts = [operation.get("requestBody", {}), *(a for s, a in answers(operation).items() if s < 400)]
        for part in parts:
            schema = part.get("content", {}).get("application/json", {}).get("schema", {})
            yield from referred(schema)
            yield from referred(schemas_of_events(part))


@pytest.mark.parametrize("name", sorted({reference.rpartition("/")[2] for reference in models_of_bodies()}))
def test_each_model_has_an_example_that_is_one(name: str) -> None:
    examples = DOCUMENT["components"]["schemas"][name]["examples"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    check = jsonschema_rs.validator_for(schema)
    assert examples
    for example in examples:
        assert [str(error) for error in check.iter_errors(example)] == []


def test_no_title_repeats_a_name() -> None:
    assert '"title": "Window Seconds"' not in json.dumps(DOCUMENT)
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


@pytest.mark.parametrize("name", ["GET /api/chaos/runs/{run}/events", "GET /api/anomalies/stream"])
def test_a_stream_is_described_with_its_events(name: str) -> None:
    answer = answers(OPERATIONS[name])[200]
    assert list(answer["content"]) == ["text/event-stream"]
    assert answer["content"]["text/event-stream"]["example"].endswith("\n\n")
    events = {event["properties"]["event"]["const"] for event in schemas_of_events(answer)}
    assert events >= ({"run_finished", "end"} if "{run}" in name else {"snapshot", "started", "blind", "seeing"})


@pytest.mark.parametrize("path", sorted({name.partition(" ")[2] for name in OPERATIONS}))
def test_another_method_is_refused_and_those_that_there_are_are_named(served: Served, path: str) -> None:
    answer = served.send("PUT", path.replace("{run}", "r"))
    assert answer.error == (405, "method_not_allowed", "method not allowed")
    allowed = set(answer.headers["allow"].split(", "))
    assert allowed - {"HEAD"} == {name.partition(" ")[0] for name in OPERATIONS if name.partition(" ")[2] == path}


def test_the_webhook_needs_its_own_token_and_the_others_none_of_it(served: Served) -> None:
    assert served.ask("chaos", "POST", "/api/alerts", {}).error[:2] == (401, "unauthorized")
    shown = served.get("/api/chaos/runs", authorization=f"Bearer {served.token}")
    assert shown.error == (401, "unauthorized", "a bearer token is needed")


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_token_without_the_scope_is_refused(served: Served, name: str) -> None:
    scope = OPERATIONS[name]["security"][0].get("token")
    if scope:
        refusal = served.ask("read", "POST", name.partition(" ")[2], {}).error
        assert refusal[:2] == (403, "forbidden")
        assert scope[0] in refusal[2]
