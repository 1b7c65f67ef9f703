"""What a style means, the same everywhere. It never stands alone: a word says the same.

Only the sixteen colours that every terminal has, so that they fit its background.
"""

from __future__ import annotations

SEVERITY = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
VERDICT = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red", "UNDECIDED": "dim", "ERROR": "yellow"}

CALM = "bold reverse green"
BAD = "bold reverse red"
UNEASY = "bold reverse yellow"
UNKNOWN = "bold reverse"
FAULT = "magenta"  # only for what we broke ourselves
TITLE = "dim"
QUIET = "dim"
NOTE = "yellow"
STRONG = "bold"
GONE = "dim"


def of_budget(left: float | None) -> str:
    """How much is left of a budget."""
    if left is None:
        return QUIET
    return "bold red" if left <= 0 else "yellow" if left < 0.25 else "green"
