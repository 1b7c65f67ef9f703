"""What the server answers, read strictly from its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn, TypeVar

from gates.replaying.codec import CodecError, Decoder
from hq.remote.errors import ServerError

T = TypeVar("T")


class AnswerError(ServerError):
    """An answer that is not what the API documents; the message says what it is instead, without the server's name."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 - whatever it holds
    """The JSON in a body: UTF-8, without NaN, infinities and keys that come twice; raises AnswerError."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_without_doubles
        )
    except (ValueError, RecursionError):
        raise AnswerError("JSON that breaks off or is not valid") from None


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises AnswerError."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise AnswerError("JSON that is not an object")
    return document


def read_as(hint: type[T], document: object, where: str, names: Mapping[str, object] | None = None) -> T:
    """The dataclass `hint` that an object holds, which may have more keys than that; raises AnswerError.

    `names` are the types that the dataclass names without importing them.
    """
    if isinstance(document, dict):
        wanted = {field.name for field in fields(hint)}  # type: ignore[arg-type] # a dataclass, always
        document = {key: value for key, value in document.items() if key in wanted}
    try:
        return Decoder(names or {}).decode(hint, document, where)
    except CodecError as error:
        raise AnswerError(f"what this dev-hq does not understand: {error}") from None


def read_text(document: Mapping[str, Any], key: str) -> str:
    """The text of a key; raises AnswerError."""
    text = document.get(key)
    if not isinstance(text, str):
        raise AnswerError(f"what this dev-hq does not understand: {key} is not text")
    return text


def read_rows(document: object, where: str) -> list[dict[str, Any]]:
    """A list of objects; raises AnswerError."""
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise AnswerError(f"what this dev-hq does not understand: {where} is not a list of objects")
    return document


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a key comes twice")
    return entries
