"""Bursts as real databases count them: the same in Prometheus and in VictoriaMetrics, which count differently."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from gates.counting.bursts import dispersion
from gates.gate import Verdict
from tests.gates.history import History, Value, prometheus_with
from tests.gates.past import Past
from tests.gates.victoria import victoria_metrics_with

pytestmark = pytest.mark.e2e

BURSTS = (500.0, 400.0, 290.0, 110.0)  # seconds before the instant, each ten failures or slow requests


def bursts(before: float) -> int:
    return 1000 + sum(10 for burst in BURSTS if before <= burst)


def told() -> History:
    history = History(float(int(time.time()) // 7200 * 7200 - 5400))

    def service(job: str, bad: Value, *, since: float = 3600.0) -> None:
        where = {"job": job, "instance": f"{job}:80"}
        history.series(
            "http_requests_total", {**where, "code": "200"}, lambda before: round((3660 - before) * 10), since=3600
        )
        history.series("http_requests_total", {**where, "code": "500"}, bad, since=since)
        history.series("up", where, lambda _: 1.0, since=3600)

    service("bursts", bursts)
    service("one-by-one", lambda before: 1000 + (3600 - before) // 15)
    service("restarted", lambda before: bursts(before) - (0 if before > 330 else 1020))
    service("new", lambda before: bursts(before) - 1000, since=495.0)
    where = {"job": "slow", "instance": "slow:80"}
    for le, slow in {"0.3": bursts, "1": lambda _: 0, "+Inf": lambda _: 0}.items():
        history.series(
            "http_request_duration_seconds_bucket",
            {**where, "le": le},
            lambda before, slow=slow: round((3660 - before) * 10) - slow(before),
            since=3600,
        )
    return history


@pytest.fixture(scope="module", params=[prometheus_with, victoria_metrics_with], ids=["prometheus", "victoria"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    directory, history = tmp_path_factory.mktemp("bursts"), told()
    with request.param(history, directory / "database") as url:
        yield Past(url, history.at + 7, directory)


def of_slices(bursts: int, requests: float = 310.0) -> float:
    """What the slices should tell: twenty of 300 good requests each, and ten bad ones in some."""
    apart = [(10, requests), (0, 300)] * bursts
    return pytest.approx(dispersion(apart + [(0, 300)] * (20 - 2 * bursts)), rel=0.001)


def test_ten_failures_at_once_are_one(database: Past) -> None:
    result = database.success_rate("bursts")
    assert result.dispersion == of_slices(4)
    assert result.notes == ()
    assert result.interval is not None
    assert 0.983 < result.interval[0] < 0.986  # 40 independent failures of 6,000 would prove 99.1 %


def test_failures_one_by_one_are_independent(database: Past) -> None:
    assert database.success_rate("one-by-one").dispersion == 1.0


def test_a_counter_that_was_reset_does_not_hide_bursts(database: Past) -> None:
    result = database.success_rate("restarted")
    assert result.dispersion == of_slices(4)
    assert result.notes == ("1 counter reset in the window (restarts), accounted for",)


def test_bursts_of_a_new_series_count_once_they_are_seen(database: Past) -> None:
    assert database.success_rate("new").dispersion == of_slices(3)


def test_slow_requests_come_in_bursts_too(database: Past) -> None:
    assert database.latency("slow", "300ms").dispersion == of_slices(4, requests=300.0)


def test_a_window_too_short_for_slices_says_so(database: Past) -> None:
    result = database.success_rate("bursts", window=180.0)
    assert result.dispersion is None
    assert result.verdict is Verdict.UNDECIDED
    assert result.notes == (
        "the window is too short, or its history too patchy, to see bursts: each failure counts as one",
    )
