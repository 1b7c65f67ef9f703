"""Command-line flags read strictly: a wrong one is a single line on stderr and exit code 2."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn
from urllib.parse import urlsplit


class Listen(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Flags(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def __init__(self, module: str, description: str) -> None:
        super().__init__(prog=f"python -m {module}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help lists the flags\n")


def listen(text: str) -> Listen:
    """Reads `host:port`."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253}):(\d{1,5})", text, re.ASCII)
    if not match or not 0 < int(match[2]) < 65536:
        raise argparse.ArgumentTypeError(f'"{text}" is not an address; write host:port, such as 127.0.0.1:8000')
    return Listen(match[1], int(match[2]))


def url(text: str) -> str:
    """Reads an http or https URL."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or "@" in text or not re.fullmatch(r"[!-~]+", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not a URL; write one such as http://127.0.0.1:8100/')
    return text


def number(low: float, high: float, unit: str) -> Callable[[str], float]:
    """A reader of numbers from `low` to `high`; infinities and NaN are no numbers here."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f'"{text}" is not a number of {unit} from {low:g} to {high:g}')
        return value

    return read


def whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of {unit} from {low} to {high}')
        return int(text)

    return read
