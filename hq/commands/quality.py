"""`dev-hq quality check`: the same as `python -m gates.check`, and by a server."""

from __future__ import annotations

import argparse

from gates.arguments import DESCRIPTION, EPILOG, SYNOPSIS, Help, add_arguments
from hq.remote.options import add_server_options, remote


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `quality`."""
    quality = commands.add_parser("quality", help="may this release go out?")
    verbs = quality.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = verbs.add_parser(
        "check",
        help="judge a release by the objectives in stack.yaml, or by a gates file",
        usage=SYNOPSIS,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=Help,
    )
    add_arguments(check)
    add_server_options(check)
    check.set_defaults(handler=_check)


def _check(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.quality import check

        return check(client, arguments)
    from gates.check import run

    return run(arguments)
