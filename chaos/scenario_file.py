"""Reads a scenario from YAML; every mistake is one line: `file:line: what is wrong, what would be right`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chaos.faults import KINDS
from chaos.parameters import PARAMETERS, ParameterError, read_parameters
from chaos.scenario import TARGET_KINDS, ChaosScenario, PlannedFault
from prometheus.catalogue import CATALOGUE
from stack.document import Value, read_document
from stack.errors import HqError
from stack.suggestion import suggestion


def shipped_scenarios() -> dict[str, ChaosScenario]:
    """The scenarios that come with the project, by name."""
    files = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))
    return {scenario.name: scenario for scenario in map(read_scenario, files)}


def load_scenario(path_or_name: str) -> ChaosScenario:
    """The shipped scenario of that name, or the one in a YAML file; raises HqError."""
    if "/" in path_or_name or path_or_name.endswith((".yaml", ".yml")):
        return read_scenario(Path(path_or_name))
    shipped = shipped_scenarios()
    if path_or_name not in shipped:
        file = Path(f"{path_or_name}.yaml")
        if file.is_file():
            raise HqError(f'there is no scenario "{path_or_name}"; did you mean the file {file}?')
        raise HqError(f'there is no scenario "{path_or_name}"; {suggestion(path_or_name, shipped, "there are")}')
    return shipped[path_or_name]


def read_scenario(path: Path) -> ChaosScenario:
    """The scenario in a file; raises HqError, mostly ConfigError."""
    root = read_document(path)
    keys = root.fields(
        required=("scenario", "title", "hypothesis", "targets", "faults", "expect"),
        optional=("parameters", "may", "silent"),
    )
    parameters = keys["parameters"].fields(optional=PARAMETERS) if "parameters" in keys else {}
    expect, may = _types(keys["expect"]), _types(keys["may"]) if "may" in keys else ()
    silent = _types(keys["silent"]) if "silent" in keys else tuple(t for t in CATALOGUE if t not in (*expect, *may))
    _refuse_overlap(root, expect, may, silent)
    return ChaosScenario(
        name=keys["scenario"].name(),
        title=keys["title"].text().strip(),
        hypothesis=keys["hypothesis"].text().strip(),
        target_kinds=_some(keys["targets"], tuple(item.choice(TARGET_KINDS) for item in keys["targets"].items())),
        parameters=_texts(parameters),
        faults=_faults(keys["faults"], parameters),
        expect=_some(keys["expect"], expect),
        may=may,
        silent=silent,
    )


def _types(value: Value) -> tuple[str, ...]:
    return tuple(item.choice(tuple(CATALOGUE)) for item in value.items())


def _some(value: Value, items: tuple[str, ...]) -> tuple[str, ...]:
    if not items:
        raise value.error(f"{value.path} must name at least one")
    return items


def _texts(parameters: Mapping[str, Value]) -> dict[str, str]:
    return {name: value.text() for name, value in parameters.items()}


def _faults(value: Value, shared: Mapping[str, Value]) -> tuple[PlannedFault, ...]:
    faults: list[PlannedFault] = []
    for item in value.items():
        own = item.fields(required=("kind",), optional=PARAMETERS)
        kind = own.pop("kind").choice(tuple(KINDS))
        if any(fault.kind == kind for fault in faults):
            raise item.error(f"there is a {kind} fault already; a scenario has at most one fault of each kind")
        values = {**shared, **own}
        try:
            read_parameters(kind, _texts(values))
        except ParameterError as error:
            raise values.get(error.name, item).error(f"{kind} fault: {error}") from None
        faults.append(PlannedFault(kind, _texts(own)))
    if not faults:
        raise value.error("faults must name at least one fault")
    return tuple(faults)


def _refuse_overlap(root: Value, *lists: tuple[str, ...]) -> None:
    named = [anomaly for anomalies in lists for anomaly in anomalies]
    for anomaly in named:
        if named.count(anomaly) > 1:
            raise root.error(f"{anomaly} is named twice in expect, may and silent; keep one of them")
