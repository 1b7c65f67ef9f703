"""Findings without a weakness, to change in one respect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.detection import Detection
from chaos.findings import Findings
from chaos.impact import Impact
from chaos.measurement import Objective
from chaos.windows import Window

SUCCESS = Objective("success_rate", 0.005)
LATENCY = Objective("latency", 0.01, under=0.3)


def impact(objective: Objective = SUCCESS, bad: float = 0.0) -> Impact:
    """So many of 2,000 requests bad during 40 s of faults, none of 3,000 before."""
    during = Window(1000.0, 1040.0, 2000.0, bad)
    return Impact(objective, Window(940.0, 1000.0, 3000.0, 0.0), during, replace(during, requests=3000.0))


def detection(**changes: Any) -> Detection:
    """upstream_failure, in time."""
    seen = Detection(("upstream_failure",), 5.0, 6.0, fired=10.0, notified=11.0, resolved=90.0)
    return replace(seen, **changes)


def findings(**changes: Any) -> Findings:
    """A resilient run but for the changes."""
    sound = Findings(
        measured="by the SLI of shop",
        impacts=(impact(SUCCESS, 4), impact(LATENCY)),
        detections=(detection(),),
        also_fired=(),
        false_alarms=(),
        recovery=1.0,
        recovery_deadline=120.0,
        resolution=1.0,
    )
    return replace(sound, **changes)
