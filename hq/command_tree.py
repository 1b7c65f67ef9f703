"""The commands that a parser knows, at any depth, and their arguments: argparse has no public names for them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping


def subcommands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands right below a command, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def every_command(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A command, which is called `name`, and each below it with its words, from the top to the bottom."""
    yield name, parser
    for word, below in subcommands(parser).items():
        yield from every_command(below, f"{name} {word}".strip())


def arguments_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The options and arguments of a command, without those of the commands below it."""
    return [action for action in parser._actions if not isinstance(action, argparse._SubParsersAction)]
