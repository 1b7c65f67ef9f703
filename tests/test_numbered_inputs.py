"""Each bad input of HTTP, the collectors and the API has a test that bears its number.

The numbers are those of a list of 84 bad inputs, of which 1 to 32 and 48 to 65 are about HTTP. A test is called
`test_N_…`, or one of its parameters has an id that begins with `N-`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

INPUTS = {
    1: "Accept with version=abc",
    2: "Accept with version=99.9",
    3: "Accept with version=1..0",
    4: "raw 0xff in Accept",
    5: "raw 0xff in the query",
    6: "a header of 200 kB",
    7: "POST, DELETE and HEAD on /metrics",
    8: "/metrics/../../etc/passwd",
    9: "name[] 10,000 times",
    10: "a scrape timeout of nan, inf, -1, nothing or 1e400",
    11: "the client closes in the middle of its body",
    12: "two scrapes at once",
    13: "400 half-sent requests",
    14: "an idle connection to the TLS port",
    15: "plain HTTP to the TLS port",
    16: "a client certificate that is expired, of another CA or missing",
    17: "the certificate's file replaced while it is served",
    18: "gzip asked for, and refused",
    19: "a collector that raises",
    20: "a collector that hangs past the deadline",
    21: "a collector that raises half-way",
    22: "duplicate series",
    23: "a duplicate family",
    24: "interleaved families",
    25: "NaN and infinity as values",
    26: "a counter that goes down",
    27: "a counter increased by NaN or less than nothing",
    28: "label values: half a surrogate pair, NUL, newline, quote, 1 MB, None, bytes",
    29: "10,001 label values",
    30: "label names: le, __x, a-b, empty",
    31: "names with a newline, a space, a colon",
    32: "HELP with a newline",
    48: "no token, another, é",
    49: "the token in the query string",
    50: "the wrong scope",
    51: "Host: another, absent, with a port, IPv6",
    52: "Origin",
    53: "a JSON body as text/plain",
    54: "a body one byte over the cap, by length and in chunks",
    55: "a deep body",
    56: "a key twice",
    57: "NaN, 1e999, 5,000 digits, true for a number",
    58: "a body in UTF-16 or with a byte order mark",
    59: "an unknown field",
    60: "names: ../x, x and a newline, X, 64 characters, empty, a look-alike",
    61: "durations: 0, -1, 1e9",
    62: "the same idempotency key again, and with another body",
    63: "a run while one is active",
    64: "the client leaves during a run",
    65: "a slow body",
}
NUMBERED = re.compile(r"def test_(\d+)_\w|\bid=f?\"(\d+)-|^\s+f?\"(\d+)-[^\"]*\":", re.MULTILINE)
HERE = Path(__file__)


def numbers() -> dict[int, set[str]]:
    """Which files have a test of each number."""
    found: dict[int, set[str]] = {}
    for file in sorted(set(HERE.parent.rglob("test_*.py")) - {HERE}):
        for match in NUMBERED.finditer(file.read_text()):
            found.setdefault(int(next(filter(None, match.groups()))), set()).add(file.name)
    return found


FOUND = numbers()


@pytest.mark.parametrize("number", INPUTS)
def test_each_bad_input_has_a_test_with_its_number(number: int) -> None:
    assert FOUND.get(number), f"no test_{number}_… and no id that begins with {number}-: {INPUTS[number]}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("def test_13_half_sent(served):", 13),
        ('pytest.param(b"x", id="4-raw-0xff"),', 4),
        ('    "57-nan": (b"NaN", 400),', 57),
        ("def test_13half(served):", None),
        ('id="10,000-commas"', None),
    ],
)
def test_a_number_is_seen(text: str, number: int | None) -> None:
    match = NUMBERED.search(text)
    assert (int(next(filter(None, match.groups()))) if match else None) == number
