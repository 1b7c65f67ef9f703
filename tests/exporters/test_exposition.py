"""What a scrape asks for, however strangely it asks."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.exposition import OPENMETRICS, TEXT, choose_format, collection_seconds, pack, wants_gzip

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        pytest.param(PROMETHEUS_2, OPENMETRICS, id="prometheus-2"),
        pytest.param(PROMETHEUS_3, OPENMETRICS, id="prometheus-3"),
        pytest.param("", TEXT, id="nothing"),
        pytest.param("*/*", TEXT, id="anything"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", TEXT, id="browser"),
        pytest.param("application/openmetrics-text", OPENMETRICS, id="openmetrics"),
        pytest.param("APPLICATION/OpenMetrics-Text; Version=1.0.0", OPENMETRICS, id="capitals"),
        pytest.param("application/openmetrics-text;q=0", TEXT, id="openmetrics-refused"),
        pytest.param("application/openmetrics-text;q=0.2,text/plain;q=0.5", TEXT, id="text-preferred"),
        pytest.param("application/openmetrics-text; version=abc", TEXT, id="1-version-abc"),
        pytest.param("application/openmetrics-text; version=99.9", TEXT, id="2-version-99.9"),
        pytest.param("application/openmetrics-text; version=1..0", TEXT, id="3-version-1..0"),
        pytest.param("application/openmetrics-text; version=é", TEXT, id="3-version-é"),
        pytest.param("text/plain; version=x", TEXT, id="3-text-version-x"),
        pytest.param("\xff", TEXT, id="4-raw-0xff"),
        pytest.param("application/openmetrics-text;q=nan", TEXT, id="q-nan"),
        pytest.param("application/openmetrics-text;q=x,text/plain", TEXT, id="q-x"),
        pytest.param(";;;=,,=;", TEXT, id="punctuation"),
        pytest.param("," * 100_000, TEXT, id="100,000-commas"),
    ],
)
def test_the_format_is_one_of_two_whatever_is_asked_for(accept: str, chosen: str) -> None:
    assert choose_format(accept) == chosen


@given(st.text())
def test_no_header_is_too_strange(header: str) -> None:
    assert choose_format(header) in (TEXT, OPENMETRICS)
    assert wants_gzip(header) in (True, False)
    assert 0 < collection_seconds(header) < 120


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("gzip", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("deflate, gzip;q=0.1", True),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("", False),
        ("gzip;q=nan", False),
        ("GZIP", True),
    ],
)
def test_18_gzip_is_used_when_asked_for_and_not_when_refused(accept: str, wanted: bool) -> None:
    assert wants_gzip(accept) is wanted


def test_packing_the_same_gives_the_same() -> None:
    assert pack(b"a 1\n") == pack(b"a 1\n")
    assert gzip.decompress(pack(b"a 1\n")) == b"a 1\n"


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (None, 9.5),
        ("1", 0.75),
        ("10", 9.5),
        ("0.4", pytest.approx(0.3)),
        ("0.0001", pytest.approx(0.075)),
        ("1e9", 119.5),
        *[
            pytest.param(bad, 9.5, id=f"10-{bad!r}")
            for bad in ("nan", "inf", "-inf", "-1", "", "1e400", "0", "ten", "1x", "1,5")
        ],
        pytest.param("1_0", 9.5, id="10-underscore"),
    ],
)
def test_10_collecting_ends_before_the_scrape_times_out(timeout: str | None, seconds: float) -> None:
    assert collection_seconds(timeout) == seconds
