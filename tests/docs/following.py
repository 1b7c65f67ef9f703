"""Following a page: its files written and its commands typed, in the place that it names."""

from __future__ import annotations

from pathlib import Path

from tests.docs.commands import commands
from tests.docs.pages import PAGES, Block, blocks
from tests.docs.shell import Shell

EMPTY = "an empty directory"
COPY = "a copy of this repository"
DEMO = "beside a running demo stack"
TUTORIAL = "docs/tutorial.md"
"""Followed by a test of its own, at the same time as the others."""


def to_follow(page: str, place: str) -> list[Block]:
    """The blocks of a page that are followed there: its commands, and the files that they need."""
    return [
        block
        for block in blocks(page)
        if block.place == place
        and not block.not_run
        and (block.file or block.said_by_left or block.language in ("console", "sh"))
    ]


def followed_in(place: str) -> list[str]:
    """The pages with commands that run in this place, but for the tutorial; last those that leave a run running."""
    pages = [page for page in PAGES if page != TUTORIAL and any(not block.file for block in to_follow(page, place))]
    return sorted(
        pages,
        key=lambda page: any(block.left_running and "chaos run" in block.text for block in to_follow(page, place)),
    )


def follow(page: str, place: str, directory: Path, typed: Shell) -> None:
    """Types all that the page has for this place into a shell in `directory`."""
    for block in to_follow(page, place):
        if block.file:
            (directory / block.file).parent.mkdir(parents=True, exist_ok=True)
            (directory / block.file).write_text(block.text)
        elif block.said_by_left:
            typed.left_says(block.where, block.text.splitlines())
        else:
            typed.follow(block, commands(block))
