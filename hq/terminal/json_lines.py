"""What each round saw, for machines: one JSON object a line, and what the API answers."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from hq.terminal.explanation import explaining
from hq.terminal.observation import Blind, Observation

Document = dict[str, Any]


def json_line(seen: Observation | Blind) -> str:
    """One line."""
    return json.dumps(document(seen), allow_nan=False)


def document(seen: Observation | Blind) -> Document:
    """The object of such a line. What nobody can say is null, never an empty list: that would look like calm."""
    return _blind(seen) if isinstance(seen, Blind) else _observed(seen)


def _blind(seen: Blind) -> Document:
    unknown = dict.fromkeys(("anomalies", "faults", "services", "budgets", "gates", "troubles"))
    return {"at": _time(seen.at), "state": "blind", "reason": seen.reason, **unknown}


def _observed(seen: Observation) -> Document:
    return {
        "at": _time(seen.at),
        "state": "anomalous" if seen.anomalies else "calm",
        "reason": None,
        "anomalies": [
            {**asdict(anomaly), "explained_by": _fault_key(seen, index)} for index, anomaly in enumerate(seen.anomalies)
        ],
        "faults": _faults(seen),
        "services": [asdict(service) for service in seen.services],
        "budgets": [{**asdict(budget), "burning": budget.burning or None} for budget in seen.budgets],
        "gates": None if seen.gates is None else [asdict(gate) for gate in seen.gates],
        "troubles": [asdict(trouble) for trouble in seen.troubles],
    }


def _faults(seen: Observation) -> list[Document] | None:
    """Those that are injected now."""
    if seen.faults is None:
        return None
    return [
        {"kind": fault.kind, "target": fault.target, "scenario": fault.scenario}
        for fault in seen.faults
        if fault.ended is None
    ]


def _fault_key(seen: Observation, index: int) -> Document | None:
    fault = explaining(seen.anomalies[index], seen)
    if fault is None:
        return None
    return {
        "kind": fault.kind,
        "target": fault.target,
        "scenario": fault.scenario,
        "injected": fault.ended is None,
    }


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
