"""Text in columns, by the cells that it takes on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from hq.terminal.sparkline import ASCII_BARS, BARS
from stack.dataclass import dataclass


@dataclass(frozen=True)
class Glyphs:
    """What is drawn beside letters."""

    bars: str
    more: str
    mark: str
    through: str
    between: str
    caret: str
    arrows: str


UNICODE = Glyphs(bars=BARS, more="…", mark="▌", through=" → ", between=" · ", caret="▏", arrows="↑↓")
ASCII = Glyphs(bars=ASCII_BARS, more="~", mark=">", through=" > ", between=" - ", caret="_", arrows="jk")


@dataclass(frozen=True)
class Cell:
    """Text that fills exactly `width` cells of a line."""

    text: str
    width: int
    style: str = ""
    side: Literal["left", "right"] = "left"


def fitted(text: str, width: int, glyphs: Glyphs, side: str = "left") -> str:
    """The text in exactly `width` cells, with an ellipsis where its end is missing."""
    taken = cell_len(text)
    if taken > width:
        text = set_cell_size(text, width - 1) + glyphs.more if width > 1 else glyphs.more[:width]
        return set_cell_size(text, max(0, width))
    gap = " " * (width - taken)
    return gap + text if side == "right" else text + gap


def line(cells: Iterable[Cell], glyphs: Glyphs, gap: str = " ") -> Text:
    """The cells beside each other; those without width are left out."""
    made = Text(no_wrap=True, overflow="crop")
    for cell in cells:
        if cell.width > 0:
            if made:
                made.append(gap)
            made.append(fitted(cell.text, cell.width, glyphs, cell.side), cell.style)
    return made


def words(width: int, glyphs: Glyphs, *parts: tuple[str, str]) -> Text:
    """Parts of a sentence, each with its style, cut to `width` cells."""
    made = Text(no_wrap=True, overflow="crop")
    left = width
    for text, style in parts:
        if left > 0 and text:
            shown = fitted(text, min(cell_len(text), left), glyphs)
            made.append(shown, style)
            left -= cell_len(shown)
    return made


def wrapped(text: str, width: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The text in at most `rows` lines of `width` cells, with an ellipsis where its end is missing."""
    if width < 1 or rows < 1:
        return []
    lines = list(_lines(text, width))
    if len(lines) <= rows:
        return lines
    last = fitted(f"{lines[rows - 1]} {lines[rows]}", width, glyphs).rstrip()
    if not last.endswith(glyphs.more):
        last = fitted(last, min(width - 1, cell_len(last)), glyphs) + glyphs.more
    return [*lines[: rows - 1], last]


def _lines(text: str, width: int) -> Iterator[str]:
    current = ""
    for word in text.split():
        while cell_len(word) > width:
            if current:
                yield current
                current = ""
            head = set_cell_size(word, width).rstrip()
            if head:
                yield head
            word = word[len(head) :] if head else ""  # noqa: PLW2901 - what is left of it
        if current and cell_len(current) + 1 + cell_len(word) > width:
            yield current
            current = word
        elif word:
            current = f"{current} {word}" if current else word
    if current:
        yield current
