"""Whether what a command printed is what its page shows.

White space counts as one blank, and at the ends of a line as none. `...` stands for anything: for any lines where it
is a line of its own, for any text within one. Where two numbers stand in the same place they may differ, and so may two
ids of runs and two times; every word must be the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

RUN = r"\d{8}T\d{6}Z-[a-z0-9-]+?-[0-9a-f]{4}"
TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|\.\d+)?|\d\d:\d\d:\d\d"
DURATION = r"(?:\d+(?:ms|[smhd])\s?)+(?![a-z])"
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
CHANGING = re.compile(rf"\.\.\.|…|(?P<run>{RUN})|(?P<time>{TIME})|(?P<duration>\b{DURATION})|(?P<number>{NUMBER})")


def pattern(line: str) -> re.Pattern[str]:
    """What one line may look like."""
    text, at, parts = " ".join(line.split()), 0, []
    for found in CHANGING.finditer(text):
        parts.append(re.escape(text[at : found.start()]))
        parts.append(
            {"run": RUN, "time": f"(?:{TIME})", "duration": DURATION, "number": NUMBER, None: ".*"}[found.lastgroup]
        )
        at = found.end()
    return re.compile("".join([*parts, re.escape(text[at:])]))


def matches(shown: Sequence[str], printed: Sequence[str], *, exactly: bool = False) -> bool:
    """Whether the lines that were printed are those that are shown; `exactly`, numbers too."""
    lines = [" ".join(line.split()) for line in printed]
    reached = {0}  # how many of the printed lines the shown ones so far may stand for
    for line in shown:
        if line.strip() in ("...", "…"):
            reached = {to for at in reached for to in range(at, len(lines) + 1)}
            continue
        one = re.compile(re.escape(" ".join(line.split()))) if exactly else pattern(line)
        reached = {at + 1 for at in reached if at < len(lines) and one.fullmatch(lines[at])}
    return len(lines) in reached
