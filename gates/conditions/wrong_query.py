"""A query that Prometheus cannot read is the user's to mend: its own words, and where in the query they point."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gates.gate import QualityGate
    from prometheus.errors import RefusedError

# Prometheus, and the words of VictoriaMetrics, which has no name of its own for them
_UNREADABLE = re.compile(r"parse error|unparsed data|error parsing|unknown func|unexpected number of args")
_POSITION = re.compile(r"(?:invalid parameter \"query\": )?(\d+):(\d+): (.*)", re.DOTALL)
_BEFORE, _AFTER = 60, 40  # characters of a long line that are shown around the position


def refuse_wrong_query(gate: QualityGate, query: str, error: RefusedError, *, alone: bool = True) -> None:
    """Raises HqError at the gate's place when Prometheus refused `query` because it cannot read it.

    It can be told where in the query when that was asked `alone`.
    """
    if error.error_type not in ("bad_data", "422") or not _UNREADABLE.search(error.words):
        return
    found = _POSITION.fullmatch(error.words)
    words, shown = (found[3], _pointed_at(query, int(found[1]), int(found[2]))) if found else (error.words, ())
    if not (found and alone):
        shown = (f"  {query}",)
    raise gate.error(f'the query of "{gate.name}" is wrong; Prometheus says: {words}', shown) from None


def _pointed_at(query: str, line: int, column: int) -> tuple[str, ...]:
    """The line of the query, and under it a caret at the column; both from 1, and columns are bytes."""
    lines = query.split("\n")
    if not 1 <= line <= len(lines):
        return (f"  {query}",)
    text = lines[line - 1].replace("\t", " ")
    at = len(text.encode()[: column - 1].decode(errors="ignore"))
    start = max(0, at - _BEFORE)
    shown = text[start : at + _AFTER]
    return (f"  {shown}", f"  {'^':>{at - start + 1}}")
