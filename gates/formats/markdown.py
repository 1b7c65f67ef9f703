"""What the gates found, as Markdown: the summary of a GitHub step, or a comment on a merge request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gates.formats.measure import interval, limit, measured
from gates.formats.plain import plain, shortened
from gates.formats.sentences import conclusion, details, heading, remediation
from gates.gate import GRAVEST_FIRST, GateReport, GateResult, Verdict

MOST_BYTES = 1_000_000  # GitHub refuses a step summary above 1 MiB
LONGEST_TEXT = 2000
_HEAD_BYTES = 20_000
_MARKUP = re.compile(r"[\\`*_\[\]|~$#@!]|^[-+=]|^\d+(?=[.)](?: |$))")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(report: GateReport) -> str:
    """A table of all gates, then why and what to do for those that do not pass; at most a million bytes of UTF-8."""
    gravest_first = sorted(report.results, key=_gravity)
    rows = ["| gate | verdict | measured | limit | interval |", "| --- | --- | --- | --- | --- |"]
    rows += [_row(result) for result in gravest_first]
    reasons = [_reasons(result) for result in gravest_first if result.verdict is not Verdict.PASS]
    parts = [f"## {escaped(conclusion(report))}", "", escaped(_about(report)), ""]
    parts += [escaped(remediation(report)), ""] if report.remedy else []
    parts += _fitting(rows)
    parts += ["", "### What does not pass", "", *_fitting(reasons)] if reasons else []
    return "\n".join(parts)


def _gravity(result: GateResult) -> tuple[bool, int]:
    return not result.required, GRAVEST_FIRST.index(result.verdict)


def _about(report: GateReport) -> str:
    return f"{heading(report)}. Run id: {report.run_id}" if report.run_id else heading(report)


def _row(result: GateResult) -> str:
    bounds = interval(result)
    cells = (
        f"{escaped(result.title)}{_observes(result)}",
        f"**{result.verdict.upper()}**",
        measured(result),
        limit(result),
        " to ".join(bounds) if bounds else "",
    )
    return f"| {' | '.join(cells)} |"


def _reasons(result: GateResult) -> str:
    place = f"Written in {result.place.file}:{result.place.line}" if result.place else ""
    sentences = [sentence for sentence in (result.reason, *details(result), place) if sentence]
    return "\n".join(
        [
            f"- **{result.verdict.upper()}** {escaped(result.title)}{_observes(result)}",
            *(f"  - {escaped(sentence)}" for sentence in sentences),
        ]
    )


def _observes(result: GateResult) -> str:
    return "" if result.required else " (observes)"


def _fitting(lines: Sequence[str]) -> list[str]:
    """The lines that have room in half of the report, and how many have none."""
    kept: list[str] = []
    left = MOST_BYTES // 2 - _HEAD_BYTES
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            return [*kept, "", f"… and {len(lines) - len(kept)} more; the JSON report has them all."]
        kept.append(line)
    return kept


def escaped(text: str) -> str:
    """Text that is shown as it is, whatever it holds: no markup, no HTML, no further cell in a table."""
    literal = _MARKUP.sub(_literal, shortened(plain(text).strip(), LONGEST_TEXT))
    return "".join(_HTML.get(character, character) for character in literal)


def _literal(found: re.Match[str]) -> str:
    words = found.group()
    return f"{words}\\" if words.isdigit() else f"\\{words}"
