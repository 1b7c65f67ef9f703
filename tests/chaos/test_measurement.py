"""Counts from raw counters: resets, births, several instances, and a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chaos.impact import due_at
from chaos.measurement import (
    Labels,
    Meter,
    NothingMeasuredError,
    Objective,
    Points,
    increments,
    measured_sli,
    objectives_of,
    probes,
    scrapes_of,
    windows_of,
)
from chaos.windows import Window, rolling, together, touching, within
from prometheus.client import PrometheusClient
from prometheus.indicators import sli_of
from tests.chaos.stacks import stack_of
from tests.gates.history import History, prometheus_with


def counter(instance: str, code: str, *points: tuple[float, float]) -> dict[Labels, Points]:
    return {(("code", code), ("instance", instance), ("job", "shop")): points}


def grown(series: dict[Labels, Points]) -> dict[tuple[float, float], float]:
    return increments(series, scrapes_of(series))


def test_a_counter_that_falls_was_restarted_and_counts_from_zero() -> None:
    series = counter("a", "200", (0, 100), (1, 150), (2, 30), (3, 40))
    assert grown(series) == {(0, 1): 50, (1, 2): 30, (2, 3): 10}


def test_the_first_error_is_counted_though_its_series_was_not_there_before() -> None:
    series = counter("a", "200", (0, 100), (1, 150), (2, 200)) | counter("a", "500", (2, 3))
    assert grown(series) == {(0, 1): 50, (1, 2): 50 + 3}


def test_what_an_instance_counted_before_it_was_first_scraped_does_not_count() -> None:
    series = counter("a", "200", (0, 100), (1, 150)) | counter("b", "200", (1.5, 9000), (2.5, 9010))
    assert grown(series) == {(0, 1): 50, (1.5, 2.5): 10}


def test_each_sample_of_a_probe_is_a_request() -> None:
    series = counter("a", "", (0, 1), (15, 0), (30, 1), (45, 1))
    total, bad = probes(series)
    assert total == {(0, 15): 1, (15, 30): 1, (30, 45): 1}
    assert windows_of(total, bad) == (Window(0, 15, 1, 1), Window(15, 30, 1, 0), Window(30, 45, 1, 0))


def test_the_windows_of_instances_that_are_scraped_in_turn_are_taken_together() -> None:
    total = {(0.0, 1.0): 10.0, (0.4, 1.4): 20.0, (1.0, 2.0): 30.0, (1.4, 2.4): 40.0}
    bad = {(0.4, 1.4): 2.0, (1.0, 2.0): 3.0}
    assert windows_of(total, bad) == (Window(0.0, 1.4, 30.0, 2.0), Window(1.0, 2.4, 70.0, 3.0))


@given(
    some.lists(some.lists(some.integers(0, 1000), min_size=2, max_size=20), min_size=1, max_size=4),
    some.floats(0.1, 60.0),
)
def test_no_request_is_lost_or_counted_twice(rows: list[list[int]], interval: float) -> None:
    series: dict[Labels, Points] = {}
    for number, row in enumerate(rows):
        heights = [sum(row[: last + 1]) for last in range(len(row))]
        points = [(interval * (scrape + number / 10), float(height)) for scrape, height in enumerate(heights)]
        series |= counter(str(number), "200", *points)
    windows = windows_of(grown(series), {})
    assert together(windows).requests == sum(sum(row[1:]) for row in rows)
    assert all(before.end <= after.end for before, after in pairwise(windows))


def test_windows_are_chosen_by_where_they_lie() -> None:
    windows = tuple(Window(at, at + 1.0, 1.0, 0.0) for at in range(5))
    assert within(windows, 1.5, 4.0) == windows[2:4]
    assert touching(windows, 1.5, 3.0) == windows[1:3]
    assert [window.requests for window in rolling(windows, 2.0)] == [1.0, 2.0, 2.0, 2.0, 2.0]
    assert together(()) == Window(0.0, 0.0, 0.0, 0.0)


def test_an_alert_is_due_once_the_last_minute_holds_enough() -> None:
    windows = [Window(at, at + 1.0, 10.0, 5.0 if at >= 100 else 0.0) for at in range(200)]
    assert due_at(windows, 0.05, 100.0, 200.0) == 106.0  # 6 s at 50 % are 5 % of a minute
    assert due_at(windows, 0.05, 100.0, 105.0) is None
    assert due_at(windows, 0.05, 100.0, 200.0, least_bad=100) == 120.0
    assert due_at(windows, 0.05, 100.0, 200.0, least_requests=601) is None  # a minute holds 600
    assert due_at(windows, 0.51, 100.0, 200.0) is None


def test_a_fault_in_front_of_a_service_is_measured_where_it_is(tmp_path: Path) -> None:
    stack = stack_of(tmp_path)
    by_itself, where = measured_sli(stack, "proxies")
    assert (by_itself.total, where) == ('http_requests_total{job="shop"}', "by the SLI of shop")
    in_front, where = measured_sli(stack, "shop")
    assert "service_shop" in in_front.total
    assert "envoy_http_local_rate_limit_rate_limited" in (in_front.bad or "")  # users get those 429
    assert where == "at Envoy's listener in front of shop"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrometheusClient, float]]:
    """Two minutes of 10 requests a second, of which 2 failed and 5 were slow in each second from 60 s to 30 s ago."""
    now = float(int(time.time())) - 10.0
    history = History(now, interval=1.0)
    where = {"job": "shop", "instance": "shop:80"}

    def struck(each: float) -> object:
        return lambda before: each * min(30.0, max(0.0, 60.0 - before))

    history.series("http_requests_total", {**where, "code": "200"}, lambda b: 10 * (120 - b) - struck(2)(b), since=120)
    history.series("http_requests_total", {**where, "code": "503"}, struck(2), since=59, until=0)
    for le, value in {
        "0.1": lambda b: 10 * (120 - b) - struck(5)(b),
        "0.5": lambda b: 10 * (120 - b),
        "+Inf": lambda b: 10 * (120 - b),
    }.items():
        history.series("http_request_duration_seconds_bucket", {**where, "le": le}, value, since=120)
    with prometheus_with(history, tmp_path_factory.mktemp("past") / "prometheus") as url:
        client = PrometheusClient(url)
        yield client, now
        client.close()


@pytest.mark.e2e
def test_success_is_counted_to_the_scrape(past: tuple[PrometheusClient, float], tmp_path: Path) -> None:
    client, now = past
    service = stack_of(tmp_path).services["shop"]
    success, latency = objectives_of(service)
    assert (success.name, success.budget, latency.under) == ("success_rate", pytest.approx(0.005), 0.3)
    windows = Meter(client, sli_of(service)).windows(success, now - 100, now)
    assert {round(window.end - window.start, 3) for window in windows} == {1.0}
    assert together(windows).requests == pytest.approx(990, abs=11)
    struck = [window for window in windows if window.bad]
    assert (struck[0].start, struck[-1].end) == (now - 60, now - 30)
    assert together(struck) == Window(now - 60, now - 30, 300.0, 60.0)


@pytest.mark.e2e
def test_slow_is_what_the_next_bucket_does_not_hold(past: tuple[PrometheusClient, float], tmp_path: Path) -> None:
    client, now = past
    meter = Meter(client, sli_of(stack_of(tmp_path).services["shop"]))
    assert together(meter.windows(Objective("latency", 0.01, 0.1), now - 70, now - 20)).bad == 150.0
    assert together(meter.windows(Objective("latency", 0.01, 0.3), now - 70, now - 20)).bad == 0.0
    with pytest.raises(NothingMeasuredError) as missing:
        meter.windows(Objective("latency", 0.01, 2.0), now - 70, now - 20)
    assert str(missing.value) == "the latency histogram of shop has no bucket at or above 2s; add one at exactly that"
