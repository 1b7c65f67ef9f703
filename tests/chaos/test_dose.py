"""The dose: the arithmetic against brute force, and a sentence for everything that can be wrong with it."""

import http.server
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.dose import MAX_ERROR, Dose, EnvoyStats, binomial_p, measure, requests_needed, through, unused
from chaos.faults.fault import Fault
from stack.address import Address, free_address
from stack.errors import HqError
from tests.chaos.data_plane import ask, run_plane, serve
from tests.chaos.stacks import stack_of

HTTP = "http.member_vendor_0"


def fault(kind="failure", share="0.25"):
    return Fault(kind, "vendor", 0, Decimal(share), 0.1 if kind == "latency" else 0.0, after=0.0, seconds=10.0)


def problem(requests, hit, unsettled=1, **asked):
    return Dose(fault(**asked), requests, hit, unsettled).problem


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 99))
def test_the_p_value_is_that_of_brute_force(hits_of, percent):
    hits, n = hits_of
    share = Fraction(percent, 100)
    terms = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    expected = min(Fraction(1), 2 * min(sum(terms[: hits + 1]), sum(terms[hits:])))
    assert binomial_p(hits, n, float(share)) == pytest.approx(float(expected), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("hits", "n", "share"), [(0, 10**6, 0.5), (10**6, 10**6, 0.5), (0, 10**6, 0.0001)])
def test_the_p_value_of_the_impossible_is_zero_and_does_not_overflow(hits, n, share):
    assert binomial_p(hits, n, share) < 1e-40


def test_the_p_value_is_quick_and_sane_for_many_requests():
    assert binomial_p(100_000, 1_000_000, 0.1) > 0.99
    assert 1e-5 < binomial_p(101_300, 1_000_000, 0.1) < 1e-4


def test_everything_is_hit_by_a_share_of_all():
    assert binomial_p(5, 5, 1.0) == 1.0
    assert binomial_p(4, 5, 1.0) == 0.0


@given(st.floats(0.001, 0.999))
def test_as_many_requests_as_needed_cannot_all_be_spared_by_chance(share):
    needed = requests_needed(share)
    assert 2 * (1 - share) ** needed <= MAX_ERROR * 1.000001
    assert 2 * (1 - share) ** (needed - 1) > MAX_ERROR * 0.999999


@given(st.integers(100, 5000), st.integers(0, 200))
def test_what_is_under_way_only_makes_the_verdict_milder(requests, hit):
    if problem(requests, hit, unsettled=0, share="0.05") is None:
        assert problem(requests, hit, unsettled=50, share="0.05") is None


def test_a_dose_as_asked_is_verified():
    dose = Dose(fault(), 400, 97, 1)
    assert dose.verified
    assert dose.share == 0.2425


def test_a_single_request_is_enough_for_a_share_of_all():
    assert problem(1, 1, share="1") is None


def test_requests_under_way_explain_a_missing_hit():
    assert problem(20, 17, unsettled=3, share="1") is None
    assert problem(20, 16, unsettled=3, share="1") == (
        "the failure hit 80% of 20 requests on member_vendor_0; 100% was asked"
    )


@pytest.mark.parametrize(
    ("requests", "hit", "share", "sentence"),
    [
        (0, 0, "0.25", "no request reached member_vendor_0 during the failure"),
        (
            34,
            9,
            "0.25",
            "too few requests reached member_vendor_0 to tell whether 25% of them had a failure: 34, and 35 are "
            "needed; raise the intensity, the duration or the traffic",
        ),
        (400, 0, "0.25", "the failure hit none of 400 requests on member_vendor_0; 25% was asked"),
        (400, 200, "0.25", "the failure hit 50% of 400 requests on member_vendor_0; 25% was asked"),
        (400, 410, "1", "the failure hit 102.5% of 400 requests on member_vendor_0; 100% was asked"),
    ],
)
def test_every_wrong_dose_says_why(requests, hit, share, sentence):
    assert problem(requests, hit, share=share) == sentence


