"""Dataclasses that are frozen, and quick to make.

`dataclass(frozen=True)` of the standard library compiles six methods for every class. A check makes some seventy
classes before it asks anything, and a tenth of its time went there. Here one method of a class is compiled, and the
others are the same functions for all classes. What such a class can do is the same.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: Any = None, /, *, frozen: bool = False, order: bool = False, **options: Any) -> Any:  # noqa: ANN401
        """As in the standard library."""
        if order or not frozen:
            return dataclasses.dataclass(cls, frozen=frozen, order=order, **options)
        return lambda cls: _frozen(cls, options)


Made = TypeVar("Made")


def _frozen(cls: type[Made], options: dict[str, Any]) -> type[Made]:
    if any(map(dataclasses.is_dataclass, cls.__bases__)):  # these and their children must be made in the same way
        return dataclasses.dataclass(frozen=True, **options)(cls)
    made = dataclasses.dataclass(eq=False, repr=False, **options)(cls)
    made.__dataclass_params__.frozen = True  # type: ignore[attr-defined]
    for name, method in _METHODS.items():
        if name not in made.__dict__:
            setattr(made, name, method)
    return made


def _set(self: Any, name: str, value: object) -> None:  # noqa: ANN401
    """What __init__ does, once for each field."""
    if name in self.__dict__ or name not in self.__dataclass_fields__:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    self.__dict__[name] = value


def _delete(_self: Any, name: str) -> None:  # noqa: ANN401
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _equal(self: Any, other: object) -> bool:  # noqa: ANN401
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:  # noqa: ANN401
    return hash(_compared(self))


def _compared(self: Any) -> tuple[object, ...]:  # noqa: ANN401
    return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.compare)


def _represent(self: Any) -> str:  # noqa: ANN401
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


_METHODS = {
    "__setattr__": _set,
    "__delattr__": _delete,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _represent,
}
