"""`dev-hq`: one command, a file in hq/commands for each subcommand."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from hq.commands import (
    anomalies,
    chaos,
    completion,
    configure,
    dashboard,
    demo,
    discover,
    generate,
    init,
    quality,
    rules,
    serve,
    token,
    up,
)
from hq.help import teach
from stack.errors import HqError
from stack.suggestion import suggestion

COMMANDS = (
    init, up, demo, chaos, quality, anomalies, dashboard, discover, generate, configure, rules, serve, token, completion
)  # fmt: skip

_NO_CHOICE = re.compile(r"(?P<what>.*: invalid choice: '(?P<word>.*)') \(choose from (?P<known>.*)\)", re.DOTALL)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. What the user did wrong costs one line on stderr and exit code 2."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.handler(arguments)
        if sys.stdout:  # None when it was closed, as by `>&-`
            sys.stdout.flush()
    except HqError as error:
        print(f"dev-hq: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader has seen enough, as in `dev-hq chaos list | head -1`
        _leave_stdout()
        return 128 + signal.SIGPIPE
    except OSError as error:  # a full disk, a directory that may not be written
        where = f"{error.filename} cannot be used: " if error.filename else ""
        print(f"dev-hq: {where}{error.strerror or error}", file=sys.stderr)
        _leave_stdout()
        return 2
    except Exception:
        traceback.print_exc()
        _leave_stdout()
        return 2  # 1 would say that a weakness or an anomaly was found
    return code


def _leave_stdout() -> None:
    """What is still unwritten goes nowhere, so that Python does not stumble over it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _CommandParser(argparse.ArgumentParser):
    """Takes --stack, wherever in a command people write it; so do its subcommands, which are of the same class."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse makes them, as it pleases
        super().__init__(**options)
        self.add_argument(
            "--stack",
            type=Path,
            default=argparse.SUPPRESS,
            metavar="FILE",
            help="the file that names services and pools (default: stack.yaml)",
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - argparse's own
        """As argparse does, but whoever is called wrongly says so: the command, not `dev-hq`, which knows less."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown[0])}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        """One line without the usage, which has all that could be right and hides what is wrong."""
        if wrong := _NO_CHOICE.fullmatch(message):
            message = f"{wrong['what']}: {suggestion(wrong['word'], wrong['known'].replace(chr(39), '').split(', '))}"
        elif message.startswith("the following arguments are required: "):
            message += f"; {self._first_choices(message)}{self.prog} --help says more"
        self.exit(2, f"{self.prog}: error: {message}\n")

    def _meant(self, word: str) -> str:
        options = [name for name in self._option_string_actions if name.startswith("--")]
        return f"; {suggestion(word.partition('=')[0], options)}" if word.startswith("-") else ""

    def _first_choices(self, message: str) -> str:
        """The choices there are for the first argument of those that are missing."""
        first = message.removeprefix("the following arguments are required: ").split(", ")[0]
        for action in self._actions:
            if action.choices and first in (action.metavar, *action.option_strings):
                return f"there are {', '.join(map(str, action.choices))}; "
        return ""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _CommandParser(prog="dev-hq")
    top.add_argument("--version", action="version", version=f"dev-hq {version('dev-hq')}")
    top.set_defaults(stack=Path("stack.yaml"))
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    teach(top)
    return top


if __name__ == "__main__":
    sys.exit(main())
