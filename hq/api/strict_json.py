"""A JSON body read strictly: bounded in size, time and depth, and free of what JSON readers disagree about."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any, NoReturn

from starlette.requests import Request

from hq.api.errors import ApiError

MAX_DEPTH = 16
BODY_SECONDS = 10.0
NO_JSON = "the body must be application/json"
KEY_TWICE = "the body names a key twice"
LATE = "the body did not arrive within {:g} s"


class StrictRequest(Request):
    """A request whose JSON body has been read and found good before anybody asks for it."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes = body
        self._object = parse_object(body)

    @classmethod
    async def read(cls, request: Request, max_bytes: int) -> StrictRequest:
        """The same request with its body; raises ApiError."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, NO_JSON)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(request, max_bytes)
        except TimeoutError:
            raise ApiError(408, LATE.format(BODY_SECONDS)) from None
        return cls(request, body)

    async def body(self) -> bytes:
        return self._bytes

    async def json(self) -> dict[str, Any]:
        return self._object


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; raises ApiError for what is none, or is ambiguous, too deep or not finite."""
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise ApiError(400, "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ApiError(400, f"the body is not JSON: {error.msg} at line {error.lineno}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # a number with thousands of digits
        raise ApiError(400, "the body holds a number that is too long") from None
    if not isinstance(value, dict):
        raise ApiError(400, "the body must be a JSON object")
    _refuse_depth(value)
    return value


async def _read(request: Request, max_bytes: int) -> bytes:
    too_large = ApiError(413, f"the body is larger than {max_bytes // 1024} KiB")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ApiError(400, KEY_TWICE)
    return entries


def _refuse_constant(word: str) -> NoReturn:
    raise ApiError(400, f"the body holds {word}, which is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ApiError(400, "the body holds a number that is too large")
    return value


def _refuse_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> ApiError:
    return ApiError(400, f"the body is nested deeper than {MAX_DEPTH} levels")
