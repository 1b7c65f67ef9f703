"""What may be empty on a real Prometheus, and why: panels in calm, queries in a fault."""

from __future__ import annotations

import re

IN_CALM: dict[tuple[str, str], str] = {
    ("Anomaly overview", "Scores over time"): "no run has been made yet; the table beside it says so in words",
    ("Chaos run", "What was detected"): "no run has been made yet; the first stat says so in words",
    ("Chaos run", "Members of the pool"): "the first target that can be chosen is a service, which has no members",
}
"""Panels over time, by dashboard and title, that have no line while nothing is wrong; others say it in words."""

NEEDS_HISTORY = {
    r"anomaly:band_centre": "what is usual is known after half a day",
    r"anomaly:threshold\{anomaly_type=\"traffic_(spike|drop)\"": "the traffic of an hour ago is known after an hour",
    r"anomaly:threshold\{anomaly_type=\"saturation\"": "drawn for one series, and the service and its pool are two",
    r" and on .*ALERTS.*\"(traffic_spike\|traffic_drop|latency_shift|rate_limit_storm|saturation|flapping)\"": (
        "the storefront retries, so that the wave causes no anomaly of this type"
    ),
    r"anomaly:threshold\{anomaly_type=\"rate_limit_storm\".*pool=\"\"": "judged once the service answers 429",
    r"anomaly:learned": "the first mean of five minutes comes after five minutes",
    r"^max by \(alertname\).*alertname=~\"EnvoyDown\|": "the detector itself is well",
}
"""Queries, by a pattern of what they ask, that a wave of half a minute gives no data; tests/e2e/test_dashboards.py
asks them of a Prometheus that has the history that they need."""

OF_OTHER_RUNS = {
    r"unless on \(anomaly_type\) group by \(anomaly_type\) \(chaos_run_expected": "the wave causes what it expects",
}
"""Queries that a scenario would have to surprise for."""

ONLY_IN_CALM = {
    r"^0 \* max\(ALERTS\{alertname=\"Watchdog\".* unless on \(\) ALERTS": "says that the detector is well",
    r"^0 \* max\(up\{job=\"dev-hq\"\} == 1\) unless on \(\)": "says that there was no fault",
    r"- ?3\)? unless on \(\) \(?(max by \(gate, service\) \()?quality_gate_verdict": "says that no gate was checked",
}
"""Queries that speak as long as another one of their panel has nothing to say."""


def reason(patterns: dict[str, str], expr: str) -> str | None:
    """Why a query may be empty, None where it may not."""
    return next((why for pattern, why in patterns.items() if re.search(pattern, expr)), None)
