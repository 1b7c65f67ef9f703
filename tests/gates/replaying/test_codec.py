"""Dataclasses as JSON and back: everything comes back as it was, and nothing else is taken."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.replaying.codec import CodecError, Decoder, encode


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Square:
    side: float
    kind = Colour.RED


@dataclass(frozen=True)
class Circle:
    radius: Decimal
    kind = Colour.GREEN


@dataclass(frozen=True)
class Picture:
    name: str
    number: int
    is_framed: bool
    ratio: float
    price: Decimal | None
    colour: Colour
    corners: tuple[float, ...]
    labels: tuple[tuple[str, str], ...]
    bounds: tuple[float, float] | None
    shape: Square | Circle
    shapes: tuple[Square | Circle, ...] = ()


DECODER = Decoder({})
FLOATS = st.floats() | st.integers(-(2**53), 2**53)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
SHAPES = st.builds(Square, FLOATS) | st.builds(Circle, DECIMALS)
PICTURES = st.builds(
    Picture,
    st.text(),
    st.integers(),
    st.booleans(),
    FLOATS,
    DECIMALS | st.none(),
    st.sampled_from(Colour),
    st.lists(FLOATS).map(tuple),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
    st.tuples(FLOATS, FLOATS) | st.none(),
    SHAPES,
    st.lists(SHAPES).map(tuple),
)
PICTURE = Picture("sun", 1, True, 0.5, Decimal("1.50"), Colour.RED, (1.0,), (("a", "b"),), None, Circle(Decimal(2)))
ENCODED = {
    "name": "sun",
    "number": 1,
    "is_framed": True,
    "ratio": 0.5,
    "price": "1.50",
    "colour": "red",
    "corners": [1.0],
    "labels": [["a", "b"]],
    "bounds": None,
    "shape": {"kind": "green", "radius": "2"},
    "shapes": [],
}


@given(PICTURES)
def test_everything_comes_back_as_it_was(picture: Picture) -> None:
    written = json.dumps(encode(picture), allow_nan=False)
    read = DECODER.decode(Picture, json.loads(written), "picture")
    assert repr(read) == repr(picture)  # NaN is not equal to itself, and 1.50 is equal to 1.5


def test_what_is_written_can_be_read_by_people() -> None:
    assert encode(PICTURE) == ENCODED


@pytest.mark.parametrize(("number", "words"), [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf")])
def test_numbers_that_json_does_not_have_are_written_as_prometheus_does(number: float, words: str) -> None:
    assert encode(Square(number)) == {"kind": "red", "side": words}


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("name", 1, "picture.name is not text"),
        ("name", None, "picture.name is not text"),
        ("number", 1.0, "picture.number is not a whole number"),
        ("number", True, "picture.number is not a whole number"),
        ("is_framed", 1, "picture.is_framed is not true or false"),
        ("ratio", "0.5", "picture.ratio is not a number"),
        ("ratio", True, "picture.ratio is not a number"),
        ("ratio", "inf", "picture.ratio is not a number"),
        ("price", 1.5, "picture.price is not a decimal number in quotes"),
        ("price", "a lot", "picture.price is not a decimal number in quotes"),
        ("price", "NaN", "picture.price is not a decimal number in quotes"),
        ("colour", "blue", "picture.colour is none of red, green"),
        ("corners", "1.0", "picture.corners is not a list"),
        ("corners", ["1.0"], "picture.corners[0] is not a number"),
        ("labels", [["a", "b", "c"]], "picture.labels[0] has not 2 values"),
        ("bounds", [1.0], "picture.bounds has not 2 values"),
        ("shape", {"kind": "blue", "radius": "2"}, "picture.shape is of no kind that is known"),
        ("shape", [], "picture.shape is of no kind that is known"),
        ("shape", {"kind": "green", "side": 2.0}, "picture.shape has not the keys kind, radius"),
        ("shape", {"kind": "green", "radius": "2", "more": 1}, "picture.shape has not the keys kind, radius"),
    ],
)
def test_what_the_type_does_not_allow_is_refused(key: str, value: object, problem: str) -> None:
    with pytest.raises(CodecError) as refused:
        DECODER.decode(Picture, {**ENCODED, key: value}, "picture")
    assert str(refused.value) == problem


def test_what_has_no_place_in_json_is_not_written() -> None:
    with pytest.raises(TypeError, match="set has no place in evidence"):
        encode((1, {2}))
