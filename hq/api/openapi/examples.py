"""Examples of the models, for the OpenAPI document; a test holds each against its model."""

from __future__ import annotations

from typing import Any

EXAMPLE_RUN = "20260131T120000Z-proxy-failure-wave-0c1d"

_SETTINGS = {"share": 1, "intensity": 0.4, "duration_seconds": 40, "step_seconds": 5}
_REQUESTED: dict[str, Any] = {
    "run": EXAMPLE_RUN,
    "state": "requested",
    "scenario": "proxy-failure-wave",
    "target": "vendor-proxies",
    "service": None,
    "parameters": _SETTINGS,
    "requested_at": "2026-01-31T12:00:00.120000Z",
    "announced_at": None,
    "deadline_at": None,
    "finished_at": None,
    "outcome": None,
    "reason": None,
    "score": None,
    "time_to_detect_seconds": None,
    "time_to_recover_seconds": None,
    "duration_seconds": None,
}
_FINISHED = _REQUESTED | {
    "state": "finished",
    "service": "storefront",
    "announced_at": "2026-01-31T12:00:01.300000Z",
    "deadline_at": "2026-01-31T12:02:10.300000Z",
    "finished_at": "2026-01-31T12:02:05.900000Z",
    "outcome": "resilient",
    "score": 93.5,
    "time_to_detect_seconds": 14.2,
    "time_to_recover_seconds": 5,
    "duration_seconds": 124.6,
}
_ANOMALY = {
    "type": "error_spike",
    "severity": "high",
    "service": "storefront",
    "pool": "",
    "metric": "service:errors:ratio_rate1m",
    "threshold": "5%",
    "actual": "12.4%",
    "recommendation": "See which requests fail, and roll back what was released last.",
    "summary": "Too many requests to storefront fail",
    "since": 1769860803,
    "runbook_url": "https://hq.example/runbooks/error_spike",
    "dashboard_url": "https://hq.example/d/dev-hq-overview",
    "explained_by": {"kind": "failure", "target": "vendor-proxies", "scenario": "proxy-failure-wave", "injected": True},
}

EXAMPLES: dict[str, Any] = {
    "AnomaliesFound": {
        "at": "2026-01-31T12:00:20Z",
        "state": "anomalous",
        "reason": None,
        "anomalies": [_ANOMALY],
        "faults": [{"kind": "failure", "target": "vendor-proxies", "scenario": "proxy-failure-wave"}],
        "services": [{"name": "storefront", "rate": 50.2, "errors": 0.124, "p95": 0.31}],
        "budgets": [{"service": "storefront", "objective": "success_rate", "left": 0.82, "burning": None}],
        "gates": [{"name": "success_rate", "service": "storefront", "verdict": "PASS", "checked": 1769860200}],
        "troubles": [],
    },
    "AnomalyChange": {
        "at": "2026-01-31T12:00:20Z", "state": "anomalous", "anomaly": _ANOMALY, "fields": ["actual", "severity"],
    },
    "Blindness": {"at": "2026-01-31T12:00:22Z", "state": "blind", "reason": "Prometheus does not answer"},
    "CheckFound": {
        "version": 1,
        "verdict": "pass",
        "exit_code": 0,
        "exit_code_unless_dry_run": 0,
        "at": 1769860800,
        "run_id": "release-42",
        "strict": False,
        "dry_run": False,
        "looks": 1,
        "waited_seconds": None,
        "gates": [
            {
                "gate": "success_rate",
                "service": "storefront",
                "kind": "success_rate",
                "verdict": "pass",
                "required": True,
                "actual": 0.9993,
                "threshold": 0.995,
                "interval": [0.9988, 0.9996],
                "confidence": 0.95,
                "requests": 30000,
                "bad": [21, 21],
                "dispersion": 1,
                "window_seconds": 600,
                "coverage": 1,
                "needed": None,
                "needed_seconds": None,
                "reason": "99.93% of 30000 requests succeeded; 99.5% are due",
                "advice": "",
                "notes": [],
                "place": "stack.yaml:7",
            }
        ],
        "remediation": None,
        "journal_problem": None,
    },
    "CheckRequest": {"services": ["storefront"], "run_id": "release-42"},
    "Run": _REQUESTED,
    "RunDetails": _FINISHED | {
        "parts": [{"name": "impact", "points": 47.5, "of": 50, "evidence": ["0.2% of the requests failed"]}],
        "recommendations": ["Retry once through another proxy."],
        "report": None,
    },
    "RunProgress": {"at": "2026-01-31T12:00:03Z", "run": EXAMPLE_RUN, "step": "baseline", "sentence": "it is steady"},
    "RunRecord": {"at": "2026-01-31T12:00:01.300000Z", "run": EXAMPLE_RUN},
    "Runs": {"runs": [_FINISHED]},
    "Scenarios": {
        "scenarios": [
            {
                "name": "proxy-failure-wave",
                "title": "The proxies fail one after another and come back",
                "hypothesis": "While the proxies of a pool fail in turn, the service goes out through those that work, "
                "and someone is told.",
                "faults": ["failure"],
                "targets": ["vendor-proxies"],
                "parameters": _SETTINGS,
                "intensity_unit": "ratio",
                "expect": ["upstream_failure"],
                "may": ["error_spike", "latency_shift", "saturation"],
                "silent": ["rate_limit_storm", "traffic_drop", "absent_data"],
            }
        ]
    },
    "StopRequest": {"run": EXAMPLE_RUN},
    "Stopped": {"run": EXAMPLE_RUN},
}  # fmt: skip

PARAMETERS = {"run": EXAMPLE_RUN, "Idempotency-Key": "release-42", "Last-Event-ID": "3", "limit": 20}
