"""`dev-hq`: one command, a file in hq/commands for each subcommand."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

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

COMMANDS = (
    init, up, demo, chaos, quality, anomalies, dashboard, discover, generate, configure, rules, serve, token, completion
)  # fmt: skip


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
