"""Reports as files: each is written whole or not at all, and one that cannot be written costs no verdict."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gates.formats import render
from stack.errors import HqError
from stack.replacement import replace_file

if TYPE_CHECKING:
    from gates.arguments import Output
    from gates.gate import GateReport


def write_reports(report: GateReport, outputs: Iterable[Output]) -> list[str]:
    """Writes every report that can be written; what keeps the others from it, a sentence each."""
    problems = []
    for output in outputs:
        try:
            write_report(output.path, render(report, output.format) + "\n")
        except HqError as error:
            problems.append(str(error))
    return problems


def write_report(path: Path, words: str) -> None:
    """A file of these words in UTF-8, in place of what was there; raises HqError."""
    try:
        replace_file(path, words.encode(errors="replace"))
    except OSError as error:
        raise HqError(f"the report {path} cannot be written: {error.strerror}") from None
