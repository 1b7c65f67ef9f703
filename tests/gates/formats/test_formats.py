"""What each format promises, whatever the names and reasons hold."""

from __future__ import annotations

import json
import re
import shlex
import string
import subprocess
from collections import Counter
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gates.formats import render
from gates.formats.markdown import MOST_BYTES, escaped
from gates.formats.plain import plain
from gates.gate import GateReport, GateResult, Kind, Place, Verdict
from gates.remedies.remedy import Remedy
from stack.process import find_program
from tests.gates.formats.reports import REPORT, of, result

WORDS = st.text(max_size=60)
NUMBERS = st.none() | st.floats()
RESULTS = st.builds(
    GateResult,
    gate=st.text(min_size=1, max_size=63),
    service=WORDS,
    kind=st.sampled_from(Kind),
    verdict=st.sampled_from(Verdict),
    required=st.booleans(),
    window=st.just(600.0),
    threshold=st.floats(),
    reason=WORDS,
    advice=WORDS,
    actual=NUMBERS,
    interval=st.none() | st.tuples(st.floats(), st.floats()),
    dispersion=NUMBERS,
    notes=st.lists(WORDS, max_size=2).map(tuple),
    place=st.none() | st.builds(Place, WORDS, st.integers(1, 500)),
)
REPORTS = st.builds(
    GateReport,
    st.lists(RESULTS, max_size=3).map(tuple),
    st.none() | st.just(1_795_341_600.0),
    strict=st.booleans(),
    dry_run=st.booleans(),
    looks=st.integers(1, 3),
    remedy=st.none() | st.builds(Remedy, WORDS, WORDS, st.none() | WORDS),
)
COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)")


def parsed(report: GateReport) -> ElementTree.Element:
    return ElementTree.fromstring(render(report, "junit"))  # noqa: S314 - it is ours


def cases_of(report: GateReport) -> dict[str, str]:
    """The element that says the verdict, by test case."""
    root = parsed(report)
    return {case.attrib["name"]: case[0].tag for case in root.iter("testcase")}


def commands_of(report: GateReport) -> list[tuple[str, str]]:
    """Kind and title of each annotation."""
    found = []
    for line in render(report, "github").split("\n")[:-1]:
        kind, properties, _ = COMMAND.fullmatch(line).groups()
        found.append((kind, dict(pair.split("=", 1) for pair in properties.split(","))["title"]))
    return found


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_junit_is_well_formed_and_counts_its_cases(report: GateReport) -> None:
    root = parsed(report)
    (suite,) = root
    cases = list(suite.iter("testcase"))
    assert len(cases) == len(report.results)
    found = Counter(case[0].tag for case in cases)
    for element in (root, suite):
        counted = {name: int(element.attrib[name]) for name in ("tests", "failures", "errors")}
        assert counted == {"tests": len(cases), "failures": found["failure"], "errors": found["error"]}
    assert int(suite.attrib["skipped"]) == found["skipped"]
    assert all(case.attrib["classname"] for case in cases)
    assert found["failure"] + found["error"] == 0 or report.exit_code != 0


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_openmetrics_is_what_its_parser_reads(report: GateReport) -> None:
    written = render(report, "openmetrics") + "\n"
    families = list(text_string_to_metric_families(written))
    assert [family.name for family in families] == [
        "quality_gate_verdict", "quality_gate_actual", "quality_gate_threshold",
    ]  # fmt: skip
    labels = {tuple(sorted(sample.labels.items())) for sample in families[0].samples}
    assert labels == {(("gate", plain(found.gate)), ("service", plain(found.service))) for found in report.results}
    assert "nan" not in {word for line in written.splitlines() for word in line.lower().split(" ")[-1:]}


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_each_workflow_command_is_one_line_and_there_are_ten_of_a_kind_at_most(report: GateReport) -> None:
    report = replace(report, results=report.results * 5)
    *commands, last = render(report, "github").split("\n")
    kinds = Counter()
    for line in commands:
        kind, properties, message = COMMAND.fullmatch(line).groups()
        kinds[kind] += 1
        assert re.search(r"%(?!25|0A|0D|3A|2C)", properties + message) is None
    assert all(count <= 10 for count in kinds.values())
    assert not last.startswith("::")


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40), WORDS, WORDS, WORDS)
def test_the_runner_reads_back_what_was_meant(gate: str, file: str, reason: str, advice: str) -> None:
    """The runner ends the command at the next `::`, parts the rest at commas, and then unescapes."""
    found = result(Verdict.FAIL, gate=gate, reason=reason, advice=advice, place=Place(f"elsewhere/{file}", 3))
    with_place = render(of(found), "github").split("\n")[0]
    properties, message = with_place.removeprefix("::error ").split("::", 1)
    read = {name: unescaped(value) for name, value in (pair.split("=", 1) for pair in properties.split(","))}
    assert (read["title"], read["line"]) == (f"FAIL shop {plain(gate)}", "3")
    assert set(read) == {"file", "line", "title"}
    assert unescaped(message) == "\n".join(plain(words) for words in (reason, advice) if words)


