"""Numbers, bars and labels as a terminal gets them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.terminal.amounts import age, budget_left, per_second, percent, seconds, span
from hq.terminal.cells import UNICODE, fitted, wrapped
from hq.terminal.printable import printable
from hq.terminal.sparkline import ASCII_BARS, highest, sparkline


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("storefront", "storefront"),
        ("a\nb\r\n\tc", "a b c"),
        ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
        ("a\u202eb\u200bc", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301"),
        ("❤\ufe0f", "❤"),
        ("店舗", "店舗"),
    ],
)
def test_printable(given: str, shown: str) -> None:
    assert printable(given) == shown


def test_what_the_terminal_cannot_encode_is_a_question_mark() -> None:
    assert printable("caf\u00e9 店\x1b", "ascii") == "caf? ??"


@given(st.text(max_size=200))
def test_all_that_is_printable_is_printable(text: str) -> None:
    assert printable(text).isprintable()


def test_bars_end_with_the_newest_and_gaps_stay_gaps() -> None:
    assert sparkline([0, None, 1, 2, 3], 7, 3) == "  ▁ ▃▆█"
    assert sparkline([0, 1, 2, 3], 2, 3) == "▆█"
    assert sparkline([-1, 99], 2, 3, ASCII_BARS) == "_#"
    assert sparkline([1, 2], 0, 3) == ""
    assert sparkline([1], 1, 0) == "▁"


def test_small_noise_does_not_fill_the_bars() -> None:
    assert highest([0.001, 0.002], least=0.05) == 0.05
    assert highest([0.2, None], least=0.05) == 0.2
    assert highest([]) == 1.0
    assert highest([0.0]) == 1.0


def test_amounts() -> None:
    assert [percent(ratio) for ratio in (None, 0, 0.342, 0.9996, 1, -0.125, 12.5)] == [
        "?", "0.0%", "34.2%", "100%", "100%", "-12.5%", "1250%",
    ]  # fmt: skip
    assert [budget_left(ratio) for ratio in (None, 1.0, 0.99999, 0.5)] == ["?", "100%", "99.9%", "50.0%"]
    assert [per_second(rate) for rate in (None, 0, 0.5, 50.12, 999.6, 12_345, 2.5e6)] == [
        "?", "0/s", "0.50/s", "50.1/s", "1.00k/s", "12.3k/s", "2.50M/s",
    ]  # fmt: skip
    assert [seconds(duration) for duration in (None, 0.0231, 0.9999, 12.34, 75)] == [
        "?", "23ms", "1.00s", "12.3s", "1m15s",
    ]  # fmt: skip
    assert [age(duration) for duration in (-5, 41, 72, 11_100, 1_000_000, 9e6)] == [
        "0s", "41s", "1m12s", "3h05m", "11d13h", "104d",
    ]  # fmt: skip
    assert [span(duration) for duration in (120, 225)] == ["2m", "3m45s"]


def test_wide_characters_are_cut_by_their_width() -> None:
    assert fitted("店舗フロント", 6, UNICODE) == "店舗 …"
    assert fitted("店", 4, UNICODE, "right") == "  店"
    assert fitted("abc", 1, UNICODE) == "…"
    assert fitted("abc", 0, UNICODE) == ""


def test_what_does_not_fit_ends_with_an_ellipsis() -> None:
    assert wrapped("one two three four", 9, 2, UNICODE) == ["one two", "three fo…"]
    assert wrapped("one two", 20, 1, UNICODE) == ["one two"]
    assert wrapped("abcdefgh", 3, 5, UNICODE) == ["abc", "def", "gh"]
    assert wrapped("店店", 1, 5, UNICODE) == []
