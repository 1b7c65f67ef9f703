"""Problems in words for people, with the line they are in, and as JSON for programs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from prometheus.lint.lint import Found
from prometheus.lint.problem import Problem
from stack.quantity import format_count

LONGEST_LINE = 160


def report(found: Found) -> str:
    """Every problem with its line and carets under what is meant, and what it all comes to."""
    blocks = ["\n".join(_lines(problem)) + "\n" for problem in found.problems]
    return "\n".join([*blocks, _summary(found)]) + "\n"


def as_json(found: Found) -> str:
    """The same as one JSON document."""
    document = {
        "files": found.files,
        "rules": found.rules,
        "problems": [_fields(problem) for problem in found.problems],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _lines(problem: Problem) -> Iterator[str]:
    position = problem.position
    yield f"{_clean(problem.file)}:{position.line}:{position.column}: {problem.check}: {_clean(problem.summary)}"
    text, column, length = _excerpt(problem.quoted, position.column - 1, position.length)
    number = str(position.line)
    yield f"  {number} | {text}"
    yield f"  {' ' * len(number)} | {_width(text[:column])}{_width(text[column : column + length], '^') or '^'}"
    yield f"  in {_clean(problem.rule)}"
    yield f"  why: {problem.why}"
    yield f"  fix: {_clean(problem.fix)}"


def _excerpt(line: str, column: int, length: int) -> tuple[str, int, int]:
    """A line that fits a terminal, around what is meant."""
    line = _clean(line)
    if len(line) <= LONGEST_LINE:
        return line, column, length
    start = max(0, min(column - LONGEST_LINE // 4, len(line) - LONGEST_LINE))
    head = "…" if start else ""
    shown = line[start : start + LONGEST_LINE]
    tail = "…" if start + LONGEST_LINE < len(line) else ""
    column = column - start + len(head)
    return head + shown + tail, column, min(length, len(head + shown) - column)


def _width(text: str, mark: str = " ") -> str:
    """As many marks as the text is wide: tabs stay tabs, and wide letters take two columns."""
    return "".join(
        letter if letter == "\t" and mark == " " else mark * _columns(letter) for letter in text
    )  # fmt: skip


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _clean(text: str) -> str:
    """Nothing that a file holds moves the cursor of a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _summary(found: Found) -> str:
    looked = f"{format_count(found.rules, 'rule')} in {format_count(found.files, 'file')}"
    if not found.problems:
        return f"{looked}: no problems"
    files = len({problem.file for problem in found.problems})
    return f"{looked}: {format_count(len(found.problems), 'problem')} in {format_count(files, 'file')}"


def _fields(problem: Problem) -> dict[str, Any]:
    return {
        "check": problem.check,
        "file": problem.file,
        "line": problem.position.line,
        "column": problem.position.column,
        "length": problem.position.length,
        "rule": problem.rule,
        "summary": problem.summary,
        "why": problem.why,
        "fix": problem.fix,
    }