def unescaped(text: str) -> str:
    for escape, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, meant)
    return text


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda name: "#" not in name))
def test_gitlab_reads_name_and_value(gate: str) -> None:
    """GitLab cuts each line at a #, and splits the rest as a shell would: a name with spaces must stay one word."""
    lines = render(of(result(gate=gate, actual=0.5)), "openmetrics").split("\n")
    read = [shlex.split(line.partition("#")[0]) for line in lines]
    assert [words[1] for words in read if words] == ["1.0", "0.5", "0.995"]
    assert all(len(words) == 2 for words in read if words)


def test_promtool_takes_the_metrics() -> None:
    text = render(REPORT, "openmetrics").encode() + b"\n"
    done = subprocess.run([find_program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_text_is_plain_lines_and_no_workflow_command(report: GateReport) -> None:
    for line in render(report, "text").split("\n"):
        assert line == plain(line)
        assert not line.startswith("::")


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_json_is_standard_json(report: GateReport) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(render(report, "json"), parse_constant=refuse)["exit_code"] == report.exit_code


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_every_row_of_the_markdown_table_has_five_cells(report: GateReport) -> None:
    rows = [line for line in render(report, "markdown").split("\n") if line.startswith("|")]
    assert len(rows) == 2 + len(report.results)
    assert {len(re.split(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {7}


@given(st.text(alphabet=string.printable, max_size=40))
def test_markdown_has_no_markup_from_names(text: str) -> None:
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped(text))
    assert not re.search(r"[`*_\[\]|~<>$#@!]", bare)


@pytest.mark.parametrize(
    ("verdict", "required", "strict", "tag"),
    [
        ("pass", True, False, "system-out"),
        ("warn", True, False, "system-out"),
        ("warn", True, True, "failure"),
        ("fail", True, False, "failure"),
        ("undecided", True, False, "skipped"),
        ("undecided", True, True, "error"),
        ("error", True, False, "error"),
        ("warn", False, True, "skipped"),
        ("fail", False, True, "skipped"),
        ("undecided", False, True, "skipped"),
        ("error", False, True, "skipped"),
    ],
)
def test_junit_says_each_verdict(verdict: str, required: bool, strict: bool, tag: str) -> None:
    found = result(Verdict(verdict), required=required)
    assert cases_of(of(found, strict=strict)) == {"success rate": tag}
    assert cases_of(of(found, strict=strict, dry_run=True))["success rate"] in ("skipped", "system-out")


def test_github_says_each_verdict_gravest_first() -> None:
    of_all = [result(verdict, gate=verdict.value) for verdict in Verdict]
    observing = [result(verdict, gate=f"{verdict.value} seen", required=False) for verdict in Verdict]
    assert commands_of(of(*of_all, *observing)) == [
        ("error", "FAIL shop fail"),
        ("error", "ERROR shop error"),
        ("warning", "UNDECIDED shop undecided"),
        ("warning", "WARN shop warn"),
        ("notice", "FAIL shop fail seen"),
        ("notice", "ERROR shop error seen"),
        ("notice", "UNDECIDED shop undecided seen"),
        ("notice", "WARN shop warn seen"),
    ]
    assert {kind for kind, _ in commands_of(of(*of_all, strict=True))} == {"error"}
    assert {kind for kind, _ in commands_of(of(*of_all, dry_run=True))} == {"notice"}


def test_github_sums_up_what_is_more_than_ten() -> None:
    many = [result(Verdict.ERROR, gate=f"gate {number}") for number in range(11)]
    lines = render(of(*many, result(Verdict.FAIL, gate="worst")), "github").split("\n")
    assert len(lines) == 11
    assert lines[0] == "::error file=gates.yaml,line=12,title=FAIL shop worst::because"
    assert lines[9] == (
        "::error title=3 more gates::Also: shop gate 8 (error), shop gate 9 (error), shop gate 10 (error)"
    )


@pytest.mark.parametrize(
    ("workspace", "file", "annotated"),
    [
        (None, "gates.yaml", "gates.yaml"),
        (None, "deploy/../gates.yaml", "gates.yaml"),
        ("..", "gates.yaml", "app/gates.yaml"),
        ("", "gates.yaml", "gates.yaml"),
        ("elsewhere", "gates.yaml", "gates.yaml"),
    ],
)
def test_github_annotates_the_file_by_its_path_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: str | None, file: str, annotated: str
) -> None:
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    if workspace is not None:
        monkeypatch.setenv("GITHUB_WORKSPACE", workspace and str(tmp_path / "app" / workspace))
    written = render(of(result(Verdict.FAIL, place=Place(file, 7))), "github")
    assert written.startswith(f"::error file={annotated},line=7,title=")
    absolute = render(of(result(Verdict.FAIL, place=Place(str(tmp_path / "app" / "gates.yaml"), 7))), "github")
    inside = workspace != "elsewhere"
    assert absolute.startswith(f"::error file={annotated if inside else tmp_path / 'app' / 'gates.yaml'},line=7,")


def test_a_remediation_is_reported_by_all_formats_for_people() -> None:
    done = of(result(Verdict.FAIL), remedy=Remedy("./rollback.sh", "ended with exit code 0 after 3s"))
    assert "Remediation: ./rollback.sh ended with exit code 0 after 3s\n" in render(done, "text")
    assert "::notice title=Remediation::Remediation: ./rollback.sh ended" in render(done, "github")
    failed = of(result(Verdict.FAIL), remedy=Remedy.failed("./rollback.sh", "ended with exit code 7"))
    assert "Remediation: ./rollback.sh ended with exit code 7\n" in render(failed, "text")
    assert render(failed, "text").endswith("FAIL: shop success rate (exit code 5)")
    assert "::error title=Remediation failed::Remediation: ./rollback.sh ended with" in render(failed, "github")
    assert "Remediation: ./rollback.sh ended with exit code 7" in render(failed, "markdown")
    assert json.loads(render(failed, "json"))["remediation"] == {
        "action": "./rollback.sh",
        "outcome": "ended with exit code 7",
        "problem": "./rollback.sh ended with exit code 7",
    }


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (
            of(result(Verdict.FAIL), dry_run=True),
            "FAIL: shop success rate (exit code 0, for this is a dry run; it would be 1)",
        ),
        (of(result(Verdict.PASS), dry_run=True), "PASS: every required gate passes (exit code 0; this is a dry run)"),
        (
            of(result(Verdict.WARN), strict=True),
            "WARN: no required gate fails, but some warn, and --strict stops at that (exit code 1)",
        ),
        (of(), "UNDECIDED: no required gate was asked, and nothing judged is no pass (exit code 3)"),
    ],
)
def test_the_last_line_says_what_follows(report: GateReport, line: str) -> None:
    assert render(report, "text").split("\n")[-1] == line
    assert render(report, "github").split("\n")[-1] == line
    assert render(report, "markdown").split("\n")[0] == f"## {escaped(line)}"


def test_the_text_says_how_often_it_looked() -> None:
    assert render(of(looks=7, waited=200.0), "text").startswith(
        "The gates at 2026-11-22 10:00:00 UTC, after 7 looks in 3m 20s\n"
    )
    assert render(of(at=None), "text").startswith("The gates, without an answer from Prometheus\n")


@pytest.mark.parametrize(
    ("kind", "threshold", "interval", "line"),
    [
        (Kind.LATENCY, 0.99, (0.5, 0.98999), "With 95% confidence at least 50%, and at most 98.999%."),
        (Kind.ERROR_BUDGET, 0.0, (-0.5, 0.25), "By the counts between -50% and 25% of the budget are left."),
        (Kind.BURN_RATE, 6.0, (0.0, 5.999999), "With 95% confidence at least 0x, and at most 5.999999x."),
        (Kind.COMPARISON, 0.002, (0.001, 0.0019), "With 95% confidence at least 0.1%, and at most 0.19%."),
        (Kind.PROMQL, 100.0, (-inf, 123456.7), "With 95% confidence at least -inf, and at most 123457."),
    ],
)
def test_each_kind_has_its_unit(kind: Kind, threshold: float, interval: tuple[float, float], line: str) -> None:
    written = render(of(result(kind=kind, threshold=threshold, interval=interval)), "text")
    assert line in [words.strip() for words in written.split("\n")]


def test_a_budget_that_is_known_exactly_needs_no_interval() -> None:
    exact = result(kind=Kind.ERROR_BUDGET, threshold=0.0, actual=0.5, interval=(0.5, 0.5))
    assert "By the counts" not in render(of(exact), "text")


def test_what_is_not_finite_is_not_in_openmetrics() -> None:
    odd = [result(gate="a", actual=nan), result(gate="b", actual=inf), result(gate="c", actual=None)]
    assert "quality_gate_actual{" not in render(of(*odd), "openmetrics")


def test_names_that_cannot_be_told_apart_are_one_series() -> None:
    alike = [result(gate="a\x00", actual=1.0), result(Verdict.FAIL, gate="a\x01", actual=0.5)]
    (first,) = [line for line in render(of(*alike), "openmetrics").split("\n") if line.startswith("quality_gate_verd")]
    assert first.endswith(" 1.0")


def test_the_summary_of_very_many_gates_stays_below_what_github_takes() -> None:
    many = [result(Verdict.FAIL, gate=f"gate {number}", reason="ä|" * 400) for number in range(2000)]
    written = render(of(*many), "markdown")
    assert MOST_BYTES / 2 < len(written.encode()) <= MOST_BYTES
    (left_out,) = re.findall(r"\n\n… and (\d+) more; the JSON report has them all\.", written)
    assert written.count("- **FAIL** ") == 2000 - int(left_out)
    assert written.count("| **FAIL** |") == 2000


def test_a_long_text_is_cut() -> None:
    (line,) = render(of(result(Verdict.FAIL, reason="x" * 5000)), "github").split("\n")[:1]
    assert len(line) < 4100
    assert line.endswith("x…")
