"""Numbers as people read them."""

import pytest

from gates.wording import count, length, percent, span


@pytest.mark.parametrize(
    ("number", "words"), [(6021.3, "6,021"), (0.0, "0"), (3.0, "3"), (9.4, "9.4"), (1e9, "1,000,000,000")]
)
def test_count(number: float, words: str) -> None:
    assert count(number) == words


@pytest.mark.parametrize(
    ("ratio", "limit", "words"),
    [
        (0.9993, 0.995, "99.93%"),
        (0.99499996, 0.995, "99.499996%"),
        (0.995, 0.995, "99.5%"),
        (1.0, 0.995, "100%"),
        (-2.5, 0.0, "-250%"),
        (0.33333333, None, "33.33%"),
    ],
)
def test_a_percentage_is_never_rounded_onto_its_limit(ratio: float, limit: float | None, words: str) -> None:
    assert percent(ratio, limit) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "500ms"),
        (2.5, "2500ms"),
        (60.0, "1m"),
        (90.0, "90s"),
        (97.5, "1m 38s"),
        (600.0, "10m"),
        (614.297, "10m 14s"),
        (635.0, "10m 35s"),
        (5400.0, "90m"),
        (2592000.0, "30d"),
    ],
)
def test_length(seconds: float, words: str) -> None:
    assert length(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0s"), (57, "57s"), (725, "12m 5s"), (3600, "1h"), (183_700, "2d 3h"), (86_460, "1d")]
)
def test_span(seconds: float, words: str) -> None:
    assert span(seconds) == words
