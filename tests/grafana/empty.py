"""What may be empty on a real Prometheus, and why: panels in calm, queries in a fault."""

from __future__ import annotations

import re

IN_CALM: dict[tuple[str, str], str] = {
    ("Anomaly overview", "Scores over time"): "no run has been made yet; the table beside it says so in words",
}
"""Panels over time, by dashboard and title, that have no line while nothing is wrong; others say it in words."""

NEEDS_HISTORY = {
    r"anomaly:band_centre": "what is usual is known after half a day",
    r"anomaly:threshold\{anomaly_type=\"traffic_(spike|drop)\"": "the traffic of an hour ago is known after an hour",
    r"anomaly:threshold\{anomaly_type=\"saturation\"": "drawn for one series, and the service and its pool are two",
    r"anomaly:actual.*ALERTS.*\"(traffic_spike\|traffic_drop|latency_shift|rate_limit_storm|saturation)\"": (
        "the storefront retries, so that the wave causes no anomaly of this type"
    ),
    r"^max by \(alertname\).*alertname=~\"EnvoyDown\|": "the detector itself is well",
}
"""Queries, by a pattern of what they ask, that a wave of half a minute gives no data; tests/e2e/test_dashboards.py
asks them of a Prometheus that has the history that they need."""

ONLY_IN_CALM = {
    r"^0 \* max\(ALERTS\{alertname=\"Watchdog\".* unless on \(\) ALERTS": "the line that says that the detector is well",
    r"^0 \* max\(up\{job=\"dev-hq\"\} == 1\) unless on \(\)": "the line that says in words that there was no fault",
}
"""Queries that speak as long as another one of their panel has nothing to say."""


def reason(patterns: dict[str, str], expr: str) -> str | None:
    """Why a query may be empty, None where it may not."""
    return next((why for pattern, why in patterns.items() if re.search(pattern, expr)), None)
