"""The files from which Grafana takes its data sources and dashboards, so that nothing is clicked by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from grafana.access import permission
from grafana.data_sources import alertmanager_source, prometheus_source
from prometheus.formats.text import dump
from stack.generated import SIGNATURE
from stack.model import Stack

FOLDER = "dev-hq"
DASHBOARDS = "$GF_PATHS_PROVISIONING/../dashboards"
"""Beside the directory of these files, wherever that is: Grafana's own images set the variable."""

RESCAN_SECONDS = 30


def provisioning_texts(stack: Stack) -> dict[str, str]:
    """The YAML files by their names below Grafana's provisioning directory; raises HqError."""
    return {"dashboards/dev-hq.yaml": _dashboards(), "datasources/dev-hq.yaml": _data_sources(stack)}


def _data_sources(stack: Stack) -> str:
    # `prune` removes what this file once had, and no other data source, once it is gone from here
    sources = [prometheus_source(stack), alertmanager_source(stack)]
    return _text(_remarks(stack), {"prune": True, "datasources": sources})


def _dashboards() -> str:
    provider = {
        "name": "dev-hq",
        "orgId": 1,
        "folder": FOLDER,
        "folderUid": FOLDER,
        "type": "file",
        "disableDeletion": True,  # an empty mount must not empty Grafana
        "updateIntervalSeconds": RESCAN_SECONDS,
        "allowUiUpdates": False,
        "options": {"path": DASHBOARDS},
    }
    remark = "The dashboards lie beside the directory of provisioning, which GF_PATHS_PROVISIONING must name."
    return _text([remark], {"providers": [provider]})


def _remarks(stack: Stack) -> Iterator[str]:
    """What whoever runs Grafana has to know."""
    needed = permission(stack)
    if needed.files:
        yield f"Grafana reads {', '.join(needed.files)} when it starts, and does not start without."
        yield "None of them may hold a dollar: Grafana would take what follows for a variable."
    if needed.variables:
        yield f"Grafana needs the environment variables {', '.join(needed.variables)}."
    if stack.prometheus.access.failover:
        yield "Grafana asks the first server only, not those in failover."


def _text(remarks: Iterable[str], content: dict[str, Any]) -> str:
    head = [f"{SIGNATURE}`; edit that, not this.", *(f"# {remark}" for remark in remarks)]
    return "\n".join(head) + "\n" + dump({"apiVersion": 1, **content})
