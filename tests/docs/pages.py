"""The pages that people read, cut into their blocks of code and what is said before each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    str(path.relative_to(ROOT))
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    if path.name != "CHANGELOG.md"
)
WORDS = "in|file|of|not run|left running|said by it|asked until it says so"
COMMENT = re.compile(rf"<!-- (?P<word>{WORDS})(: (?P<what>.+?))? -->")
FENCE = re.compile(r"( *)(```+)(\w*)$")


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, and what the comments before it say of it.

    `place` is where its commands run, `file` the file that it is, `of` the file of
    another program that it is a part of, `not_run` why its commands cannot run here;
    `left_running` says that it goes on beside what follows, `repeated` that it is asked until its output comes,
    `said_by_left` that it is what the last one that was left running says at last.
    """

    page: str
    line: int
    language: str
    text: str
    place: str
    file: str = ""
    of: str = ""
    not_run: str = ""
    left_running: bool = False
    repeated: bool = False
    said_by_left: bool = False

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def page_lines(page: str) -> tuple[str, ...]:
    return tuple((ROOT / page).read_text().splitlines())


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """The fenced blocks of a page, from the first to the last."""
    return tuple(_blocks(page))


def _blocks(page: str) -> Iterator[Block]:
    lines = iter(enumerate(page_lines(page), 1))
    place, said = "", {}
    for number, line in lines:
        if comment := COMMENT.fullmatch(line.strip()):
            if comment["word"] == "in":
                place = comment["what"]
            else:
                said[comment["word"]] = comment["what"] or "yes"
        elif opening := FENCE.fullmatch(line):
            inside = []
            for _, text in lines:
                if text == opening[1] + opening[2]:
                    break
                inside.append(text.removeprefix(opening[1]))
            else:
                raise ValueError(f"{page}:{number}: the block has no end")
            yield Block(
                page, number, opening[3], "\n".join(inside) + "\n", place,
                file=said.get("file", ""), of=said.get("of", ""), not_run=said.get("not run", ""),
                left_running="left running" in said, said_by_left="said by it" in said,
                repeated="asked until it says so" in said,
            )  # fmt: skip
            said = {}
        elif line.strip():
            said = {}


@cache
def prose(page: str) -> tuple[tuple[int, str], ...]:
    """The lines of a page outside its blocks and comments, with their numbers."""
    kept, fence = [], ""
    for number, line in enumerate(page_lines(page), 1):
        opening = FENCE.fullmatch(line)
        if fence:
            fence = "" if line == fence else fence
        elif opening:
            fence = opening[1] + opening[2]
        elif not line.startswith("<!--"):
            kept.append((number, line))
    return tuple(kept)
