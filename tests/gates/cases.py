"""A gate, and evidence without a doubt, to change in one respect."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from gates.conditions.error_budget import ErrorBudget
from gates.conditions.judgement import Demand, judge_share
from gates.conditions.success_rate import SuccessRate
from gates.counting.evidence import Doubt, Evidence
from gates.counting.share import BadShare, Counted
from gates.gate import GateResult, QualityGate
from gates.proof import OneLook
from prometheus.slo import Sli

SLI = Sli(
    service="shop",
    total="requests_total",
    bad='requests_total{code="500"}',
    buckets="duration_seconds_bucket",
)
GATE = QualityGate("success_rate", "shop", SuccessRate(SLI, Decimal("0.995")), 600.0)
SPENDING = ErrorBudget(SLI, Decimal("0.995"))
BUDGET = QualityGate("error_budget", "shop", SPENDING, 2592000.0)
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


def judged(share: BadShare, found: Evidence = SOUND, did: str = "succeeded", blur: Doubt | None = None) -> GateResult:
    """What GATE says of a share."""
    return judge_share(GATE, Demand(Decimal("0.995"), did), Counted(share, found, blur), OneLook())
