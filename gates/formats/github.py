"""What the gates found, as workflow commands for GitHub: annotations on the lines where the gates are written.

Syntax and escaping are those of docs.github.com, "Workflow commands"; a step shows at most ten annotations of a kind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gates.formats.plain import plain, shortened
from gates.formats.sentences import conclusion, remediation
from gates.gate import GRAVEST_FIRST, GateReport, GateResult, Place, Verdict

MOST_OF_A_KIND = 10
LONGEST_MESSAGE = 4000
_COMMANDS = {Verdict.FAIL: "error", Verdict.ERROR: "error", Verdict.UNDECIDED: "warning", Verdict.WARN: "warning"}


def render(report: GateReport) -> str:
    """A command for each gate that does not pass, gravest first, and the verdict of all as a line of the log."""
    lines = []
    for command in ("error", "warning", "notice"):
        first = _remediation(command, report)
        concerned = [result for result in report.results if _command(result, report) == command]
        concerned.sort(key=lambda result: GRAVEST_FIRST.index(result.verdict))
        lines += [*first, *_annotations(command, concerned, MOST_OF_A_KIND - len(first))]
    return "\n".join([*lines, plain(conclusion(report))])


def _remediation(command: str, report: GateReport) -> list[str]:
    remedy = report.remedy
    if not remedy or command != ("error" if remedy.problem else "notice"):
        return []
    return [_line(command, {"title": "Remediation failed" if remedy.problem else "Remediation"}, remediation(report))]


def _command(result: GateResult, report: GateReport) -> str | None:
    if result.verdict is Verdict.PASS:
        return None
    if not result.required or report.dry_run:
        return "notice"
    return "error" if report.strict else _COMMANDS[result.verdict]


def _annotations(command: str, results: Sequence[GateResult], most: int) -> list[str]:
    if len(results) <= most:
        return [_annotation(command, result) for result in results]
    shown, rest = results[: most - 1], results[most - 1 :]
    names = ", ".join(f"{result.title} ({result.verdict})" for result in rest)
    summary = _line(command, {"title": f"{len(rest)} more gates"}, f"Also: {names}")
    return [*(_annotation(command, result) for result in shown), summary]


def _annotation(command: str, result: GateResult) -> str:
    properties = {"title": f"{result.verdict.upper()} {result.title}"}
    if result.place:
        properties = {"file": _in_repository(result.place), "line": str(result.place.line), **properties}
    return _line(command, properties, result.reason, result.advice)


def _in_repository(place: Place) -> str:
    """The file as GitHub knows it: relative to the root of the repository, if it lies there."""
    try:
        root = Path(os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or "."))
        path = Path(os.path.realpath(place.file))
    except (OSError, ValueError):  # evidence from elsewhere may name what is no path here
        return place.file
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else place.file


def _line(command: str, properties: Mapping[str, str], *sentences: str) -> str:
    about = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = shortened("\n".join(plain(sentence) for sentence in sentences if sentence), LONGEST_MESSAGE)
    return f"::{command} {about}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
