"""Which subcommands and options dev-hq has, and whether what is written calls one that it has."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from functools import cache

from hq.cli import parser

PLACEHOLDER = re.compile(r"[A-Z][A-Z_=]*|…|\.\.\.|[a-z-]+…")


@cache
def _top() -> argparse.ArgumentParser:
    return parser()


def subcommands(of: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands right below a command, by name."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def every_command(
    of: argparse.ArgumentParser | None = None, name: str = "dev-hq"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """dev-hq and each command of it, at any depth, with its parser."""
    of = of or _top()
    yield name, of
    for word, below in subcommands(of).items():
        yield from every_command(below, f"{name} {word}")


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


@cache
def all_options() -> frozenset[str]:
    """Every option of every command."""
    return frozenset(option for _, one in every_command() for option in one._option_string_actions)
