"""More bad (or good) requests than requests: two counters that count different things, and somebody says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prometheus.formats.text import dump
from prometheus.objectives.request_counts import UNTOLD
from prometheus.rules import rule_files, write_rules
from tests.prometheus.rule_case import case, counter, look
from tests.prometheus.stacks import OTHERS, demo_stack, stack_of
from tests.prometheus.test_rules import promtool, rules_in
from tests.prometheus.test_rules import rule_files as written

SAMPLES = 160
STACK = """
services:
  till:
    sli: {total: 'rpc_total{job="till"}', bad: 'rpc_failed_total{job="till"}'}
    objectives: {success_rate: {target: 99%}}
  desk:
    sli: {total: 'rpc_total{job="desk"}', good: 'rpc_served_total{job="desk"}'}
    objectives: {success_rate: {target: 99%}}
"""


def judged(directory: Path, *cases: dict[str, Any]) -> None:
    """promtool's opinion of some cases under the rules of the stack."""
    stack = stack_of(STACK, directory)
    write_rules(stack, directory)
    budgets = next(file for file in rule_files(stack) if file.name == "budgets")
    content = {
        "rule_files": ["anomalies.yml", "budgets.yml"],
        "evaluation_interval": "5s",
        "group_eval_order": ["anomalies", *(group.name for group in budgets.groups)],
        "tests": list(cases),
    }
    (directory / "test.yml").write_text(dump(content))
    promtool("test", "rules", directory / "test.yml")


def counts(till: float, bad: float, desk: float, good: float) -> dict[str, str]:
    """Requests a second of two services, and what they count of them."""
    rates = {
        'rpc_total{job="till"}': till,
        'rpc_failed_total{job="till"}': bad,
        'rpc_total{job="desk"}': desk,
        'rpc_served_total{job="desk"}': good,
    }
    return {series: counter((rate, SAMPLES)) for series, rate in rates.items()}


def unmeasured(at: str, *services: str) -> dict[str, Any]:
    return look(
        'count by (service, slo) (ALERTS{alertname="ObjectiveUnmeasured",alertstate="firing"})',
        at,
        {f'{{service="{service}", slo="success_rate"}}': 1 for service in services},
    )


def beyond(at: str, **requests: float) -> dict[str, Any]:
    of = {f'{{service="{service}", slo="success_rate"}}': value for service, value in requests.items()}
    return look(f"round({UNTOLD})", at, of)


@pytest.mark.e2e
def test_counters_that_contradict_each_other_are_alerted_on(tmp_path: Path) -> None:
    judged(
        tmp_path,
        case("more bad, and more good", counts(10, 14, 10, 12),
             unmeasured("4m2s"), unmeasured("9m2s", "till", "desk"), beyond("9m2s", till=1200, desk=600),
             look("round(service:errors:ratio_rate1m, 0.1)", "9m2s",
                  {'{service="till"}': 1.4, '{service="desk"}': 0})),
        case("all fail, and none", counts(10, 10, 10, 10), unmeasured("9m2s"), beyond("9m2s"),
             look("round(service:errors:ratio_rate1m, 0.1)", "9m2s",
                  {'{service="till"}': 1, '{service="desk"}': 0})),
        case("half a percent more is chance", counts(10, 10.05, 10, 10.05), unmeasured("9m2s"), beyond("9m2s")),
        case("one request more is chance", counts(0.01, 0.0125, 0.01, 0.0125), unmeasured("9m2s"), beyond("9m2s")),
        case("nothing comes", counts(0, 0, 0, 0), unmeasured("9m2s"), beyond("9m2s")),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["demo", *OTHERS])
def test_only_counters_that_can_contradict_each_other_are_asked(name: str, tmp_path: Path) -> None:
    """Those of a preset cannot: they are one counter, of which the bad ones have a label."""
    stack = demo_stack() if name == "demo" else stack_of(OTHERS[name], tmp_path)
    asked = [rule for rule in rules_in(written(stack)) if rule.get("record") == UNTOLD and "0.01 *" in rule["expr"]]
    assert [rule["labels"]["service"] for rule in asked] == (["desk"] if name == "three services, two pools" else [])
