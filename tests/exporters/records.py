"""Records as a run, a gate and the webhook write them."""

from __future__ import annotations

import os
import time

from stack.process import boot_id, process_started


def announced(run: str = "r1", pid: int | None = None, **changes: object) -> dict[str, object]:
    pid = os.getpid() if pid is None else pid
    return {
        "run": run, "scenario": "wave", "target": "proxies", "service": "shop", "parameters": {}, "faults": [],
        "expect": [], "may": [], "deadline": time.time() + 60, "pid": pid,
        "process_started": process_started(pid) or 1, "boot": boot_id(),
    } | changes  # fmt: skip


def finished(run: str = "r1", outcome: str = "resilient", **changes: object) -> dict[str, object]:
    return {
        "run": run, "scenario": "wave", "target": "proxies", "outcome": outcome, "reason": "", "score": 87.5,
        "time_to_detect_seconds": 4.5, "time_to_recover_seconds": 2.25, "duration_seconds": 30.0, "report": None,
    } | changes  # fmt: skip


def found(**changes: object) -> dict[str, object]:
    """What the last record of a run that was scored holds besides."""
    return {
        "doses": [{
            "fault": "failure", "chaos_target": "proxies", "asked": 0.4, "measured": 0.4025, "requests": 1575,
            "hit": 634, "verified": True, "problem": None,
        }],
        "impacts": [{"objective": "success_rate", "before": 0.0, "during": 0.0166, "burn_rate": 3.32}],
        "alerts": [
            {"anomaly_type": "upstream_failure", "verdict": "detected", "due_seconds": 12.0, "fired_seconds": 18.5,
             "notified_seconds": 19.5},
            {"anomaly_type": "traffic_drop", "verdict": "false_alarm"},
        ],
        "parts": [
            {"part": "impact", "points": 38.7, "of": 50.0}, {"part": "detection", "points": 25.0, "of": 25.0},
            {"part": "recovery", "points": 25.0, "of": 25.0},
        ],
    } | changes  # fmt: skip


def fault(run: str = "r1", member: int | None = 0) -> dict[str, object]:
    return {"run": run, "scenario": "wave", "fault": "failure", "chaos_target": "proxies", "member": member}


def verdict(verdict: str = "pass", **changes: object) -> dict[str, object]:
    return {
        "gate": "latency", "service": "shop", "verdict": verdict, "actual": 0.995, "threshold": 0.99,
        "required": True, "reason": "",
    } | changes  # fmt: skip


def notification(status: str = "firing", **changes: object) -> dict[str, object]:
    return {
        "status": status, "labels": {}, "annotations": {}, "starts_at": 1000.0, "ends_at": None,
        "fingerprint": "f1", "receiver": "dev-hq", "truncated": 0,
    } | changes  # fmt: skip
