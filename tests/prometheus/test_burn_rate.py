"""The rules about objectives: how many there are, which alerts an objective gets, and what is said of others."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.cli import main
from prometheus.formats.text import dump
from prometheus.objectives.budget import budget_groups
from prometheus.objectives.burn_rate import unreachable
from prometheus.objectives.objective import Objective, objectives, selected
from prometheus.rule import AlertRule, Recording
from prometheus.rules import write_rules
from stack.burn_rate import DEFAULT_LADDER, BurnRateAlert
from stack.model import Stack
from tests.prometheus.rule_case import case, counter, look
from tests.prometheus.stacks import stack_of
from tests.prometheus.test_rules import promtool


def services(*promises: str) -> str:
    lines = (
        f"  svc-{number}: {{sli: {{preset: prometheus-http, selector: {{job: svc-{number}}}}}, "
        f"objectives: {promise}}}\n"
        for number, promise in enumerate(promises)
    )
    return "services:\n" + "".join(lines)


USUAL = "{success_rate: {target: 99.9%}, latency: {under: 300ms, target: 99%}}"


def rules_of(stack: Stack) -> Iterator[Recording | AlertRule]:
    for group in budget_groups(stack):
        yield from group.rules


def recorded(stack: Stack, name: str, **labels: str) -> str:
    (expr,) = [one.expr for one in rules_of(stack) if isinstance(one, Recording) and one.record == name
               and labels.items() <= one.labels.items()]  # fmt: skip
    return expr


def test_as_many_rules_for_a_hundred_services_as_for_two(tmp_path: Path) -> None:
    few, many = (stack_of(services(*[USUAL] * number), tmp_path) for number in (2, 100))
    assert len(list(rules_of(few))) == len(list(rules_of(many))) < 40


def test_different_promises_make_longer_rules_and_not_more(tmp_path: Path) -> None:
    alike = stack_of(services(*[USUAL] * 6), tmp_path)
    odd = "{success_rate: {target: 99%, window: 7d}, latency: {under: 100ms, target: 95%, window: 90d}}"
    mixed = stack_of(services(*[USUAL] * 3, *[odd] * 3), tmp_path)
    assert len(list(rules_of(alike))) == len(list(rules_of(mixed)))
    write_rules(mixed, tmp_path / "rules")
    promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules" / "budgets.yml")


@pytest.mark.e2e
def test_the_rules_of_a_thousand_services_are_written_in_seconds_and_accepted(tmp_path: Path) -> None:
    write_rules(stack_of(services(*[USUAL] * 1000), tmp_path), tmp_path / "rules")
    promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules" / "budgets.yml")


@pytest.mark.parametrize(("window", "factors"), [(30, "14.4 6 3 1"), (7, "14.4 6 3 1"), (90, "43.2 18 9 3")])
def test_the_factors_follow_from_the_budget_that_goes(window: int, factors: str) -> None:
    assert " ".join(f"{one.factor(window * 86400):f}" for one in DEFAULT_LADDER) == factors


@given(
    spent=st.integers(1, 10_000).map(lambda part: Decimal(part) / 10_000),
    within=st.integers(3600, 90 * 86400),
    window=st.integers(60, 365 * 86400),
    target=st.integers(1, 999_999).map(lambda part: Decimal(part) / 1_000_000),
)
def test_what_can_fire_is_below_the_burn_rate_of_nothing_but_failures(
    spent: Decimal, within: int, window: int, target: Decimal
) -> None:
    alert = BurnRateAlert(spent, within, "low")
    assert alert.can_fire(target, window) == (alert.factor(window) < 1 / (1 - target))
    assert abs(alert.factor(window) * within - spent * max(window, 30 * 86400)) <= Decimal("0.000001") * within
    assert abs(12 * alert.short - within) <= 6


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(("success_rate", "latency"))), unique=True, min_size=1
    ),
    st.randoms(use_true_random=False),
)
def test_the_matchers_select_exactly_what_is_wanted(pairs: list[tuple[str, str]], random: object) -> None:
    import re
    from random import Random

    assert isinstance(random, Random)
    every = [Objective(service, slo, Decimal("0.9"), 1.0) for service, slo in pairs]
    some = [one for one in every if random.random() < 0.5]
    found = []
    for matchers in selected(some, every):
        slo, service = (re.search(pattern, matchers) for pattern in (r'slo="(\w+)"', r'service=~"([^"]+)"'))
        found += [
            one for one in every
            if (not slo or slo[1] == one.slo) and (not service or re.fullmatch(service[1], one.service))
        ]  # fmt: skip
    assert sorted(found, key=str) == sorted(some, key=str)


def test_a_factor_that_cannot_fire_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = stack_of(services("{success_rate: {target: 90%}}", USUAL), tmp_path)
    critical = recorded(stack, "slo:budget_burning:ratio", window="1h")
    assert 'slo:burn_rate:ratio_rate1h{slo="success_rate",service=~"svc-1"} > 14.4' in critical
    assert 'slo:burn_rate:ratio_rate1h{slo="latency"} > 14.4' in critical
    assert "svc-0" not in critical
    assert "{" not in recorded(stack, "slo:budget_burning:ratio", window="6h")
    said = (
        "success_rate 90% over 30d (svc-0): no alert on a burn rate of 14.4 (critical), for it cannot burn faster than "
        "10 times; write burn_rate_alerts of your own"
    )
    assert unreachable(stack) == [said]
    assert main(["--stack", str(stack.file), "generate", "--output", str(tmp_path / "rules")]) == 0
    assert capsys.readouterr().err == f"note: {said}\n"


def test_many_objectives_of_one_kind_are_one_line(tmp_path: Path) -> None:
    stack = stack_of(services(*["{success_rate: {target: 99%, window: 90m}}"] * 5), tmp_path)
    assert unreachable(stack) == [
        "success_rate 99% over 90m (svc-0, svc-1 and 3 more): no alert on its burn rate, "
        "for it has no room for a window of an hour; make it 2h"
    ]
    assert not any(one.alert == "ErrorBudgetBurn" for one in rules_of(stack) if isinstance(one, AlertRule))


def test_windows_longer_than_half_the_objective_s_are_left_out(tmp_path: Path) -> None:
    stack = stack_of(services("{success_rate: {target: 99.9%, window: 1d}}"), tmp_path)
    found = [one for one in rules_of(stack) if isinstance(one, Recording) and one.record == "slo:budget_burning:ratio"]
    assert [one.labels["window"] for one in found] == ["1h", "6h"]
    severities = [one.labels["severity"] for one in rules_of(stack) if isinstance(one, AlertRule)]
    assert severities == ["high", "critical", "medium"]  # the last one is ObjectiveUnmeasured


def test_a_ladder_of_one_s_own(tmp_path: Path) -> None:
    ladder = "burn_rate_alerts: [{spent: 1%, within: 90m, severity: high}, {spent: 3%, within: 3h, severity: high}]\n"
    stack = stack_of(services(USUAL) + ladder, tmp_path)
    names = [one.record for one in rules_of(stack) if isinstance(one, Recording)]
    assert {"slo:burn_rate:ratio_rate90m", "slo:burn_rate:ratio_rate450s", "slo:burn_rate:ratio_rate15m"} <= set(names)
    burns = [one for one in rules_of(stack) if isinstance(one, AlertRule) and one.alert == "ErrorBudgetBurn"]
    assert [one.labels["severity"] for one in burns] == ["high"]
    assert "slo:burn_rate:ratio_rate90m > 4.8" in recorded(stack, "slo:budget_burning:ratio", window="90m")
    assert unreachable(stack) == []
    write_rules(stack, tmp_path / "rules")
    promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules" / "budgets.yml")


@pytest.mark.e2e
def test_two_times_of_one_severity_are_one_alert(tmp_path: Path) -> None:
    ladder = """burn_rate_alerts:
  - {spent: 2%, within: 1h, severity: critical}
  - {spent: 5%, within: 6h, severity: critical}
  - {spent: 10%, within: 1d, severity: low}
  - {spent: 10%, within: 3d, severity: low}
