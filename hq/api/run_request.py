"""A run that is asked for by names and numbers, checked against what there is before anything is written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chaos.scenario import ChaosScenario
from hq.api.errors import ApiError
from hq.api.run_models import RunParameters, RunRequest
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration, format_percent
from stack.suggestion import suggestion


@dataclass(frozen=True)
class Plan:
    """What is to be run: names that exist, and parameters that make sense, as people write them."""

    scenario: str
    target: str
    changes: Mapping[str, str]
    parameters: Mapping[str, str]


def planned(request: RunRequest, stack: Stack, scenarios: Mapping[str, ChaosScenario]) -> Plan:
    """The plan; raises ApiError: 404 for a name that nobody knows, 422 for what cannot be done."""
    scenario = scenarios.get(request.scenario)
    if scenario is None:
        words = suggestion(request.scenario, scenarios, "there are")
        raise ApiError(404, f'there is no scenario "{request.scenario}"; {words}')
    known = request.target is None or request.target in stack.pools or request.target in stack.services
    try:
        target = scenario.target(stack, request.target)
        changes = _texts(scenario, request.parameters)
        changed = scenario.with_parameters(changes)
        changed.plan(stack, target)
    except HqError as error:
        words = without_paths(str(error), stack).replace("choose with --target", "choose with target")
        raise ApiError(422 if known else 404, words) from None
    return Plan(scenario.name, target, changes, changed.parameters)


def digest_of_key(key: str, who: str) -> str:
    """What is kept of an Idempotency-Key; each caller has keys of its own."""
    return hashlib.sha256(f"{who}\0{key}".encode()).hexdigest()


def digest_of_body(request: RunRequest) -> str:
    """What is kept of a body: the same for two that ask for the same in another order."""
    return hashlib.sha256(json.dumps(request.model_dump(), sort_keys=True).encode()).hexdigest()


def without_paths(sentence: str, stack: Stack) -> str:
    """A sentence for somebody who is to learn no paths of this machine."""
    home = stack.file.resolve().parent
    return sentence.replace(str(stack.file), stack.file.name).replace(f"{home}/", "")


def _texts(scenario: ChaosScenario, asked: RunParameters) -> dict[str, str]:
    texts: dict[str, str] = {}
    if asked.share is not None:
        texts["share"] = _percent(asked.share)
    if asked.intensity is not None:
        if delays(scenario):
            texts["intensity"] = format_duration(asked.intensity)
        elif asked.intensity > 1:
            raise ApiError(422, "parameters.intensity: must be a ratio, more than 0 and at most 1")
        else:
            texts["intensity"] = _percent(asked.intensity)
    if asked.duration_seconds is not None:
        texts["duration"] = format_duration(asked.duration_seconds)
    if asked.step_seconds is not None:
        texts["step"] = format_duration(asked.step_seconds)
    return texts


def delays(scenario: ChaosScenario) -> bool:
    """Whether the intensity of a scenario is a time."""
    return any(fault.kind == "latency" for fault in scenario.faults)


def _percent(ratio: float) -> str:
    return format_percent(Decimal(str(round(ratio, 11))))  # a percentage has nine digits behind its point
