"""Our frozen dataclasses can do what those of the standard library can."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from stack.dataclass import dataclass


@dataclass(frozen=True)
class Point:
    """Ours."""

    x: float
    y: float = 0.0
    names: tuple[str, ...] = dataclasses.field(default_factory=tuple)
    remembered: int = dataclasses.field(default=0, compare=False, repr=False)

    kind = "point"

    def moved(self) -> Point:
        return dataclasses.replace(self, x=self.x + 1)


@dataclass(frozen=True)
class Child(Point):
    """Made as the standard library makes it."""

    z: float = 1.0


@dataclasses.dataclass(frozen=True)
class Stranger(Point):
    """The standard library's own."""

    z: float = 1.0


@dataclass(frozen=True, kw_only=True, order=True)
class Ordered:
    """Neither is one that is ordered ours."""

    x: float


@pytest.mark.parametrize("made", [Point, Child, Stranger])
def test_nothing_can_be_changed(made: type[Point]) -> None:
    point = made(1.0)
    for name in ("x", "y", "kind", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(point, name, 2.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point == made(1.0)


@pytest.mark.parametrize("made", [Point, Child, Stranger])
def test_equal_are_those_of_one_class_with_equal_fields(made: type[Point]) -> None:
    assert made(1.0, names=("a",)) == made(1.0, names=("a",), remembered=7)
    assert hash(made(1.0, names=("a",))) == hash(made(1.0, names=("a",), remembered=7))
    assert made(1.0) != made(2.0)
    assert made(1.0) != (1.0, 0.0, ())
    assert made(1.0).moved() == made(2.0)
    assert Point(1.0) != Child(1.0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(made([]))


def test_it_shows_its_fields() -> None:
    assert repr(Point(1.0)) == "Point(x=1.0, y=0.0, names=())"
    assert repr(Child(1.0)) == "Child(x=1.0, y=0.0, names=(), z=1.0)"


def test_it_is_a_dataclass_to_everybody() -> None:
    point = Point(1.0, 2.0, ("a",))
    assert dataclasses.asdict(point) == {"x": 1.0, "y": 2.0, "names": ("a",), "remembered": 0}
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - we dumped it
    match point:
        case Point(x, y):
            assert (x, y) == (1.0, 2.0)
    assert Ordered(x=1.0) < Ordered(x=2.0)
