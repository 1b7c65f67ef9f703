"""The one shape in which the HTTP API says no: `{"error": {"code", "message"}}`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from stack.errors import HqError

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    431: "too_large",
    500: "internal",
    503: "unavailable",
}

BROKEN = "something went wrong here; the log says what"
SEE_LOG = "the log of dev-hq serve says why"

_log = logging.getLogger("dev-hq.api")


class Refusal(BaseModel):
    """Why a request was refused: a code for programs, and a sentence for people."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The answer to every request that is refused."""

    error: Refusal


class ApiError(Exception):
    """A request that is refused, with the status and the sentence that say why."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def logged(status: int, message: str, error: HqError) -> ApiError:
    """The refusal for the client, who learns no paths; they are in the log."""
    _log.warning("%s", error)
    return ApiError(status, f"{message}; {SEE_LOG}")


def error_body(status: int, message: str) -> dict[str, Any]:
    """What a refused request is answered, as JSON."""
    return {"error": {"code": CODES.get(status, "error"), "message": message}}


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a refused request."""
    return JSONResponse(error_body(status, message), status, headers=headers)


async def _refused(request: Request, error: ApiError) -> Response:
    return error_response(error.status, str(error), error.headers)


async def _not_served(request: Request, error: HTTPException) -> Response:
    return error_response(error.status_code, error.detail.lower(), error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    return error_response(422, "; ".join(map(_sentence, error.errors())))


def _sentence(mistake: Mapping[str, Any]) -> str:
    """One mistake of a request: where, and what would be right; what was sent is not repeated."""
    where = ".".join(str(step) for step in mistake["loc"][1:]) or "the body"
    words: str = mistake["msg"]
    return f"{where}: {words[:1].lower()}{words[1:]}"


async def _gone(request: Request, error: Exception) -> Response:
    return error_response(400, "the client left before its request was complete")


async def _broken(request: Request, error: Exception) -> Response:
    return error_response(500, BROKEN)


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    ApiError: _refused,
    HTTPException: _not_served,
    RequestValidationError: _invalid,
    ClientDisconnect: _gone,
    Exception: _broken,
}
