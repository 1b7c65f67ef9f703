"""`dev-hq demo`: the closed loop, shown in a few minutes."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `demo`."""
    parser = commands.add_parser(
        "demo", help="show the whole loop: a failure wave, its anomaly, the notification, the gate, recovery, the score"
    )
    parser.set_defaults(handler=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from hq.demo import check_playable, play
    from stack.errors import HqError

    check_playable(arguments.stack)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        play(arguments.stack, lambda line: print(line, flush=True))
    except HqError as error:
        print(f"dev-hq: {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
