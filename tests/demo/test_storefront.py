"""The storefront's two ways of calling, against a vendor that fails as scripted."""

import subprocess
import time

import pytest
import requests

from demo.storefront import BUCKETS
from stack.address import free_address
from stack.process import find_program
from tests.demo.conftest import Program, Start
from tests.demo.scripted_vendor import CLOSE, CUT, HANG, ScriptedVendor, Step

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def naive(start_shared: Start, _vendor_process: ScriptedVendor) -> Program:
    return start_shared("storefront", "--vendor", _vendor_process.url, "--calls", "naive", "--timeout", "0.3")


@pytest.fixture(scope="module")
def resilient(start_shared: Start, _vendor_process: ScriptedVendor) -> Program:
    return start_shared("storefront", "--vendor", _vendor_process.url, "--timeout", "0.3", "--budget-minimum", "1000")


def statuses(storefront: Program, number: int) -> list[int]:
    return [storefront.get().status_code for _ in range(number)]


def change(storefront: Program, number: int) -> dict[str, float]:
    """What `number` requests add to the metrics."""
    before = storefront.samples()
    statuses(storefront, number)
    return {name: value - before[name] for name, value in storefront.samples().items() if value != before.get(name)}


def test_an_offer_is_made_at_the_vendors_price(resilient: Program, vendor: ScriptedVendor) -> None:
    reply = resilient.get()
    assert (reply.status_code, reply.json()) == (
        200,
        {"offer": {"item": "umbrella", "price": "10.00", "currency": "EUR"}},
    )
    assert vendor.requests == 1


@pytest.mark.parametrize("failure", [503, 429, 500, HANG, CLOSE, CUT], ids=str)
def test_one_failure_reaches_the_naive_callers_client_and_not_the_resilient_ones(
    naive: Program, resilient: Program, vendor: ScriptedVendor, failure: Step
) -> None:
    vendor.answer_with(failure, 200)
    assert statuses(naive, 2) in ([502, 200], [503, 200], [504, 200])
    vendor.answer_with(failure, 200)
    assert statuses(resilient, 2) == [200, 200]
    assert vendor.requests == 4


FAILED_503 = (502, "vendor_failed", "the vendor answered 503")
THROTTLED = (503, "vendor_throttles", "the vendor takes no more requests from us for now")
TIMED_OUT = (504, "vendor_timeout", "the vendor did not answer in time")
UNREACHABLE = (502, "vendor_unreachable", "the connection to the vendor failed")
NOT_FOUND = (502, "vendor_failed", "the vendor answered 404")
REDIRECTED = (502, "vendor_failed", "the vendor answered 302")
UNREADABLE = (502, "vendor_failed", "the vendor's answer cannot be read")


@pytest.mark.parametrize(
    ("failure", "told", "tries"),
    [
        (503, FAILED_503, 3),
        (429, THROTTLED, 3),
        (504, TIMED_OUT, 3),
        (HANG, TIMED_OUT, 3),
        (CUT, UNREACHABLE, 3),
        (404, NOT_FOUND, 1),
        (302, REDIRECTED, 1),
        (b"<html>", UNREADABLE, 1),
        (b"null", UNREADABLE, 1),
        (b"[" * 100_000, UNREADABLE, 1),
        (b"\xff\xfe", UNREADABLE, 1),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_failure_that_lasts_is_told(
    resilient: Program, vendor: ScriptedVendor, failure: Step, told: tuple[int, str, str], tries: int
) -> None:
    vendor.answer_with(failure)
    status, code, message = told
    reply = resilient.get()
    assert (reply.status_code, reply.json()) == (status, {"error": {"code": code, "message": message}})
    assert vendor.requests == tries


def test_a_vendor_that_is_not_there_is_a_bad_gateway(start: Start) -> None:
    nobody = free_address("127.0.0.1")
    reply = start("storefront", "--vendor", f"http://{nobody}").get()
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "vendor_unreachable")


def test_a_try_is_given_up_after_its_timeout(naive: Program, vendor: ScriptedVendor) -> None:
    vendor.answer_with(HANG)
    started = time.monotonic()
    assert naive.get().status_code == 504
    assert 0.29 < time.monotonic() - started < 2


def test_tries_and_retries_are_counted(resilient: Program, vendor: ScriptedVendor) -> None:
    vendor.answer_with(503, 200)
    added = change(resilient, 5)
    assert {name: value for name, value in added.items() if name.startswith("vendor_")} == {
        "vendor_tries_total,code=503": 5,
        "vendor_tries_total,code=200": 5,
        "vendor_retries_total": 5,
    }


def test_the_budget_keeps_retries_from_becoming_a_storm(start: Start, vendor: ScriptedVendor) -> None:
    storefront = start("storefront", "--vendor", vendor.url, "--budget-percent", "50", "--budget-minimum", "0")
    vendor.answer_with(503)
    added = change(storefront, 20)
    assert added["vendor_tries_total,code=503"] == vendor.requests == 30
    assert added["vendor_retries_total"] == 10
    assert added["vendor_retry_budget_exhausted_total"] == 20
    assert added["http_requests_total,code=502,method=GET,route=/"] == 20


def test_every_series_that_matters_is_there_before_the_first_request(start: Start, vendor: ScriptedVendor) -> None:
    samples = start("storefront", "--vendor", vendor.url).samples()
    fresh = {name: value for name, value in samples.items() if name.startswith(("http_requests", "vendor_"))}
    assert fresh == dict.fromkeys(
        [
            *(f"http_requests_total,code={code},method=GET,route=/" for code in (200, 500, 502, 503, 504)),
            *(f"vendor_tries_total,code={code}" for code in (200, 429, 500, 502, 503, 504)),
            *(f"vendor_tries_total,code={code}" for code in ("timeout", "connection", "malformed")),
            "vendor_retries_total",
            "vendor_retry_budget_exhausted_total",
        ],
        0.0,
    )
    assert samples["http_request_duration_seconds_count,method=GET,route=/"] == 0


def test_requests_are_counted_by_method_route_and_code(naive: Program, vendor: ScriptedVendor) -> None:
    before = naive.samples()
    naive.get("/healthz")
    naive.get("/metrics")
    naive.get("/?page=2")
    naive.get("/nowhere/at/all")
    requests.request("PROPFIND", naive.url, timeout=5)
    requests.post(naive.url, timeout=5)
    after = naive.samples()
    counted = {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if name.startswith("http_requests_total") and value != before.get(name, 0)
    }
    assert counted == {
        "http_requests_total,code=200,method=GET,route=/": 1,
        "http_requests_total,code=404,method=GET,route=other": 1,
        "http_requests_total,code=405,method=other,route=other": 1,
        "http_requests_total,code=405,method=POST,route=other": 1,
    }


def test_durations_have_the_buckets_of_the_convention(naive: Program) -> None:
    prefix = "http_request_duration_seconds_bucket,le="
    bounds = [
        name.removeprefix(prefix).removesuffix(",method=GET,route=/")
        for name in naive.samples()
        if name.startswith(prefix) and name.endswith("method=GET,route=/")
    ]
    assert bounds == [*(str(float(bound)) for bound in BUCKETS), "+Inf"]


def test_the_exposition_is_one_that_prometheus_likes(naive: Program) -> None:
    reply = requests.get(
        f"{naive.url}/metrics", headers={"Accept": "application/openmetrics-text; version=abc"}, timeout=5
    )
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lint = subprocess.run(
        [find_program("promtool"), "check", "metrics"], input=reply.text, capture_output=True, text=True, check=False
    )
    assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")
