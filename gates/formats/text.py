"""What the gates found, as text for people."""

from __future__ import annotations

from gates.formats.plain import plain
from gates.formats.sentences import conclusion, details, heading, remediation
from gates.gate import GateReport


def render(report: GateReport) -> str:
    """The report for people: what was measured, the limit, the verdict, why, and what to do."""
    lines = [heading(report)]
    for result in report.results:
        observes = "" if result.required else " (observes)"
        lines += ["", f"{result.verdict.upper():<10}{result.title}{observes}", f"  {result.reason}"]
        lines += [f"  {line}" for line in details(result)]
    if report.remedy:
        lines += ["", remediation(report)]
    lines += ["", conclusion(report)]
    return "\n".join(plain(line) for line in lines)
