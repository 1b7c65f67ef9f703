"""The scenarios that are shipped, as the HTTP API describes them."""

from __future__ import annotations

from chaos.parameters import DEFAULTS
from chaos.scenario import ChaosScenario
from chaos.scenario_file import shipped_scenarios
from hq.api.run_models import Scenario, settings
from hq.api.run_request import delays
from stack.model import Stack


def described_scenarios(stack: Stack) -> list[Scenario]:
    """Each with its targets on this stack; one without any cannot be run on it."""
    return [_described(scenario, stack) for scenario in shipped_scenarios().values()]


def _described(scenario: ChaosScenario, stack: Stack) -> Scenario:
    return Scenario(
        name=scenario.name,
        title=scenario.title,
        hypothesis=scenario.hypothesis,
        faults=[fault.kind for fault in scenario.faults],
        targets=list(scenario.targets(stack)),
        parameters=settings({**DEFAULTS, **scenario.parameters}),
        intensity_unit="seconds" if delays(scenario) else "ratio",
        expect=list(scenario.expect),
        may=list(scenario.may),
        silent=list(scenario.silent),
    )
