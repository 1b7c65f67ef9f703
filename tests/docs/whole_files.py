"""YAML on the pages, read by the loader of what it is."""

from __future__ import annotations

from pathlib import Path

import yaml

from chaos.scenario_file import read_scenario
from gates.configuration.gates_file import load_gates
from stack.loader import load_stack

STACK_KEYS = {
    "services", "pools", "prometheus", "alertmanager", "envoy", "exporter", "anomalies", "gates", "links",
    "processes", "burn_rate_alerts",
}  # fmt: skip
A_SERVICE = {"sli": {"preset": "envoy"}, "objectives": {"success_rate": {"target": "99%"}}}


def read_whole(text: str, directory: Path) -> str:
    """Reads a file as the project does, and says what it was: stack, gates, scenario or yaml.

    A part of a stack.yaml is read with what it needs to be a whole one. Raises HqError or yaml.YAMLError.
    """
    content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - no tags, every scalar a text
    keys = set(content) if isinstance(content, dict) else set()
    path = directory / "it.yaml"
    path.write_text(text)
    if "scenario" in keys:
        read_scenario(path)
        return "scenario"
    if "version" in keys and keys & {"slos", "gates"}:
        load_gates(path, {})
        return "gates"
    if keys and keys <= STACK_KEYS:
        services = content.get("services", {"storefront": {}})
        content["services"] = {name: {**A_SERVICE, **service} for name, service in services.items()}
        path.write_text(yaml.safe_dump(content))
        load_stack(path)
        return "stack"
    return "yaml"
