"""`dev-hq rules lint`: what text files cannot show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hq.cli import main
from tests.prometheus.fake_server import FakeServer, http

RULES = """groups:
- name: a
  rules:
  - alert: A
    expr: rate(shop_open_orders{stat="x"}[5m]) > 5
  - alert: B
    expr: shop_paid_total{state="x"} > 5 or job:recorded > 1
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    return path


def test_without_the_parser(rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from prometheus.lint import parsing

    parsing._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "promql_parser", None)
    assert main(["rules", "lint", str(rules)]) == 2
    assert capsys.readouterr().err == (
        "dev-hq: the lint of rules needs promql-parser: pip install 'dev-hq[lint]'\n"
    )  # fmt: skip


def test_a_binary_file(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_bytes(b"groups:\n\xff\xfe")
    assert main(["rules", "lint", "rules.yml"]) == 2
    assert capsys.readouterr().err == "dev-hq: rules.yml:2: not UTF-8 text\n"
    rules.write_bytes(b"groups:\n\x00")
    assert main(["rules", "lint", "rules.yml"]) == 2
    assert capsys.readouterr().err == "dev-hq: rules.yml:2: not valid YAML: the character U+0000 is not allowed\n"


def test_a_huge_file(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rules.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    assert main(["rules", "lint", "rules.yml"]) == 2
    assert capsys.readouterr().err == "dev-hq: rules.yml is larger than 16 MiB\n"


def test_a_directory_is_read_without_its_tests(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = rules.parent / "several"
    directory.mkdir()
    (directory / "a.yml").write_text("groups: []\n")
    (directory / "b.yaml").write_text(RULES)
    (directory / "b.test.yml").write_text("rule_files: [b.yaml]\ntests: []\n")
    assert main(["rules", "lint", "several", "several/a.yml", "--disable", "series"]) == 0
    assert capsys.readouterr().out == "2 rules in 2 files: no problems\n"


def test_the_generated_rules_are_the_default_and_have_to_be_there(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "lint"]) == 2
    assert capsys.readouterr().err.startswith("dev-hq: there is no file stack.yaml")


def test_an_unknown_check_and_a_wrong_interval(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--disable", "serie"], ["--scrape-interval", "15"], ["--scrape-interval", "0s"]):
        with pytest.raises(SystemExit) as caught:
            main(["rules", "lint", *arguments])
        assert caught.value.code == 2


def test_what_a_prometheus_has(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(data: object) -> bytes:
        return http(200, json.dumps({"status": "success", "data": data}).encode())

    types = {"shop_open_orders": [{"type": "gauge", "help": ""}], "shop_paid": [{"type": "counter", "help": ""}]}
    names = ["shop_open_orders", "shop_paid_total", "job:recorded"]
    with FakeServer([answer(types), answer(names), answer(["__name__", "job", "state"])]) as server:
        assert main(["rules", "lint", "rules.yml", "--prometheus", server.url]) == 1
    asked = [request.split()[1].partition("?")[0] for request in server.requests]
    assert asked == ["/api/v1/metadata", "/api/v1/label/__name__/values", "/api/v1/labels"]
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("rules.yml:")]
    assert told == [
        "rules.yml:5:16: counter: rate() of a gauge: shop_open_orders",
        "rules.yml:5:33: series: no series of shop_open_orders has the label stat",
    ]


def test_a_prometheus_that_does_not_answer(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "lint", "rules.yml", "--prometheus", "127.0.0.1"]) == 2
    assert capsys.readouterr().err == (
        'dev-hq: "127.0.0.1" is not the URL of a Prometheus; write it like http://127.0.0.1:9090\n'
    )
