"""A gate, and evidence without a doubt, to change in one respect."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from gates.evidence import Evidence
from gates.gate import Kind, QualityGate
from prometheus.slo import Sli

SLI = Sli(
    service="shop",
    total="requests_total",
    bad='requests_total{code="500"}',
    good=None,
    buckets="duration_seconds_bucket",
    bucket_unit=1.0,
    throttled=None,
)
GATE = QualityGate("success_rate", "shop", Kind.SUCCESS_RATE, SLI, 600.0, Decimal("0.995"))
BUDGET = QualityGate("error_budget", "shop", Kind.ERROR_BUDGET, SLI, 2592000.0, Decimal("0.995"))
SOUND = Evidence(
    series="requests_total",
    window=600.0,
    at=1000.0,
    scrape_interval=15.0,
    requests=6000.0,
    coverage=1.0,
    step=15.0,
    recent=1500.0,
    recent_window=150.0,
    newest=995.0,
    resets=0.0,
    dead=(),
    dead_of_job=(),
)


def evidence(**changes: Any) -> Evidence:
    """Sound evidence but for the changes."""
    return replace(SOUND, **changes)
