"""Names of services made of label values, which may be anything."""

from __future__ import annotations

import re
from collections.abc import Collection

from stack.document import NAME

LONGEST = 63


def service_name(value: str, otherwise: str) -> str:
    """`value` where it is a legal name, else the nearest that is; `otherwise` where nothing of it can stay."""
    if NAME.fullmatch(value):
        return value
    plain = re.sub(r"^[a-z]+://", "", value.lower())
    plain = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:LONGEST].rstrip("-_")
    return plain if NAME.fullmatch(plain) else otherwise


def unused(name: str, taken: Collection[str], *endings: str) -> str:
    """`name`, or with the first of the endings, or else the first number, that makes it one that is not taken."""
    if name not in taken:
        return name
    number = 1
    candidates = [_ended(name, ending) for ending in endings]
    while True:
        for candidate in candidates:
            if candidate not in taken:
                return candidate
        number += 1
        candidates = [_ended(name, str(number))]


def _ended(name: str, ending: str) -> str:
    return f"{name[: LONGEST - len(ending) - 1]}-{ending}"
