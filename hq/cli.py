"""`dev-hq`: one command, a file in hq/commands for each subcommand."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from hq.commands import anomalies, chaos, demo, generate, quality, serve, up
from stack.errors import HqError

COMMANDS = (up, demo, chaos, quality, anomalies, generate, serve)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. What the user did wrong costs one line on stderr and exit code 2."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.handler(arguments)
        sys.stdout.flush()
    except HqError as error:
        print(f"dev-hq: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader has seen enough, as in `dev-hq chaos list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="dev-hq",
        description="Chaos jobs, anomaly rules and release gates as one closed loop on Prometheus.",
        epilog="Start with `dev-hq demo`, or `dev-hq up` and `dev-hq chaos list` beside it.",
    )
    top.add_argument("--version", action="version", version=f"dev-hq {version('dev-hq')}")
    top.add_argument(
        "--stack",
        type=Path,
        default=Path("stack.yaml"),
        help="the file that names services and pools (default: %(default)s)",
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
