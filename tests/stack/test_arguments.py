"""Durations and moments on a command line."""

from __future__ import annotations

import argparse

import pytest

from stack.arguments import duration, moment


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1.0), ("90s", 90.0), ("1h", 3600.0)])
def test_a_duration_within_its_bounds(text: str, seconds: float) -> None:
    assert duration(1, 3600)(text) == seconds


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("999ms", 'must be a duration from 1s to 1h, not "999ms"'),
        ("61m", 'must be a duration from 1s to 1h, not "61m"'),
        ("60", '"60" is not a duration; write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d'),
    ],
)
def test_a_duration_out_of_its_bounds(text: str, complaint: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        duration(1, 3600)(text)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", "1795341600", "1795341600.0"])
def test_a_moment_in_any_way_that_says_when(text: str) -> None:
    assert moment(text) == 1795341600.0


@pytest.mark.parametrize(
    "text", ["noon", "nan", "-1", "1e9", "2026-11-22T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31"]
)
def test_a_moment_that_says_no_zone_or_nothing(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        moment(text)
    assert str(caught.value) == (
        f'"{text}" is not a time; write it with its zone, like 2026-11-22T10:00:00Z, '
        "or as seconds since 1970, such as $(date +%s)"
    )
