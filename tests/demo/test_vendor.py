import time

import pytest
import requests

from tests.demo.conftest import Program, Start


@pytest.fixture(scope="module")
def vendor(start_shared: Start) -> Program:
    return start_shared("vendor", "--latency", "0.05", "--spread", "0")


@pytest.mark.parametrize("path", ["/", "/quote"])
def test_it_quotes_a_price_after_its_latency(vendor: Program, path: str) -> None:
    started = time.monotonic()
    reply = vendor.get(path)
    assert time.monotonic() - started >= 0.049
    assert reply.status_code == 200
    assert set(reply.json()) == {"item", "price", "currency"}
    assert 9 <= float(reply.json()["price"]) <= 20


def test_health_does_not_wait(vendor: Program) -> None:
    assert (vendor.get("/healthz").status_code, vendor.get("/healthz").text) == (200, "ok\n")


def test_other_paths_and_methods_are_refused(vendor: Program) -> None:
    assert vendor.get("/other").status_code == 404
    assert requests.post(vendor.url, timeout=5).status_code == 405


@pytest.mark.e2e
def test_latency_spreads_around_its_median(start: Start) -> None:
    vendor = start("vendor", "--latency", "0.01", "--spread", "1")
    took = sorted(vendor.get().elapsed.total_seconds() for _ in range(40))
    assert 0.004 < took[20] < 0.05
    assert took[-1] > 2 * took[5]
