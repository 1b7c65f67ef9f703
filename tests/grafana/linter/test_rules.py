"""Each rule finds what breaks it, and says where and what."""

from __future__ import annotations

import json

import pytest

from prometheus.lint.knowledge import Knowledge
from tests.grafana.linter.cases import CASES, Case, Json, good
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.lint import RULES, problems
from tests.grafana.linter.surroundings import known_of
from tests.prometheus.stacks import demo_stack

NOT_KEPT = frozenset({"template-job-rule", "template-instance-rule", "target-job-rule", "target-instance-rule"})
"""The rules that we make exceptions from."""


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return known_of(demo_stack())


def found(boards: list[Json], known: Knowledge) -> list[str]:
    files = ("anomaly-overview.json", "service.json")
    dashboards = [Dashboard.of(file, json.dumps(board)) for file, board in zip(files, boards, strict=True)]
    return [str(one) for one in problems(dashboards, known)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.message)
def test_a_rule_that_is_broken(case: Case, known: Knowledge) -> None:
    boards = good()
    case.change(boards[0])
    assert f"{case.message} [{case.rule}]" in found(boards, known)


def test_a_dashboard_that_keeps_all_rules(known: Knowledge) -> None:
    assert [one for one in found(good(), known) if not any(f"[{rule}]" in one for rule in NOT_KEPT)] == []


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} | {"template-instance-rule"} == set(RULES)
