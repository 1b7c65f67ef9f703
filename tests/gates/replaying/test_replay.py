"""Whatever happens to a gate of any kind, its evidence gives the same report again."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from gates.automated import AutomatedQualityGate
from gates.checklist import Checklist
from gates.conditions.baseline import Baseline
from gates.conditions.burn_rate import BurnRate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import Limit, PromQl
from gates.conditions.success_rate import SuccessRate
from gates.formats import render
from gates.gate import Condition, Kind, Place, QualityGate
from gates.rehearsal.failures import FAILURES
from gates.rehearsal.server import Server
from gates.replaying.evidence_file import replay
from stack.access import Access
from stack.model import PrometheusSettings
from tests.gates.cases import SLI

pytestmark = pytest.mark.e2e

AT = 1_750_000_000.123
ANSWERED = [failure for failure in FAILURES if not failure.hangs and not failure.is_deaf]


@pytest.mark.parametrize(
    "condition",
    [
        SuccessRate(SLI, Decimal("0.999"), Decimal("0.9999")),
        Latency(SLI, 0.3, Decimal("0.99")),
        ErrorBudget(SLI, Decimal("0.999"), Decimal("0.1")),
        BurnRate(SLI, Decimal("0.999"), Decimal(6), (300.0, 3600.0), Decimal(3)),
        Comparison(
            SLI, Kind.SUCCESS_RATE, Baseline((("version", "stable"),), (("version", "canary"),)), Decimal("0.1")
        ),
        Comparison(SLI, Kind.LATENCY, Baseline(offset=604800.0), factor=Decimal("1.2")),
        Comparison(SLI, Kind.SUCCESS_RATE, Baseline(previous_release=True), factor=Decimal("1.2")),
        PromQl("max(queue_depth)", Limit.parse("< 100"), Limit.parse("< 80"), 'queue_depth{job="q"}'),
    ],
)
def test_the_evidence_of_any_failure_gives_the_same_report(condition: Condition, tmp_path: Path) -> None:
    gate = QualityGate("the gate", "shop", condition, 600.0, place=Place("gates.yaml", 7))
    path = tmp_path / "evidence.json"
    with Server() as server:
        settings = PrometheusSettings(server.url, access=Access(retries=0))
        checking = AutomatedQualityGate(Checklist(Path("gates.yaml"), (gate,), settings, tmp_path / "journal", 120.0))
        for failure in ANSWERED:
            server.play = partial(failure.answer, gate, AT)
            report = checking.check_all_gates(at=AT, since=AT - 600, record=False, evidence=path)
            again = replay(path)
            assert again == report, failure.name
            assert render(again, "json") == render(report, "json"), failure.name
