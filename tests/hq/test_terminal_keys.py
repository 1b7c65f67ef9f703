"""Keys: sequences that come in pieces, what each does, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.terminal.keys import KeyDecoder, KeyMode
from hq.terminal.view import View, Wish
from tests.hq.terminal_world import anomalous, calm, crowd, identities

KEYS = {
    b"q": ["q"],
    b"\x1b[A\x1b[B": ["up", "down"],
    b"\x1bOA": ["up"],
    b"\x1b[5~\x1b[6~": ["page up", "page down"],
    b"\x1b[1;5Cq": ["q"],  # Ctrl-Right means nothing, and is no "C"
    b"\x1b[<0;10;20Mq": ["q"],  # nor does the mouse
    b"\x1bq": [],  # Alt-q is not q
    b"\x1b\x1b[A": ["escape", "up"],
    b"\r\n\x7f\x08": ["enter", "enter", "backspace", "backspace"],
    b"\x03": ["ctrl-c"],
    b"\x00\x01": [],
    "é/".encode(): ["é", "/"],
    b"\xff": ["\N{REPLACEMENT CHARACTER}"],
}


@pytest.mark.parametrize("data", KEYS)
def test_keys(data: bytes) -> None:
    assert KeyDecoder().keys(data) == KEYS[data]


@pytest.mark.parametrize("data", KEYS)
def test_keys_that_come_byte_by_byte(data: bytes) -> None:
    decoder = KeyDecoder()
    assert [key for byte in data for key in decoder.keys(bytes([byte]))] == KEYS[data]


def test_escape_alone_is_a_key_once_nothing_follows() -> None:
    decoder = KeyDecoder()
    assert decoder.keys(b"\x1b") == []
    assert decoder.is_waiting
    assert decoder.give_up() == ["escape"]
    assert not decoder.is_waiting


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_no_bytes_break_the_decoder(pieces: list[bytes]) -> None:
    decoder, view = KeyDecoder(), View()
    for piece in pieces:
        for key in [*decoder.keys(piece), *decoder.give_up()]:
            view.press(key, crowd(services=3, anomalies=4))
    assert decoder.keys(b"q")[-1:] == ["q"]


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_single_keys_come_at_once_and_the_mode_is_restored(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    mode = KeyMode(theirs)
    mode.enter()
    mode.enter()  # as after SIGCONT
    os.write(ours, b"j")
    assert mode.read() == b"j"
    flags = termios.tcgetattr(theirs)[3]
    assert not flags & (termios.ECHO | termios.ICANON)
    assert flags & termios.ISIG
    mode.leave()
    assert termios.tcgetattr(theirs) == before
    mode.leave()


def test_a_terminal_that_is_gone_gives_no_key(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    fd = os.dup(theirs)
    mode = KeyMode(fd)
    mode.enter()
    os.close(fd)
    assert mode.read() == b""
    mode.leave()


def pressed(*keys: str) -> View:
    view = View()
    for key in keys:
        assert view.press(key, anomalous()) is Wish.NOTHING
    return view


def shown(view: View) -> list[str]:
    return identities(view.shown(anomalous().anomalies))


POOL, SERVICE = "upstream_failure storefront vendor-proxies", "error_spike storefront"


def test_filters() -> None:
    assert shown(pressed()) == [POOL, SERVICE]
    assert shown(pressed("s")) == [POOL, SERVICE]
    assert shown(pressed("v", "v")) == [POOL]
    assert shown(pressed("V")) == [POOL]
    assert shown(pressed("/", *"Spike", "enter")) == [SERVICE]
    assert shown(pressed("/", *"xyz")) == []
    assert shown(pressed("/", *"xyz", "escape")) == [POOL, SERVICE]
    assert shown(pressed("/", *"vendoq", "backspace")) == [POOL]
    assert shown(pressed("/", *"xyz", "ctrl-u")) == [POOL, SERVICE]
    assert shown(pressed("v", "v", "/", *"xyz", "enter", "c")) == [POOL, SERVICE]


def test_typing_quits_nothing() -> None:
    view = pressed("/", "q", "?", "p")
    assert view.text == "q?p"
    assert not view.paused
    assert view.press("ctrl-c", calm()) is Wish.QUIT


def test_services_go_round() -> None:
    view, seen = View(), crowd(services=3, anomalies=4)
    names = [(view.press("s", seen), view.service)[1] for _ in range(4)]
    assert names == ["service-00", "service-01", "service-02", ""]
    view.press("S", seen)
    assert view.service == "service-02"


@pytest.mark.parametrize(
    ("key", "wish"), [("q", Wish.QUIT), ("ctrl-c", Wish.QUIT), ("r", Wish.LOOK), ("x", Wish.NOTHING)]
)
def test_wishes(key: str, wish: Wish) -> None:
    assert View().press(key, None) is wish


def test_any_key_leaves_the_help() -> None:
    view = pressed("?")
    assert view.helping
    view.press("x", calm())
    assert not view.helping


def test_the_selection_follows_its_anomaly() -> None:
    seen = anomalous()
    view = View()
    view.press("down", seen)
    assert view.place(seen.anomalies) == 1
    assert view.place(seen.anomalies[::-1]) == 0, "it moved up"
    assert view.place(seen.anomalies[:1]) == 0, "it is gone"
    assert view.place([]) is None


def test_moving_stays_within() -> None:
    seen = crowd(services=3, anomalies=25)
    view = View()
    places = [
        (view.press(key, seen), view.index)[1] for key in ("up", "page down", "page down", "page down", "k", "g", "G")
    ]
    assert places == [0, 10, 20, 24, 23, 0, 24]
