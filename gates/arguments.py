"""The options of `python -m gates.check` and of `dev-hq quality check`."""

from __future__ import annotations

import argparse
import re
from datetime import datetime

from stack.model import LONGEST_GATE_WINDOW
from stack.quantity import QuantityError, format_duration, parse_duration

EPILOG = "Exit codes: 0 pass, 1 a required gate failed, 2 usage or configuration, 3 undecided, 4 error."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options, all but --stack."""
    parser.add_argument("--service", nargs="+", action="extend", metavar="NAME", help="only these services")
    parser.add_argument("--gate", nargs="+", action="extend", metavar="NAME", help="only these gates")
    parser.add_argument(
        "--window",
        type=_window,
        metavar="DURATION",
        help="judge so much of the past, such as 10m, instead of gates.window",
    )
    parser.add_argument(
        "--at", type=_time, metavar="TIME", help="judge this moment: 2026-11-22T10:00:00Z or seconds since 1970"
    )
    parser.add_argument("--strict", action="store_true", help="a warning stops the release too")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.add_argument(
        "--no-record", dest="record", action="store_false", help="leave the verdicts out of the journal"
    )


def _window(words: str) -> float:
    try:
        seconds = parse_duration(words)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 < seconds <= LONGEST_GATE_WINDOW:
        longest = format_duration(LONGEST_GATE_WINDOW)
        raise argparse.ArgumentTypeError(f'"{words}" is out of range; a window has up to {longest}')
    return seconds


def _time(words: str) -> float:
    """Epoch seconds of a time that says which zone it is in."""
    if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", words, re.ASCII):
        return float(words)
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f'"{words}" is not a time; write it with its zone, like 2026-11-22T10:00:00Z, or as seconds since 1970'
        )
    return moment.timestamp()