def test_no_request_has_no_share():
    assert Dose(fault(), 0, 0, 1).share is None


BEFORE = {f"{HTTP}.downstream_rq_total": 1000, f"{HTTP}.fault.active_faults": 2}
AFTER = {
    f"{HTTP}.downstream_rq_total": 1500,
    f"{HTTP}.fault.active_faults": 4,
    f"{HTTP}.fault.delays_injected": 240,
    f"{HTTP}.fault.aborts_injected": 90,
    "member_vendor_0.http_local_rate_limit.rate_limited": 100,
    "member_vendor_0.http_local_rate_limit.ok": 5,
}


@pytest.mark.parametrize(
    ("kind", "requests", "hit", "unsettled"),
    [("latency", 500, 240, 1), ("rate-limit", 495, 100, 7), ("failure", 400, 90, 7)],
)
def test_each_kind_is_measured_against_what_reached_its_filter(kind, requests, hit, unsettled):
    assert measure(fault(kind), BEFORE, AFTER) == Dose(fault(kind), requests, hit, unsettled)


@pytest.mark.parametrize("after", [{**AFTER, "server.uptime": 3}, {f"{HTTP}.downstream_rq_total": 20}])
def test_a_restart_of_envoy_is_noticed(after):
    assert measure(fault(), {**BEFORE, "server.uptime": 60}, after).problem == (
        "Envoy was restarted during the failure on member_vendor_0; its counters began again"
    )


def test_a_tunnel_is_measured_in_connections():
    after = {"tcp.member_vendor_0.downstream_cx_total": 50, "local_rate_limit.member_vendor_0.rate_limited": 49}
    dose = measure(fault(share="1"), {}, after)
    assert (dose.requests, dose.hit, dose.problem) == (50, 49, None)


@pytest.mark.parametrize(
    ("members", "share", "requests", "sentence"),
    [
        ((0, 1, 2, 3), "0.4", 20, None),
        ((0, 1, 2, 3), "0.4", 19, "only 19 requests went through proxies during the faults, and 20 are needed; "),
        ((0,), "1", 4, None),
        ((0,), "1", 3, "only 3 requests went through proxies during the faults, and 4 are needed; "),
        ((0, 1), "1", 0, "only 0 requests went through proxies during the faults, and 2 are needed; "),
    ],
)
def test_a_pool_that_its_service_does_not_use_says_nothing_about_it(tmp_path, members, share, requests, sentence):
    """The exporter's probes of the members would make the dose look right."""
    pool = stack_of(tmp_path).pools["proxies"]
    faults = [Fault("failure", "proxies", member, Decimal(share), 0.0, 0.0, 40.0) for member in members]
    assert unused(pool, faults, requests) == (sentence and sentence + "does shop go out through 127.0.0.1:10100?")


@pytest.mark.e2e
def test_what_goes_through_a_pool_is_counted_apart_from_probes_of_its_members(tmp_path):
    with serve() as upstream, run_plane(tmp_path, f"http://{upstream}") as plane:
        before = plane.stats.read()
        assert [ask(address).status for address in [*[plane.pool.listen] * 3, *plane.members]] == [200] * 5
        after = plane.stats.read()
    assert through(after, "proxies") - through(before, "proxies") == 3


def test_no_envoy_is_one_sentence():
    address = free_address("127.0.0.1")
    with pytest.raises(HqError, match=f"^Envoy does not answer at {address} .*; is the stack up\\?$"):
        EnvoyStats(address).read()


def test_something_else_that_answers_is_not_envoy():
    with serve() as address, pytest.raises(HqError) as error:
        EnvoyStats(address).read()
    assert str(error.value) == f"what answers at {address} is not Envoy"


class Stats(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"stats": [{"name": "a.b", "value": 3}, {"histograms": {}}, {"name": "c", "value": "x"}]}')

    def log_message(self, *_):
        pass


def test_a_counter_that_is_no_number_is_not_envoy_either():
    with serve(Stats) as address, pytest.raises(HqError, match="is not Envoy"):
        EnvoyStats(Address(address.host, address.port)).read()
