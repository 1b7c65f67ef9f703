"""All rules over all dashboards of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from grafana.generate import dashboard_texts
from prometheus.lint.knowledge import Knowledge
from stack.model import Stack
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.linter.problem import Problem
from tests.grafana.linter.rules import (
    annotations,
    colours,
    expressions,
    fields,
    identity,
    labels,
    links,
    panels,
    places,
    variables,
)
from tests.grafana.linter.surroundings import Surroundings

Rule = Callable[[Dashboard, Surroundings], Iterator[Problem]]

RULES: Mapping[str, Rule] = {
    **annotations.RULES,
    **colours.RULES,
    **expressions.RULES,
    **fields.RULES,
    **identity.RULES,
    **labels.RULES,
    **links.RULES,
    **panels.RULES,
    **places.RULES,
    **variables.RULES,
}


def problems(dashboards: list[Dashboard], known: Knowledge) -> list[Problem]:
    """What is wrong with the dashboards of a stack, exceptions among it."""
    around = Surroundings({one.uid: one for one in dashboards}, known)
    return [problem for dashboard in dashboards for rule in RULES.values() for problem in rule(dashboard, around)]


def generated(stack: Stack) -> list[Dashboard]:
    """The dashboards of a stack."""
    return [Dashboard.of(file, text) for file, text in dashboard_texts(stack).items()]
