"""The catalogue, and the pages that repeat it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from prometheus.catalogue import CATALOGUE, SEVERITIES, AnomalyType, Unit
from prometheus.detection.alerts import watching_alerts
from prometheus.table import catalogue_table
from stack.limits import LIMITS
from stack.model import AnomalySettings
from stack.quantity import format_duration, format_percent
from tests.prometheus.stacks import OTHERS, ROOT, demo_stack, stack_of

KINDS = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def page(name: str) -> dict[str, str]:
    """The sections of a runbook."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / "runbooks" / f"{name}.md").read_text(), flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_types_and_the_severities() -> None:
    assert list(CATALOGUE) == [
        "latency_shift", "error_spike", "upstream_failure", "rate_limit_storm", "traffic_drop", "traffic_spike",
        "saturation", "flapping", "absent_data", "budget_exhaustion",
    ]  # fmt: skip
    assert {severity: float(score) for severity, score in SEVERITIES.items()} == {
        "low": 1, "medium": 1.5, "high": 2, "critical": 3,
    }  # fmt: skip


@KINDS
def test_every_type_says_what_it_is_and_what_to_do(kind: AnomalyType) -> None:
    assert kind.of_service or kind.of_pool
    assert re.fullmatch(r"[A-Z][A-Za-z]+", kind.alert)
    assert kind.alert.lower() == kind.name.replace("_", "")
    assert kind.recommendation.endswith(".")
    assert "$value" not in kind.summary


@KINDS
def test_a_type_explains_others_and_never_in_a_circle(kind: AnomalyType) -> None:
    reached: set[str] = set()
    pending = list(kind.explains)
    while pending:
        assert pending[-1] in CATALOGUE
        reached.add(name := pending.pop())
        pending += CATALOGUE[name].explains
    assert kind.name not in reached
    assert "absent_data" not in reached, "when critical it explains all others, so nothing may explain it"


@KINDS
def test_a_limit_of_the_stack_is_the_limit_of_the_rules_and_of_the_words(kind: AnomalyType) -> None:
    if kind.at_limit is None:
        assert kind.name not in LIMITS
        return
    limit = kind.limit * Decimal("1.2")
    other = kind.adjusted(AnomalySettings(limits={kind.name: limit}))
    assert other.limit == limit
    for shipped, adjusted in zip((kind.of_service, kind.of_pool), (other.of_service, other.of_pool), strict=True):
        if shipped and adjusted:
            assert str(limit) in adjusted.threshold
            assert adjusted.score != shipped.score
            assert (adjusted.metric, adjusted.actual, adjusted.alive) == (shipped.metric, shipped.actual, shipped.alive)
    assert replace(other, limit=kind.limit, of_service=None, of_pool=None, description="") == replace(
        kind, of_service=None, of_pool=None, description=""
    )
    assert kind.adjusted(AnomalySettings(limits={"another": limit})) == kind


def test_every_limit_of_the_catalogue_can_be_written_in_a_stack(tmp_path: Path) -> None:
    units: dict[Unit, Callable[[Decimal], str]] = {
        Unit.SECONDS: lambda limit: format_duration(float(limit)),
        Unit.RATIO: format_percent,
        Unit.CHANGES: str,
        Unit.REQUESTS_PER_SECOND: lambda limit: str(limit) if limit > 1 else format_percent(limit),
    }
    written = {kind.name: units[kind.unit](kind.limit) for kind in CATALOGUE.values() if kind.at_limit}
    limits = ", ".join(f"{name}: {text}" for name, text in written.items())
    stack = stack_of(f"{OTHERS['envoy preset, no pool']}anomalies: {{limits: {{{limits}}}}}\n", tmp_path)
    assert stack.anomalies.limits == {name: CATALOGUE[name].limit for name in LIMITS}


@KINDS
def test_the_runbook_has_its_sections_and_the_recommendation(kind: AnomalyType) -> None:
    sections = page(kind.name)
    assert list(sections) == HEADINGS
    assert all(sections.values())
    assert sections["Mitigation"].splitlines()[0] == kind.recommendation
    assert all(f"`{consequence}`" in sections["Impact"] for consequence in kind.explains)
    assert ("restart of most of" in " ".join(sections["Meaning"].split())) == kind.muted_by_restart


def test_the_watching_alerts_share_a_runbook_that_names_them() -> None:
    assert list(page("watching")) == HEADINGS
    text = (ROOT / "docs" / "runbooks" / "watching.md").read_text()
    for alert in watching_alerts(demo_stack()):
        assert f"`{alert.alert}`" in text
        assert alert.annotations["runbook_url"].endswith("/watching.md")


def test_the_page_of_anomalies_holds_the_catalogue() -> None:
    assert catalogue_table() in (ROOT / "docs" / "anomalies.md").read_text()
