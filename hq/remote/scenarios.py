"""The scenarios that a server has: named, shown, and their parameters as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hq.chaos_output import print_scenario
from hq.remote.answer import read_as, read_rows
from hq.remote.client import RemoteClient
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.quantity import QuantityError, format_duration, format_percent, parse_duration, parse_percent
from stack.suggestion import suggestion

PARAMETERS = {"share": "share", "intensity": "intensity", "duration": "duration_seconds", "step": "step_seconds"}


@dataclass(frozen=True)
class RemoteScenario:
    """A scenario as the server describes it; its intensity is a ratio or in seconds."""

    name: str
    title: str
    hypothesis: str
    faults: tuple[str, ...]
    targets: tuple[str, ...]
    intensity_unit: str
    expect: tuple[str, ...]
    may: tuple[str, ...]
    silent: tuple[str, ...]


def list_scenarios(client: RemoteClient) -> int:
    """What `dev-hq chaos list` prints."""
    for row in _rows(client):
        scenario = _read(client, row)
        print(f"{client.quoted(scenario.name):<22}{client.quoted(scenario.title)}")
    return 0


def show_scenario(client: RemoteClient, name: str) -> int:
    """What `dev-hq chaos show` prints, the targets being those that the server's stack has."""
    row = _named(client, name)
    scenario = _read(client, row)
    rows = {
        "scenario": scenario.name,
        "title": scenario.title,
        "hypothesis": scenario.hypothesis,
        "targets": ", ".join(scenario.targets) or "none in that stack",
        "parameters": _settings(row.get("parameters"), scenario.intensity_unit),
        "faults": "; ".join(scenario.faults),
        "expect": ", ".join(scenario.expect),
        "may": ", ".join(scenario.may) or "nothing",
        "silent": ", ".join(scenario.silent) or "nothing",
    }
    print_scenario({title: client.quoted(value) for title, value in rows.items()})
    return 0


def parameters(client: RemoteClient, name: str, changes: Mapping[str, str]) -> dict[str, float]:
    """What people write, such as `share=50%`, as the numbers that the API takes; raises HqError."""
    asked: dict[str, float] = {}
    for parameter, text in changes.items():
        if parameter not in PARAMETERS:
            raise HqError(f'there is no parameter "{parameter}"; {suggestion(parameter, PARAMETERS)}')
        try:
            asked[PARAMETERS[parameter]] = _number(client, name, parameter, text)
        except QuantityError as error:
            raise HqError(f"scenario {name}: {parameter}: {error}") from None
    return asked


def _number(client: RemoteClient, name: str, parameter: str, text: str) -> float:
    is_share = parameter == "share"
    if parameter == "intensity":  # its unit is the scenario's own
        is_share = _read(client, _named(client, name)).intensity_unit == "ratio"
    return float(parse_percent(text)) if is_share else parse_duration(text)


def _rows(client: RemoteClient) -> list[dict[str, Any]]:
    answer = client.get("/api/chaos/scenarios")
    with client.reading():
        return read_rows(answer.get("scenarios") if isinstance(answer, dict) else None, "scenarios")


def _named(client: RemoteClient, name: str) -> dict[str, Any]:
    rows = {str(row.get("name")): row for row in _rows(client)}
    if name not in rows:
        raise HqError(f'there is no scenario "{name}"; {client.quoted(suggestion(name, rows, "there are"))}')
    return rows[name]


def _read(client: RemoteClient, row: dict[str, Any]) -> RemoteScenario:
    with client.reading():
        return read_as(RemoteScenario, row, "the scenario")


def _settings(numbers: object, intensity_unit: str) -> str:
    """Parameters as people write them."""
    known = numbers if isinstance(numbers, dict) else {}
    written = []
    for parameter, key in PARAMETERS.items():
        number = known.get(key)
        if isinstance(number, int | float):
            is_ratio = parameter == "share" or (parameter == "intensity" and intensity_unit == "ratio")
            text = format_percent(Decimal(str(number))) if is_ratio else format_duration(number)
            written.append(f"{parameter} {text}")
    return ", ".join(written)
