"""Whether what is written calls a subcommand and options that dev-hq has."""

from __future__ import annotations

import argparse
import re
from functools import cache

from hq.cli import parser
from hq.command_tree import subcommands

PLACEHOLDER = re.compile(r"[A-Z][A-Z_=]*|…|\.\.\.|[a-z-]+…")


@cache
def _top() -> argparse.ArgumentParser:
    return parser()


def problem(words: list[str]) -> str:
    """What is wrong with words behind `dev-hq` in a sentence, where values may be left out; empty when nothing is."""
    at = _top()
    words = [word.strip("[](),;") for word in words]
    while words and not words[0].startswith("-") and (below := subcommands(at)):
        if PLACEHOLDER.fullmatch(words[0]):
            return ""
        if words[0] not in below:
            return f"there is no command {words[0]!r}; there are {', '.join(below)}"
        at = below[words.pop(0)]
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("--") and len(option) > 2 and option not in at._option_string_actions:
            return f"{at.prog} has no option {option}"
    return ""