"""
    write_rules(stack_of(services("{success_rate: {target: 99.9%}}") + ladder, tmp_path), tmp_path)
    counted, burns = 'http_requests_total{job="svc-0",code="%d"}', 'ALERTS{alertname="ErrorBudgetBurn"}'
    fire: dict[str, float] = {
        f'{{alertname="ErrorBudgetBurn", severity="{severity}", service="svc-0", slo="success_rate", '
        f'window="{window}"}}': 1
        for severity, window in (("critical", "6h"), ("low", "3d"))
    }
    failing = case(
        "every second request fails",
        {counted % 200: counter((5, 240), step=15), counted % 500: counter((5, 240), step=15)},
        look("count by (severity) (slo:budget_burning:ratio)", "55m7s",
             {'{severity="critical"}': 2, '{severity="low"}': 2}),
        look(f"count by (alertname, severity, service, slo, window) ({burns})", "55m7s", fire),
        step="15s",
    )  # fmt: skip
    test = {"rule_files": ["budgets.yml"], "evaluation_interval": "1m", "tests": [failing]}
    (tmp_path / "test.yml").write_text(dump(test))
    promtool("test", "rules", tmp_path / "test.yml")


def test_no_alerts_at_all_when_the_ladder_is_empty(tmp_path: Path) -> None:
    stack = stack_of(services(USUAL) + "burn_rate_alerts: []\n", tmp_path)
    assert [one.alert for one in rules_of(stack) if isinstance(one, AlertRule)] == ["ObjectiveUnmeasured"]


def test_the_budget_is_the_exact_decimal(tmp_path: Path) -> None:
    stack = stack_of(services("{success_rate: {target: 99.9999%}}"), tmp_path)
    assert [one.budget for one in objectives(stack)] == [Decimal("0.000001")]
    assert recorded(stack, "slo:error_budget:ratio").endswith("+ 0.000001")
