"""A gates file: which gates there are, on what, and whom they ask."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from gates.checklist import Checklist
from gates.configuration.gate_entry import GateReader
from gates.configuration.limits import read_confidence, read_window
from gates.configuration.slos import read_slos
from gates.configuration.variables import Variables
from gates.gate import QualityGate
from gates.statistics import CONFIDENCE
from stack.access import ACCESS_KEYS, read_access
from stack.document import Value, read_document
from stack.model import LONGEST_GATE_WINDOW, GateSettings, PrometheusSettings
from stack.on_fail import read_on_fail
from stack.quantity import format_duration

WEEK = 7 * 86400.0
_KEYS = ("version", "stack", "prometheus", "vars", "defaults", "slos", "gates", "on_fail")


def load_gates(path: Path, variables: Mapping[str, str], option: str = "--config") -> Checklist:
    """The checklist in the gates file `path`, which `option` names, with these variables; raises HqError."""
    root = read_document(path, if_missing=f"name your gates file with {option}")
    keys = _top(root)
    values = Variables(variables, os.environ)
    if "vars" in keys:
        values.read(keys.pop("vars"))
    for key, value in keys.items():
        values.fill(value, key)
    values.refuse_unused(path)
    checklist = _checklist(path, root, keys)
    checklist.refuse_short_windows()
    return checklist


def _top(root: Value) -> dict[str, Value]:
    """The keys of the file; the version first, for another one has other keys."""
    entries = root.mapping()
    if "services" in entries:
        raise entries["services"].error("this is a stack, where a gates file is due; name it with --stack")
    if "apiVersion" in entries:
        name = Path(root.file).name
        raise root.error(f"this is no gates file; OpenSLO is read by one that names it under slos, - openslo: {name}")
    if "version" in entries and (version := entries["version"].text()) != "1":
        raise entries["version"].error(f'version must be 1, not "{version}"; this is what this program reads')
    return root.fields(required=_KEYS[:1], optional=_KEYS[1:])


def _checklist(path: Path, root: Value, keys: Mapping[str, Value]) -> Checklist:
    of_stack = _of_stack(keys["stack"], path.parent) if "stack" in keys else None
    base = of_stack or Checklist(path, (), PrometheusSettings(), path.resolve().parent / "var" / "journal.jsonl")
    if "prometheus" in keys:
        base = replace(base, prometheus=_prometheus(keys["prometheus"], path.parent))
    elif not of_stack:
        raise root.error("the file does not say whom to ask; give it prometheus, with a url, or stack")
    scrape_interval = base.prometheus.scrape_interval
    defaults = keys["defaults"].fields(optional=("window", "confidence", "max_age")) if "defaults" in keys else {}
    gates = base.gates + tuple(_gates(keys, defaults, scrape_interval, path.parent))
    if not gates:
        raise keys.get("gates", root).error("there are no gates, and without one nothing is judged; list one at least")
    _refuse_twins(gates)
    return replace(
        base,
        file=path,
        gates=gates,
        max_age=_max_age(defaults["max_age"], scrape_interval) if "max_age" in defaults else None,
        on_fail=read_on_fail(keys["on_fail"], path.parent) if "on_fail" in keys else base.on_fail,
    )


def _of_stack(value: Value, base: Path) -> Checklist:
    """The default gates of the stack that `value` names, asked where it runs."""
    from gates.objectives import checklist_of
    from stack.placement import open_stack

    file = base / value.text()
    if not file.exists():
        raise value.error(f"there is no file {file}; paths are relative to this file")
    return checklist_of(open_stack(file))


def _prometheus(value: Value, base: Path) -> PrometheusSettings:
    keys = value.fields(required=("url",), optional=("scrape_interval", *ACCESS_KEYS))
    return PrometheusSettings(
        url=keys["url"].url(),
        scrape_interval=keys["scrape_interval"].duration(low=0.1, high=WEEK)
        if "scrape_interval" in keys
        else PrometheusSettings.scrape_interval,
        access=read_access(keys, base),
    )


def _gates(
    keys: Mapping[str, Value], defaults: Mapping[str, Value], scrape_interval: float, base: Path
) -> Iterator[QualityGate]:
    reader = GateReader(
        slos=read_slos(keys["slos"], base) if "slos" in keys else {},
        scrape_interval=scrape_interval,
        window=read_window(defaults["window"], scrape_interval) if "window" in defaults else GateSettings.window,
        confidence=read_confidence(defaults["confidence"]) if "confidence" in defaults else CONFIDENCE,
    )
    if "gates" in keys:
        for item in keys["gates"].items():
            yield reader.read(item)


def _max_age(value: Value, scrape_interval: float) -> float:
    age = value.duration(high=LONGEST_GATE_WINDOW)
    if age < scrape_interval:
        raise value.error(
            f"{value.path}, {value.text()}, is younger than data ever is: Prometheus scrapes every "
            f"{format_duration(scrape_interval)}"
        )
    return age


def _refuse_twins(gates: tuple[QualityGate, ...]) -> None:
    first: dict[tuple[str, str], QualityGate] = {}
    for gate in gates:
        twin = first.setdefault((gate.service, gate.name), gate)
        if twin is not gate and twin.place:
            service = f" for {gate.service}" if gate.service else ""
            where = f"{twin.place.file}:{twin.place.line}"
            raise gate.error(f'there is a gate "{gate.name}"{service} already, in {where}; rename one')
