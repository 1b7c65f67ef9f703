"""The models of the API's answers have the fields and the words of what is answered, and no others."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from hq.api import anomalies_answer as answers
from hq.api.anomaly_feed import AnomalyFeed
from hq.terminal.json_lines import document
from hq.terminal.observation import Blind, Budget, Gate, Observation, Service, Trouble
from hq.terminal.round import VERDICT_WORDS
from prometheus.anomalies import Anomaly
from prometheus.catalogue import SEVERITIES
from tests.hq import terminal_world as world


@pytest.mark.parametrize(
    ("model", "kind", "more"),
    [
        (answers.AnomalyFound, Anomaly, {"explained_by"}),
        (answers.ServiceFound, Service, set()),
        (answers.BudgetFound, Budget, set()),
        (answers.GateVerdict, Gate, set()),
        (answers.TroubleFound, Trouble, set()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_model_has_the_fields_of_its_dataclass(model: type[BaseModel], kind: type, more: set[str]) -> None:
    assert set(model.model_fields) == {field.name for field in dataclasses.fields(kind)} | more


def test_the_words_are_those_that_are_used() -> None:
    assert get_args(answers.Severity) == tuple(SEVERITIES)
    assert set(get_args(answers.GateVerdict.model_fields["verdict"].annotation)) == set(VERDICT_WORDS.values())


@pytest.mark.parametrize(
    "seen",
    [world.calm(), world.anomalous(), world.broken(), world.crowd(3, 9), Blind(world.NOON, "away")],
    ids=["calm", "anomalous", "broken", "crowd", "blind"],
)
def test_a_model_says_all_that_a_line_says(seen: Observation | Blind) -> None:
    line = document(seen)
    said = answers.AnomaliesFound.model_validate(line).model_dump(mode="json")
    assert said == json.loads(json.dumps(line))
    assert list(said) == list(line)


def test_the_models_of_events_say_all_that_these_say() -> None:
    feed = AnomalyFeed()
    for seen in (world.calm(), world.anomalous(), Blind(world.NOON, "away"), world.calm()):
        feed.take(document(seen))
    models: dict[str, type[BaseModel]] = {
        "started": answers.AnomalyChange,
        "ended": answers.AnomalyChange,
        "blind": answers.Blindness,
        "seeing": answers.AnomaliesFound,
    }
    position, heard = 0, set()
    while step := feed.after(position):
        position = step.number
        data: Any = step.event.data
        heard.add(step.event.name)
        assert models[step.event.name].model_validate(data).model_dump(mode="json") == json.loads(json.dumps(data))
    assert heard == set(models)
