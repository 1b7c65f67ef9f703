"""Refusals as the OpenAPI document has them: a route's own, and those that come for the same reason everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hq.api.doors import PASSWORDS_BUSY, UNKNOWN, WRONG_SCOPE
from hq.api.errors import BROKEN, error_body
from hq.api.guard import OTHER_HOST, WEB_PAGE
from hq.api.strict_json import BODY_SECONDS, KEY_TWICE, LATE, NO_JSON

Operation = Mapping[str, Any]
Schemas = Mapping[str, Any]
Answers = dict[int | str, dict[str, Any]]
RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}, "example": 10}
}


@dataclass(frozen=True)
class Refused:
    """A refusal: its name in the document, when an operation can answer it, and a sentence as it is sent."""

    name: str
    status: int
    applies: Callable[[Operation, Schemas], bool]
    description: str
    message: str
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> dict[str, str]:
        """What stands for it in an operation."""
        return {"$ref": f"#/components/responses/{self.name}"}

    @property
    def response(self) -> dict[str, Any]:
        """The refusal itself."""
        content = {
            "schema": {"$ref": "#/components/schemas/ErrorBody"},
            "example": error_body(self.status, self.message),
        }
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return {"description": self.description, **headers, "content": {"application/json": content}}


def refuses(status: int, description: str, message: str, headers: Mapping[str, Any] | None = None) -> Answers:
    """For `responses` of a route: a refusal of its own, with a sentence as it is sent."""
    content = {"application/json": {"example": error_body(status, message)}}
    return {status: {"description": description, "content": content} | ({"headers": headers} if headers else {})}


def _has_door(operation: Operation, schemas: Schemas) -> bool:
    return "security" in operation


def _has_scope(operation: Operation, schemas: Schemas) -> bool:
    return any(scopes for scheme in operation.get("security", ()) for scopes in scheme.values())


def _is_reading(operation: Operation, schemas: Schemas) -> bool:
    return any("read" in scopes for scheme in operation.get("security", ()) for scopes in scheme.values())


def _reads_body(operation: Operation, schemas: Schemas) -> bool:
    return "requestBody" in operation


def _validates(operation: Operation, schemas: Schemas) -> bool:
    """Whether a value can be of the wrong kind: any but a bare text, which a path or a header always is.

    A body in which anything may stand is read by its route, which says 400.
    """
    if any(_can_be_wrong(parameter) for parameter in operation.get("parameters", ())):
        return True
    if not _reads_body(operation, schemas):
        return False
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    named: str = schema.get("$ref", "").rpartition("/")[2]
    return schemas.get(named, schema).get("additionalProperties") is not True


def _can_be_wrong(parameter: Mapping[str, Any]) -> bool:
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind != {"type": "null"}]
    bare = all(kind.get("type") == "string" and not kind.keys() & _LIMITS for kind in kinds)
    return not bare or bool(parameter.get("required") and parameter["in"] != "path")


_LIMITS = frozenset({"pattern", "minLength", "maxLength", "format", "enum", "const"})

_HOST = "The Host header names no host that is served here."

COMMON = (
    Refused(
        "HostRefused", 400, lambda *of: not _reads_body(*of), _HOST,
        OTHER_HOST,
    ),
    Refused(
        "BodyRefused", 400, _reads_body,
        "The body is no JSON object in UTF-8, names a key twice, or holds a number that is not finite or more than "
        f"16 levels. {_HOST}",
        KEY_TWICE,
    ),
    Refused(
        "TokenRefused", 401, _has_door, "There is no bearer token, or none that is known.", UNKNOWN,
        {
            "WWW-Authenticate": {
                "description": "`Bearer`, and `Basic` before it where users have passwords.",
                "required": True,
                "schema": {"type": "string"},
            }
        },
    ),
    Refused(
        "PageRefused", 403, lambda *of: not _has_scope(*of), "The request comes from a web page.",
        WEB_PAGE,
    ),
    Refused(
        "ScopeRefused", 403, _has_scope,
        "The token has not the scope that is needed, or the request comes from a web page.",
        WRONG_SCOPE.format("chaos"),
    ),
    Refused(
        "BodyLate", 408, _reads_body, "The body did not arrive in time.", LATE.format(BODY_SECONDS),
    ),
    Refused(
        "BodyTooLarge", 413, _reads_body, "The body is larger than 64 KiB, or 1 MiB for `/api/alerts`.",
        "the body is larger than 64 KiB",
    ),
    Refused(
        "BodyNotJson", 415, _reads_body, "The body is not sent as `application/json`.",
        NO_JSON,
    ),
    Refused(
        "Invalid", 422, _validates, "A value is missing, not known or of the wrong kind; the sentence says which.",
        "window_seconds: input should be a valid number",
    ),
    Refused(
        "Broken", 500, _has_door, "Something went wrong here, and the log of `dev-hq serve` says what.",
        BROKEN,
    ),
    Refused(
        "PasswordsBusy", 503, _is_reading, "Many passwords are being checked, where users have any.",
        PASSWORDS_BUSY, RETRY_AFTER,
    ),
)  # fmt: skip
