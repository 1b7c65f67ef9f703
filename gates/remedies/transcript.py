"""What a program prints, passed on to our standard error, as far as that is bearable."""

from __future__ import annotations

import codecs
import sys
from contextlib import suppress

SHOWN = 32 * 1024


class Transcript:
    """Passes on up to `SHOWN` bytes, each line behind the program's name; what is more is only counted."""

    def __init__(self, name: str) -> None:
        self._prefix = f"{name}: ".encode()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._room = SHOWN
        self._in_line = False
        self._left_out = 0

    def add(self, printed: bytes) -> None:
        """Takes what came next."""
        if not self._room:
            self._left_out += len(printed)
            return
        for line in printed.splitlines(keepends=True):
            self._add_line(line)

    def end(self) -> None:
        """Says what was left out."""
        self._write(self._decoder.decode(b"\n" if self._in_line else b"", final=True))
        if self._left_out:
            self._write(f"{self._prefix.decode()}… and {self._left_out:,} bytes more\n")

    def _add_line(self, line: bytes) -> None:
        prefix = b"" if self._in_line else self._prefix
        shown = (prefix + line)[: self._room]
        self._room -= len(shown)
        self._left_out += min(len(line), len(prefix + line) - len(shown))
        if shown:
            self._in_line = not shown.endswith(b"\n")
            self._write(self._decoder.decode(shown))

    def _write(self, words: str) -> None:
        if sys.stderr and words:
            with suppress(OSError):  # nobody reads; the remediation counts, not what it says
                sys.stderr.write(words)
                sys.stderr.flush()
