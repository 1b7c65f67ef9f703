"""The list of the commands that no test runs."""

from __future__ import annotations

from pathlib import Path

from tests.docs.commands import commands
from tests.docs.pages import PAGES, blocks

LIST = Path(__file__).parent / "not_run.txt"


def left_out() -> list[str]:
    """A line for each of them: its page, its first line, and why."""
    return [
        f"{page}: {' '.join(command.text.partition('  #')[0].split())}  # {block.not_run}"
        for page in PAGES
        for block in blocks(page)
        if block.not_run
        for command in commands(block)
    ]


def write_list() -> None:
    """Writes the list again, below its two lines of explanation."""
    head = LIST.read_text().splitlines()[:2]
    LIST.write_text("\n".join([*head, *left_out()]) + "\n")
