"""Clocks that disagree would take the calm before or after the faults for what the faults did."""

from __future__ import annotations

import json
import re
import time

import pytest

from chaos.clock import ClockError, check_clocks
from prometheus.client import PrometheusClient
from tests.gates.fake_prometheus import answering


def check(apart: str) -> None:
    """Asks a Prometheus whose clock is that far ahead."""

    def clock(_query: str) -> bytes:
        now = time.time()
        value = str(now + float(apart))
        return json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [now, value]}}).encode()

    with answering(lambda _query: b"", asks_time=clock) as url:
        check_clocks(PrometheusClient(url))


@pytest.mark.parametrize("apart", ["0", "1.5", "-1.5"])
def test_clocks_that_agree(apart: str) -> None:
    check(apart)


@pytest.mark.parametrize(
    ("apart", "how"), [("60", "1m ahead of"), ("-61", "61s behind"), ("-30", "30s behind"), ("3", "3s ahead of")]
)
def test_clocks_that_are_apart_refuse_the_run(apart: str, how: str) -> None:
    with pytest.raises(ClockError) as refused:
        check(apart)
    told = re.sub(r"http://127.0.0.1:\d+", "URL", str(refused.value))
    assert (
        told
        == f"the clock of Prometheus at URL is {how} this machine's, and a run is measured by both; set them by NTP"
    )


def test_a_prometheus_that_does_not_know_the_time_is_refused() -> None:
    empty = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}).encode()
    with (
        answering(lambda _query: b"", asks_time=lambda _query: empty) as url,
        pytest.raises(ClockError, match="does not"),
    ):
        check_clocks(PrometheusClient(url))
