"""What the gates found, as JUnit XML: a suite with a test case for each gate.

Jenkins, GitLab and most others read it. Schema: junit-10.xsd of Jenkins' xunit plugin, which allows no attributes but
these. GitLab shows the text of an element, not its message, so the text says it all.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from xml.etree import ElementTree

from gates.formats.plain import plain
from gates.formats.sentences import conclusion, details
from gates.gate import GateReport, GateResult, Verdict

SUITE = "quality gates"
NO_SERVICE = "gates"


def render(report: GateReport) -> str:
    """The report as one test suite; what stops no release is never a failure or an error of it."""
    cases = [_case(result, report) for result in report.results]
    found = Counter(part.tag for case in cases for part in case)
    counts = {"tests": str(len(cases)), "failures": str(found["failure"]), "errors": str(found["error"]), "time": "0"}
    suites = ElementTree.Element("testsuites", {"name": SUITE, **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": SUITE, **counts, "skipped": str(found["skipped"])})
    if report.at is not None:
        suite.set("timestamp", f"{datetime.fromtimestamp(report.at, UTC):%Y-%m-%dT%H:%M:%S}")
    suite.extend(cases)
    ElementTree.SubElement(suite, "system-out").text = plain(conclusion(report))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}'


def _case(result: GateResult, report: GateReport) -> ElementTree.Element:
    names = {"classname": plain(result.service) or NO_SERVICE, "name": plain(result.gate), "time": "0"}
    case = ElementTree.Element("testcase", names)
    tag = _tag(result, report)
    about = {} if tag == "system-out" else {"type": result.verdict.value, "message": _message(result, report)}
    ElementTree.SubElement(case, tag, about).text = _text(result)
    return case


def _tag(result: GateResult, report: GateReport) -> str:
    """The element that says the verdict: everything passes that has neither a failure, an error nor a skip."""
    if result.verdict is Verdict.PASS or (result.verdict is Verdict.WARN and not report.strict):
        return "system-out"
    if not result.required or report.dry_run:
        return "skipped"
    if result.verdict is Verdict.UNDECIDED:
        return "error" if report.strict else "skipped"
    return "error" if result.verdict is Verdict.ERROR else "failure"


def _message(result: GateResult, report: GateReport) -> str:
    stopping = "" if result.required and not report.dry_run else " (stops nothing)"
    return plain(f"{result.verdict.upper()}{stopping}: {result.reason}")


def _text(result: GateResult) -> str:
    lines = [f"{result.verdict.upper()}: {result.reason}", *details(result)]
    if result.place:
        lines.append(f"Written in {result.place.file}:{result.place.line}")
    return "\n".join(plain(line) for line in lines)
