"""Single keys from a terminal, without waiting for Enter, and the terminal as it was afterwards."""

from __future__ import annotations

import codecs
import os
import re
import termios
from collections.abc import Iterator
from contextlib import suppress

_SEQUENCES = {
    "[A": "up", "OA": "up", "[B": "down", "OB": "down", "[C": "right", "OC": "right", "[D": "left", "OD": "left",
    "[H": "home", "OH": "home", "[1~": "home", "[7~": "home", "[F": "end", "OF": "end", "[4~": "end", "[8~": "end",
    "[5~": "page up", "[6~": "page down",
}  # fmt: skip
_CONTROLS = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x03": "ctrl-c", "\x0c": "ctrl-l",
    "\x15": "ctrl-u",
}  # fmt: skip
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\[O\x1b])")
_UNFINISHED = re.compile(r"\x1b(\[[0-?]*[ -/]*|O)?")
ESCAPE_SECONDS = 0.05
"""What of a sequence has not come within this time does not come: the key was Escape."""


class KeyDecoder:
    """Turns the bytes of a terminal into keys: a character, or a name such as "up", "escape" or "enter"."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a sequence has begun: it may be the key Escape."""
        return bool(self._rest)

    def keys(self, data: bytes) -> list[str]:
        """The keys that are complete; sequences that mean nothing to us are left out."""
        self._rest += self._decode.decode(data)
        return [key for key in self._complete() if key]

    def give_up(self) -> list[str]:
        """The keys in what does not become a sequence any more."""
        rest, self._rest = self._rest, ""
        return ["escape"] if rest == "\x1b" else []

    def _complete(self) -> Iterator[str]:
        while self._rest:
            if self._rest[0] != "\x1b":
                yield _named(self._rest[0])
                self._rest = self._rest[1:]
            elif match := _SEQUENCE.match(self._rest):
                yield _SEQUENCES.get(match[1], "")
                self._rest = self._rest[match.end() :]
            elif _UNFINISHED.fullmatch(self._rest) and len(self._rest) < 64:
                return
            else:
                yield "escape" if self._rest.startswith("\x1b\x1b") else ""
                self._rest = self._rest[1:]


def _named(character: str) -> str:
    if character in _CONTROLS:
        return _CONTROLS[character]
    return character if character.isprintable() else ""


class KeyMode:
    """The mode of a terminal in which each key comes at once and is not echoed; Ctrl-C and Ctrl-Z stay signals."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[int | list[bytes | int]] | None = None

    def enter(self) -> None:
        """Remembers the mode that the terminal is in, the first time, and changes it."""
        if self._before is None:
            self._before = termios.tcgetattr(self._fd)
        mode = termios.tcgetattr(self._fd)
        mode[0] = _flags(mode[0], termios.ICRNL, clear=termios.IXON)  # Ctrl-S is not to stop the screen for ever
        mode[3] = _flags(mode[3], termios.ISIG, clear=termios.ECHO | termios.ICANON | termios.IEXTEN)
        mode[6] = [*mode[6]] if isinstance(mode[6], list) else []
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSANOW, mode)

    def leave(self) -> None:
        """Restores the mode; keys that nobody has read are forgotten, not left to the shell."""
        if self._before is not None:
            with suppress(termios.error):  # the terminal may be gone
                termios.tcflush(self._fd, termios.TCIFLUSH)
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)
            self._before = None

    def read(self) -> bytes:
        """What was typed; nothing when the terminal is gone."""
        try:
            return os.read(self._fd, 4096)
        except OSError:
            return b""


def _flags(flags: int | list[bytes | int], wanted: int, clear: int) -> int:
    assert isinstance(flags, int)  # noqa: S101 - only the last of the seven is a list
    return (flags | wanted) & ~clear
