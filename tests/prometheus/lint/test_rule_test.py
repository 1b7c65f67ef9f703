"""`dev-hq rules test`, with the real promtool."""

from __future__ import annotations

from pathlib import Path

import pytest

from hq.cli import main

RULES = """groups:
- name: a
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - record: job:up:high
    expr: job:up:sum > 1
  - record: job:nobody:sum
    expr: sum(up)
  - alert: Down
    expr: job:up:sum == 0
  - alert: Other
    expr: job:up:high > 5
"""
TESTS = """rule_files: [../rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series: [{series: 'up{job="x"}', values: '0 0 0'}]
  alert_rule_test:
  - {alertname: Down, eval_time: 1m, exp_alerts: [{exp_labels: {job: x}}]}
"""


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    path = tmp_path / "tests" / "a.yml"
    path.parent.mkdir()
    path.write_text(TESTS)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["rules", "test", *arguments])
    return (code, *capsys.readouterr())


def test_tests_that_pass_and_rules_that_have_none(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "tests") == (
        0,
        "ok   tests/a.yml: 1 case\n"
        "no test touches record job:up:high (rules.yml:7)\n"
        "no test touches record job:nobody:sum (rules.yml:9)\n"
        "no test touches alert Other (rules.yml:13)\n"
        "1 case in 1 file: all pass\n",
        "",
    )


def test_a_rule_is_touched_by_an_expression_that_asks_for_it_or_for_what_reads_it(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = """  promql_expr_test:
  - {expr: 'count(ALERTS{alertname=~"Other|Down"}) > 7', eval_time: 1m}
  - {expr: 'job:nobody:sum > 7', eval_time: 1m}
"""
    tests.write_text(TESTS + looks)
    assert run(capsys, "tests/a.yml") == (0, "ok   tests/a.yml: 1 case\n1 case in 1 file: all pass\n", "")


def test_a_test_that_fails_is_told_in_the_words_of_promtool(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests.write_text(TESTS.replace("job: x}", "job: y}"))
    code, said, _ = run(capsys, "tests")
    assert code == 1
    assert said.startswith("FAIL tests/a.yml: 1 case\n     ")
    assert "\n       FAILED:\n" in said
    assert 'Labels:{alertname="Down", job="y"}' in said
    assert said.endswith("1 case in 1 file: 1 failed\n")


def test_rules_that_promtool_refuses(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rules.yml").write_text(RULES.replace("sum(up)", "sum(up"))
    code, said, _ = run(capsys, "tests")
    assert code == 1
    assert said.startswith("FAIL rules.yml is refused by promtool\n")
    assert "unclosed left parenthesis" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule_files: [../gone.yml]\ntests: []\n", "tests/a.yml:1: there is no rule file tests/../gone.yml"),
        ("tests: []\n", 'tests/a.yml is no file of tests: it has no key "rule_files"; '
                        "promtool wants rule_files and tests"),
        ("tests: [\n", "tests/a.yml:2: not valid YAML: while parsing a flow node, expected the node content, but found "
                       "'<stream end>'"),
        ("", "tests/a.yml:1: the file is empty"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(tests: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    tests.write_text(text)
    assert run(capsys, "tests/a.yml") == (2, "", f"dev-hq: {message}\n")


def test_no_tests(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests.unlink()
    assert run(capsys, "tests") == (
        2, "", "dev-hq: there are no tests of rules (*.yml, *.yaml with tests:) in tests\n",
    )  # fmt: skip
    assert run(capsys) == (
        2, "",
        "dev-hq: there is no directory prometheus/rules/tests; put tests of your rules there, or name their files\n",
    )  # fmt: skip


def test_without_promtool(tests: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(capsys, "tests") == (
        2, "", "dev-hq: promtool is not on PATH; on Debian and Ubuntu: apt-get install prometheus\n",
    )  # fmt: skip
