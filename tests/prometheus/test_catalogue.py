"""The catalogue, and the pages that repeat it."""

from __future__ import annotations

import re

import pytest

from prometheus.alerts import watching_alerts
from prometheus.catalogue import CATALOGUE, SEVERITIES, AnomalyType
from prometheus.table import catalogue_table
from tests.prometheus.stacks import ROOT, demo_stack

KINDS = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def page(name: str) -> dict[str, str]:
    """The sections of a runbook."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / "runbooks" / f"{name}.md").read_text(), flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_types_and_the_severities() -> None:
    assert list(CATALOGUE) == [
        "latency_shift", "error_spike", "upstream_failure", "rate_limit_storm", "traffic_drop", "absent_data",
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
def test_the_runbook_has_its_sections_and_the_recommendation(kind: AnomalyType) -> None:
    sections = page(kind.name)
    assert list(sections) == HEADINGS
    assert all(sections.values())
    assert sections["Mitigation"].splitlines()[0] == kind.recommendation


def test_the_watching_alerts_share_a_runbook_that_names_them() -> None:
    assert list(page("watching")) == HEADINGS
    text = (ROOT / "docs" / "runbooks" / "watching.md").read_text()
    for alert in watching_alerts(demo_stack()):
        assert f"`{alert.alert}`" in text
        assert alert.annotations["runbook_url"].endswith("/watching.md")


def test_the_page_of_anomalies_holds_the_catalogue() -> None:
    assert catalogue_table() in (ROOT / "docs" / "anomalies.md").read_text()
