"""Durations and moments on a command line, as argparse reads them: what is wrong with one is said behind its option."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import datetime

from stack.quantity import QuantityError, format_duration, parse_duration


def duration(least: float, most: float) -> Callable[[str], float]:
    """Reads seconds from a duration like 10m, between `least` and `most`."""

    def read(text: str) -> float:
        try:
            seconds = parse_duration(text)
        except QuantityError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        if not least <= seconds <= most:
            bounds = f"from {format_duration(least)} to {format_duration(most)}"
            raise argparse.ArgumentTypeError(f'must be a duration {bounds}, not "{text}"')
        return seconds

    return read


def moment(text: str) -> float:
    """Epoch seconds of a time that says which zone it is in, or that is written as such seconds already."""
    if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", text, re.ASCII):
        return float(text)
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        told = None
    if told is None or told.tzinfo is None or told.timestamp() < 0:
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a time; write it with its zone, like 2026-11-22T10:00:00Z, '
            "or as seconds since 1970, such as $(date +%s)"
        )
    return told.timestamp()
