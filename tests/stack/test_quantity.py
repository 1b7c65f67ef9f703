from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.quantity import QuantityError, format_duration, format_percent, parse_duration, parse_percent

milliseconds = st.integers(min_value=0, max_value=30 * 365 * 86_400_000)
ratios = st.decimals(min_value=0, max_value=1, places=9)


@given(milliseconds=milliseconds)
def test_a_duration_written_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(number=st.integers(0, 10**6), unit=st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_the_form_written_is_no_longer_than_the_one_read(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    assert len(format_duration(parse_duration(text))) <= max(len(text), len("0s"))


@given(ratio=ratios)
def test_a_percentage_written_is_read_back_exactly(ratio: Decimal) -> None:
    assert parse_percent(format_percent(ratio)) == ratio


@given(text=st.text(max_size=12))
def test_any_other_text_is_refused(text: str) -> None:
    for parse in (parse_duration, parse_percent):
        read: float | Decimal | QuantityError
        try:
            read = parse(text)
        except QuantityError as error:
            read = error
        assert str(read).startswith(f'"{text}" ') if isinstance(read, QuantityError) else read >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300ms", 0.3), ("1.5s", 1.5), ("10m", 600), ("1h", 3600), ("30d", 2_592_000), ("1w", 604_800), ("0s", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90s"), (120, "2m"), (0.3, "300ms"), (0, "0s"), (0.0001, "0s"), (604_800, "1w"), (691_200, "8d")],
)
def test_durations_are_written_in_their_largest_exact_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-5s", "+5s", "5 s", "5S", "1m30s", "1e3s", "5s\n", "٣s", "1_0s", ".5s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(QuantityError) as error:
        parse_duration(text)
    assert str(error.value) == (
        f'"{text}" is not a duration; write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d'
    )


@pytest.mark.parametrize(
    ("text", "ratio"),
    [("99.5%", "0.995"), ("99.5", "0.995"), ("99.5 %", "0.995"), ("100%", "1"), ("0%", "0"), ("0.01%", "0.0001")],
)
def test_percentages(text: str, ratio: str) -> None:
    assert parse_percent(text) == Decimal(ratio)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.995", '"0.995" looks like a ratio; write it as a percentage, 99.5%'),
        ("100.1%", '"100.1%" is more than 100%'),
        ("99,5%", '"99,5%" is not a percentage; write it like 99.5%'),
        ("99.5%%", '"99.5%%" is not a percentage; write it like 99.5%'),
        ("99.5\n%", '"99.5\n%" is not a percentage; write it like 99.5%'),
        ("٩٩%", '"٩٩%" is not a percentage; write it like 99.5%'),
        ("-1%", '"-1%" is not a percentage; write it like 99.5%'),
        ("nan", '"nan" is not a percentage; write it like 99.5%'),
        ("", '"" is not a percentage; write it like 99.5%'),
    ],
)
def test_what_is_no_percentage(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as error:
        parse_percent(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.995, "99.5%"), (Decimal(1), "100%"), (Decimal(0), "0%"), (Decimal("0.10"), "10%"), (1e-7, "0.00001%")],
)
def test_percentages_are_written_without_trailing_zeros(ratio: Decimal | float, text: str) -> None:
    assert format_percent(ratio) == text
