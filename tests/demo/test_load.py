"""The load's promises: every request that was due is accounted for, and no wait is left out of its latency."""

import json
import math
import signal
import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram

from demo.load import quantile
from stack.waiting import wait_for
from tests.demo.conftest import Program, Start
from tests.demo.scripted_vendor import CLOSE, HANG, ScriptedVendor, Step

pytestmark = pytest.mark.e2e


def summary(load: Program, seconds: float = 15) -> dict[str, Any]:
    """What the load says when it is done."""
    wait_for(lambda: load.child.exit_code is not None, seconds, "the load did not end")
    assert load.child.exit_code == 0, load.log()
    result: dict[str, Any] = json.loads(load.log().splitlines()[-1])
    assert result["due"] == sum(result["finished"].values()) + result["dropped"] + result["unfinished"]
    return result


def finished(load: Program) -> float:
    return sum(value for name, value in load.samples().items() if name.startswith("load_requests_total"))


def test_a_stalled_server_shows_in_the_latency_and_loses_no_request(start: Start) -> None:
    server = start("vendor")
    load = start("load", "--url", server.url, "--rate", "80", "--seconds", "3")
    wait_for(lambda: finished(load) > 40, 5, "the load did not start")
    server.child.signal(signal.SIGSTOP)
    stalled_at = finished(load)
    wait_for(lambda: load.samples()["load_requests_in_flight"] >= 80, 5, "no second's worth of requests was waiting")
    server.child.signal(signal.SIGCONT)
    wait_for(lambda: finished(load) > stalled_at + 80, 5, "the server did not wake up")
    waited = load.samples()
    result = summary(load)
    assert (result["due"], result["finished"], result["dropped"]) == (240, {"200": 240}, 0)
    # Of the 80 that fell due in the stalled second, one half waited longer than half of it, so 1 of 100 nearly all.
    assert result["seconds_from_due"]["p99"] > 0.75
    slow = (
        waited["load_request_duration_seconds_bucket,le=+Inf"] - waited["load_request_duration_seconds_bucket,le=0.5"]
    )
    assert slow >= 30


def test_a_stalled_generator_catches_up_and_says_how_late_it_was(start: Start) -> None:
    server = start("vendor")
    load = start("load", "--url", server.url, "--rate", "80", "--seconds", "2")
    wait_for(lambda: finished(load) > 20, 5, "the load did not start")
    load.child.signal(signal.SIGSTOP)
    stopped_at = time.monotonic()
    wait_for(lambda: time.monotonic() - stopped_at > 0.6, 5, "time stood still")
    load.child.signal(signal.SIGCONT)
    result = summary(load)
    assert (result["due"], result["finished"], result["dropped"]) == (160, {"200": 160}, 0)
    assert result["seconds_late"]["p99"] > 0.5
    assert result["seconds_from_due"]["p99"] > 0.5


def test_what_cannot_be_sent_is_dropped_and_counted(start: Start, vendor: ScriptedVendor) -> None:
    vendor.answer_with(HANG)
    load = start("load", "--url", vendor.url, "--rate", "50", "--seconds", "1", "--timeout", "1.5", "--in-flight", "5")
    wait_for(lambda: load.samples()["load_requests_dropped_total"] == 45, 5, "45 requests were not dropped")
    assert load.samples()["load_requests_in_flight"] == 5
    result = summary(load)
    assert (result["due"], result["dropped"], result["finished"]) == (50, 45, {"timeout": 5})
    assert vendor.requests == 5


def none_is_repeated(vendor: ScriptedVendor, result: dict[str, Any]) -> bool:
    """Whether each request came once: one that was cut off may have come or not."""
    return bool(result["due"] - result["unfinished"] <= vendor.requests <= result["due"])


@pytest.mark.parametrize(
    ("step", "code"), [(503, "503"), (429, "429"), (302, "302"), (CLOSE, "connection"), (HANG, "timeout")]
)
def test_failures_are_counted_by_code(start: Start, vendor: ScriptedVendor, step: Step, code: str) -> None:
    vendor.answer_with(step)
    load = start("load", "--url", vendor.url, "--rate", "50", "--timeout", "0.2")
    wait_for(lambda: finished(load) >= 3, 5, "no request finished")
    load.child.signal(signal.SIGTERM)
    result = summary(load)
    assert set(result["finished"]) == {code}
    assert none_is_repeated(vendor, result)


def test_a_failure_is_anything_but_a_2xx(start: Start, vendor: ScriptedVendor) -> None:
    vendor.answer_with(200, 503, 201, 302)
    load = start("load", "--url", vendor.url, "--rate", "50", "--timeout", "5")
    wait_for(lambda: finished(load) >= 24, 5, "24 requests did not finish")
    samples = load.samples()
    codes = {code: samples.get(f"load_requests_total,code={code}", 0) for code in ("200", "201", "302", "503")}
    assert samples["load_request_failures_total"] == codes["302"] + codes["503"]
    assert min(codes.values()) >= 3
    load.child.signal(signal.SIGTERM)
    assert none_is_repeated(vendor, summary(load))  # and a redirect is never followed


def test_what_is_in_flight_when_the_load_is_stopped_is_said(start: Start, vendor: ScriptedVendor) -> None:
    vendor.answer_with(HANG)
    load = start("load", "--url", vendor.url, "--rate", "50")
    wait_for(lambda: load.samples()["load_requests_in_flight"] >= 3, 5, "nothing was in flight")
    load.child.signal(signal.SIGTERM)
    result = summary(load, seconds=2)
    assert result["unfinished"] == result["due"] >= 3
    assert result["finished"] == {}


def test_series_are_there_before_the_service_is(start: Start) -> None:
    samples = start("load", "--url", "http://127.0.0.1:9/", "--rate", "0.01").samples()
    codes = ["200", "429", "500", "502", "503", "504", "timeout", "connection"]
    assert [f"load_requests_total,code={code}" in samples for code in codes] == [True] * 8
    assert samples["load_requests_dropped_total"] == 0
    assert {"load_request_failures_total", "load_requests_in_flight", "load_start_lateness_seconds_count"} < set(
        samples
    )


@pytest.mark.parametrize(
    ("observed", "share", "expected"),
    [
        ([], 0.99, math.nan),
        ([0.5] * 100, 0.5, 0.5),
        ([0.5] * 99 + [1.5], 0.995, 1.5),
        ([0.5, 1.5], 1.0, 2.0),
        ([99.0], 0.5, 2.0),  # beyond the last bound: that bound, as PromQL has it
    ],
)
def test_quantiles_are_those_of_promql(observed: list[float], share: float, expected: float) -> None:
    histogram = Histogram("seconds", "Seconds.", buckets=(1, 2), registry=CollectorRegistry())
    for value in observed:
        histogram.observe(value)
    assert quantile(histogram, share) == pytest.approx(expected, nan_ok=True)
