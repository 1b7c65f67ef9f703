"""The verdict of a gate as metrics, the same wherever it is exposed: by the exporter, and in a file of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VERDICTS: Mapping[str, float] = MappingProxyType(
    {"pass": 1.0, "warn": 0.5, "fail": 0.0, "undecided": -1.0, "error": -2.0}
)
"""The value of quality_gate_verdict for each."""

VERDICT = ("quality_gate_verdict", "Last verdict: 1 pass, 0.5 warn, 0 fail, -1 undecided, -2 error.")
ACTUAL = ("quality_gate_actual", "What the last check measured, in the gate's unit.")
THRESHOLD = ("quality_gate_threshold", "What the last check held it against, in the gate's unit.")
"""Name and documentation of each gauge."""
