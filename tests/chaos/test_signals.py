"""Signals: due when the rule of their type could have fired, and never before it has enough to judge."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import pytest

from chaos.signals import impact_signals
from prometheus.answer import Answer, Sample
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.slo import Sli
from stack.model import AnomalySettings

SLI = Sli("shop", "total", "bad", None, "buckets", 1.0, None)


class Past:
    """From 100 s on, one request a second, each bad and slower than half a second, until there were `requests`."""

    def __init__(self, requests: int) -> None:
        self.requests = requests

    def instant(self, query: str, _at: float) -> Answer:
        if query.startswith("group by"):
            samples = [Sample({"le": le}, 200.0, 1.0) for le in ("0.5", "+Inf")]
        else:
            counted = 0 if 'le="0.5"' in query else self.requests
            samples = [
                Sample({"job": "shop"}, 99.0 + second, float(min(counted, second))) for second in range(counted + 5)
            ] or [Sample({"job": "shop"}, 99.0, 0.0)]
        return Answer(tuple(samples), (), (), "matrix")


@pytest.mark.parametrize(("requests", "errors", "latency"), [(4, None, None), (19, 104.0, None), (20, 104.0, 119.0)])
def test_what_is_too_little_for_the_rule_makes_nothing_due(
    requests: int, errors: float | None, latency: float | None
) -> None:
    client = cast(PrometheusClient, Past(requests))
    by_errors, by_latency = impact_signals(SLI, AnomalySettings())
    assert by_errors.due(client, 40.0, 99.5, 200.0) == errors
    assert by_latency.due(client, 40.0, 99.5, 200.0) == latency


def test_a_limit_of_the_stack_moves_what_is_due() -> None:
    client = cast(PrometheusClient, Past(60))
    settings = AnomalySettings(limits={"error_spike": Decimal("0.3"), "latency_shift": Decimal("0.4")})
    by_errors, by_latency = impact_signals(SLI, settings)
    assert (by_errors.objective.budget, by_latency.objective.under) == (0.3, 0.4)
    assert by_errors.due(client, 40.0, 99.5, 200.0) == 104.0


@pytest.mark.parametrize("name", ["latency_shift", "error_spike", "upstream_failure", "rate_limit_storm"])
def test_the_catalogue_guards_its_rules_by_the_numbers_that_it_names(name: str) -> None:
    kind = CATALOGUE[name]
    least = kind.least_bad or kind.least_requests
    assert kind.guard.startswith(f"at least {least} ")
    for signal in filter(None, (kind.of_service, kind.of_pool)):
        assert f" * 60 >= {least}" in signal.score
