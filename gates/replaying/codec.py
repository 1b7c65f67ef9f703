"""Frozen dataclasses as JSON and back. What is read back has the types that the code declares, or is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
T = TypeVar("T")

_NAMES: dict[object, str] = {str: "text", bool: "true or false", int: "a whole number"}
_NOT_FINITE = {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}


class CodecError(ValueError):
    """What is read is not what the type demands; the message says where and what would be right."""


def encode(value: object) -> Json:
    """A dataclass, or a value of one, as JSON has it.

    Decimals are strings, as are NaN and infinities, the way Prometheus writes them. A dataclass whose class has a
    `kind` says it, so that it can be told from others.
    """
    if isinstance(value, Enum):
        return cast(Json, value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _words(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if is_dataclass(value):
        return {**_tag(type(value)), **{field.name: encode(getattr(value, field.name)) for field in fields(value)}}
    raise TypeError(f"{type(value).__name__} has no place in evidence")


class Decoder:
    """Reads what encode() made; `names` are the types that the dataclasses name without importing them.

    Fields that have a default may be missing: so evidence that was made before there was such a field can be read.
    """

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = dict(names)

    def decode(self, hint: type[T], data: object, where: str) -> T:
        """The value of the type `hint` that `data` encodes; raises CodecError, which calls it `where`."""
        return cast(T, self._value(hint, data, where))

    def _value(self, hint: object, data: object, where: str) -> object:
        origin = get_origin(hint)
        if origin in (Union, UnionType):
            return self._one_of(get_args(hint), data, where)
        if origin is tuple:
            return self._tuple(get_args(hint), data, where)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._dataclass(hint, data, where)
        return _scalar(hint, data, where)

    def _one_of(self, members: tuple[object, ...], data: object, where: str) -> object:
        if data is None and NoneType in members:
            return None
        members = tuple(member for member in members if member is not NoneType)
        if len(members) == 1:
            return self._value(members[0], data, where)
        kind = data.get("kind") if isinstance(data, dict) else None
        for member in members:
            if isinstance(member, type) and _tag(member) == {"kind": kind}:
                return self._dataclass(member, data, where)
        raise CodecError(f"{where} is of no kind that is known")

    def _tuple(self, items: tuple[object, ...], data: object, where: str) -> tuple[object, ...]:
        if not isinstance(data, list):
            raise CodecError(f"{where} is not a list")
        if len(items) == 2 and items[1] is Ellipsis:
            items = (items[0],) * len(data)
        if len(items) != len(data):
            raise CodecError(f"{where} has not {len(items)} values")
        return tuple(
            self._value(hint, item, f"{where}[{n}]") for n, (hint, item) in enumerate(zip(items, data, strict=True))
        )

    def _dataclass(self, hint: type[Any], data: object, where: str) -> object:
        if not isinstance(data, dict):
            raise CodecError(f"{where} is not an object")
        hints = get_type_hints(hint, localns=self._names)
        names = [field.name for field in fields(hint)]
        required = [field.name for field in fields(hint) if field.default is MISSING]
        tag = _tag(hint)
        is_whole = {*tag, *required} <= data.keys() <= {*tag, *names}
        if not is_whole or any(data[key] != value for key, value in tag.items()):
            raise CodecError(f"{where} has not the keys {', '.join([*tag, *names])}")
        return hint(**{name: self._value(hints[name], data[name], f"{where}.{name}") for name in names if name in data})


def _scalar(hint: object, data: object, where: str) -> object:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _member(hint, data, where)
    if hint is float:
        return _float(data, where)
    if hint is Decimal:
        return _decimal(data, where)
    if type(data) is not hint:
        raise CodecError(f"{where} is not {_NAMES.get(hint, 'what is due')}")
    return data


def _member(hint: type[Enum], data: object, where: str) -> Enum:
    try:
        return hint(data)
    except ValueError:
        raise CodecError(f"{where} is none of {', '.join(str(member.value) for member in hint)}") from None


def _float(data: object, where: str) -> float:
    if isinstance(data, str) and data in _NOT_FINITE:
        return _NOT_FINITE[data]
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise CodecError(f"{where} is not a number")
    return data  # a whole number stays one: it is written as it was


def _decimal(data: object, where: str) -> Decimal:
    try:
        number = Decimal(data) if isinstance(data, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise CodecError(f"{where} is not a decimal number in quotes")
    return number


def _tag(hint: type[Any]) -> dict[str, Json]:
    """What tells a class from others in a union."""
    own = getattr(hint, "kind", None)
    return {"kind": own.value} if isinstance(own, Enum) and "kind" not in hint.__dataclass_fields__ else {}


def _words(value: float) -> str:
    return next(
        words for words, number in _NOT_FINITE.items() if number == value or (words == "NaN" and math.isnan(value))
    )
