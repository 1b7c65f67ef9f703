"""Names, YAML and targets: whatever the labels and the counts are, a stack.yaml comes out that can be loaded."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from math import inf
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prometheus.discovery.document import stack_document
from prometheus.discovery.naming import service_name, unused
from prometheus.discovery.objectives import USUAL, Latency, Target, latency_of, percent, target_of
from prometheus.discovery.proposal import Proposal, ProposedService
from prometheus.discovery.scalar import is_writable, scalar
from stack.document import MAX_BYTES, NAME, parse_document
from stack.loader import load_stack

HOSTILE = st.text(max_size=100) | st.sampled_from(
    ["yes", "NO", "on", "1e3", "0x1f", "1:30", "null", "~", "", " ", "- a", "a: b", "a #b", "*a", "&a", "!a", "%a",
     "@a", "'", '"', "\\", "\n", "\t", "\u2028", "\x85", "\ufeff", "😀", "{a}", "[a]", "a,b", ".inf", "=", "<<",
     "2026-11-22"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("shop", "shop"),
        ("Shop Front", "shop-front"),
        ("https://shop.example/health?x=1", "shop-example-health-x-1"),
        ("be_app", "be_app"),
        ("-a-", "a"),
        ("日本", "otherwise"),
        ("", "otherwise"),
        ("x" * 70, "x" * 63),
    ],
)
def test_a_name_is_as_near_as_it_can_be(value: str, name: str) -> None:
    assert service_name(value, "otherwise") == name


@given(HOSTILE)
def test_every_value_has_a_legal_name(value: str) -> None:
    assert NAME.fullmatch(service_name(value, "otherwise"))


@given(st.sets(st.sampled_from(["a", "a-http", "a-2", "a-3"])))
def test_a_name_is_given_once(taken: set[str]) -> None:
    name = unused("a", taken, "http")
    assert name not in taken
    assert name == "a" or "a" in taken
    assert len(unused("x" * 63, {"x" * 63}, "http")) == 63


@given(HOSTILE.filter(is_writable))
def test_every_reader_takes_a_scalar_for_its_text(text: str) -> None:
    line = f"{{a: {scalar(text)}, b: c}}"
    assert len(line.splitlines()) == 1
    assert yaml.safe_load(line) == {"a": text, "b": "c"}
    if text:
        assert parse_document(line, "file").mapping()["a"].text() == text


@given(HOSTILE)
def test_a_proposal_can_be_loaded(value: str) -> None:
    if not is_writable(value) or not value:
        return
    service = ProposedService(
        name=service_name(value, "istio"),
        preset="istio",
        selector=(("destination_service_name", value),),
        requests=1e6,
        window=86400,
        success=Target(Decimal("0.99"), 0.9934),
        latency=Latency(0.25, Target(Decimal("0.99"), 0.991)),
        notes=(f"a note with {value}",),
    )
    text = stack_document(Proposal((service,), 15, (value,)), "http://127.0.0.1:9090")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "stack.yaml"
        path.write_text(text, encoding="utf-8")
        (loaded,) = load_stack(path).services.values()
    assert loaded.sli.selector == {"destination_service_name": value}
    assert (loaded.success_rate.target, loaded.latency.under) == (Decimal("0.99"), 0.25)


@pytest.mark.parametrize(
    ("requests", "bad", "target", "measured"),
    [
        (0, 0, "0.99", None),
        (1e7, 0, "0.9999", 1.0),
        (1e5, 0, "0.9999", 1.0),
        (99_999, 0, "0.9995", 1.0),
        (1e4, 0, "0.999", 1.0),
        (100, 0, "0.99", 1.0),
        (1e6, 1500, "0.995", 0.9985),
        (1e6, 1000, "0.999", 0.999),
        (1e6, 600_000, "0.5", 0.4),
        (1e6, 2e6, "0.5", 0.0),
        (1e6, -3, "0.9999", 1.0),
    ],
)
def test_a_target_is_the_finest_that_was_kept(requests: float, bad: float, target: str, measured: float | None) -> None:
    found = target_of(requests, bad)
    assert found == Target(Decimal(target), None if measured is None else pytest.approx(measured))


@given(st.floats(0, 1e12), st.floats(-10, 1e12))
def test_no_target_is_proposed_that_was_missed(requests: float, bad: float) -> None:
    found = target_of(requests, bad)
    assert found.target in USUAL
    if found.measured is not None and found.measured >= float(USUAL[0]):
        assert found.measured >= float(found.target)


def test_a_limit_is_the_lowest_bound_that_nearly_all_keep() -> None:
    bounds = {0.1: 900.0, 0.25: 995.0, 0.5: 999.0, 1.0: 1000.0, inf: 1000.0}
    assert latency_of(bounds) == Latency(0.25, target_of(1000, 5))
    assert latency_of({0.1: 0.0, 0.25: 0.0, inf: 0.0}) is None  # no requests
    assert latency_of({0.1: 900.0, 0.25: 995.0, inf: 1000.0}) is None  # nothing above it, so no gate could judge it
    assert latency_of({0.1: 900.0, 0.25: 950.0, 0.5: 980.0, inf: 1000.0}) is None
    assert latency_of({0.0005: 1000.0, 0.0025: 1000.0, 0.005: 1000.0, 0.01: 1000.0, inf: 1000.0}) == Latency(
        0.005, target_of(1000, 0)
    )  # what stack.yaml cannot say is no limit
    assert latency_of({}) is None


@pytest.mark.parametrize(("ratio", "text"), [(1.0, "100%"), (0.99997, "99.997%"), (0.9999999, "99.9999%"), (0.0, "0%")])
def test_a_measured_share_is_never_rounded_up(ratio: float, text: str) -> None:
    assert percent(ratio) == text


@pytest.mark.e2e
def test_a_file_holds_a_thousand_services_and_no_more_than_can_be_loaded(tmp_path: Path) -> None:
    def service(number: int, **label: str) -> ProposedService:
        target = Target(Decimal("0.999"), 0.99912)
        latency = Latency(0.25, Target(Decimal("0.99"), 0.9912))
        (selector,) = label.items()
        return ProposedService(
            f"service-{number}", "prometheus-http", (selector,), 1e6 - number, 604800, target, latency, ()
        )

    path = tmp_path / "stack.yaml"
    path.write_text(
        stack_document(Proposal(tuple(service(n, job=f"service-{n}") for n in range(1500)), 15, ()), "http://a")
    )
    assert len(load_stack(path).services) == 1000
    assert (
        "# - 500 services with fewer requests are left out; narrow it with --selector to see them" in path.read_text()
    )
    path.write_text(stack_document(Proposal(tuple(service(n, job="é" * 900) for n in range(1000)), 15, ()), "http://a"))
    assert path.stat().st_size <= MAX_BYTES
    assert 100 < len(load_stack(path).services) < 1000
