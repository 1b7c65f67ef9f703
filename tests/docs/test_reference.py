"""The generated pages are what would be generated now, and leave nothing open."""

from __future__ import annotations

import argparse
import re

import pytest

from hq.cli import parser as whole_command_line
from hq.command_tree import arguments_of, every_command
from tests.docs.pages import ROOT
from tests.docs.reference.pages import GENERATED


@pytest.mark.parametrize("page", GENERATED)
def test_the_page_is_what_is_generated(page: str) -> None:
    assert (ROOT / page).read_text() == GENERATED[page](), "make docs"


def test_it_is_known_what_each_key_takes() -> None:
    """An example must hold the key, or its loader would not be asked what it takes."""
    rows = re.findall(r"^\| `([^`]+)` \| (?:yes)? *\| (.*?) \|", (ROOT / "docs/keys.md").read_text(), re.MULTILINE)
    assert len(rows) > 120
    assert [key for key, takes in rows if not takes.strip()] == []


def test_every_argument_says_what_it_is_for() -> None:
    silent = [
        f"{name} {action.dest}"
        for name, parser in every_command(whole_command_line())
        for action in arguments_of(parser)
        if not action.help and action.dest != argparse.SUPPRESS
    ]
    assert silent == []
