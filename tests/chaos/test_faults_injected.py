"""Faults as the outside sees them: shares within a binomial bound, delays as long as asked, the dose verified."""

import socket
import statistics
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from chaos.dose import MAX_ERROR, binomial_p, measure
from chaos.faults import leased_values
from chaos.faults.fault import Fault
from chaos.lease import ControlPlane, FaultLease
from stack.waiting import wait_for
from tests.chaos.data_plane import ask, run_plane, serve
from tests.chaos.load import ask_many, statuses

pytestmark = pytest.mark.e2e

REQUESTS = 1500
EARLY, LATE = 0.004, 0.025  # Envoy's timers start from the cached time of its loop; and this machine is shared


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with serve() as upstream, run_plane(tmp_path_factory.mktemp("plane"), f"http://{upstream}") as plane:
        yield plane


@pytest.fixture(scope="module")
def control(plane):
    with ControlPlane(plane.stack.envoy.control_plane, FaultLease()) as control:
        control.connected(5)
        yield control


def fault(kind, share, member=0, delay=0.0, target="proxies"):
    return Fault(kind, target, member, Decimal(share), delay, after=0.0, seconds=60.0)


def dosed(plane, control, faults, address, *, requests=REQUESTS, connections=8):
    """What requests get while the faults are active, and the doses."""
    control.lease.set(leased_values(faults), seconds=60)
    control.applied(5)
    try:
        before = plane.stats.read()
        outcomes = ask_many(address, requests, connections)
        return outcomes, [measure(one, before, plane.stats.read()) for one in faults]
    finally:
        control.lease.clear()
        control.applied(5)


@pytest.mark.parametrize("share", ["0.01", "0.1", "0.5", "1"])
@pytest.mark.parametrize(("kind", "status"), [("failure", 503), ("rate-limit", 429)])
def test_the_share_that_fails_is_the_share_that_was_asked_for(plane, control, kind, status, share):
    outcomes, (dose,) = dosed(plane, control, [fault(kind, share)], plane.members[0])
    hit = statuses(outcomes)[status]
    passed = dose.requests - REQUESTS  # at most one: the bucket's token
    assert passed in (0, -1)
    assert binomial_p(hit, REQUESTS + passed, float(share)) >= MAX_ERROR
    assert (dose.hit, dose.problem) == (hit, None)
    assert statuses(outcomes).keys() <= {200, status}


def test_a_share_finer_than_a_percent(plane, control):
    outcomes, (dose,) = dosed(plane, control, [fault("failure", "0.004")], plane.members[0], requests=4000)
    assert 0 < statuses(outcomes)[503] < 40
    assert dose.problem is None


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.25])
def test_a_delay_is_as_long_as_asked(plane, control, delay):
    normal = statistics.median(outcome.seconds for outcome in ask_many(plane.members[0], 100))
    outcomes, (dose,) = dosed(
        plane, control, [fault("latency", "1", delay=delay)], plane.members[0], requests=80, connections=8
    )
    seconds = [outcome.seconds for outcome in outcomes]
    assert min(seconds) >= delay - EARLY
    assert statistics.median(seconds) <= delay + normal + LATE
    assert (dose.hit, dose.problem) == (80, None)


def test_a_share_is_delayed_and_the_rest_is_not(plane, control):
    outcomes, (dose,) = dosed(
        plane, control, [fault("latency", "0.25", delay=0.2)], plane.members[0], requests=600, connections=16
    )
    late = sum(outcome.seconds >= 0.2 - EARLY for outcome in outcomes)
    assert binomial_p(late, 600, 0.25) >= MAX_ERROR
    assert (dose.hit, dose.problem) == (late, None)


def test_three_faults_at_once_are_three_doses(plane, control):
    faults = [fault("latency", "0.5", delay=0.01), fault("rate-limit", "0.3"), fault("failure", "0.25")]
    outcomes, doses = dosed(plane, control, faults, plane.members[0])
    assert [dose.problem for dose in doses] == [None, None, None]
    seen = statuses(outcomes)
    assert (seen[429], seen[503]) == (doses[1].hit, doses[2].hit)


def test_a_dose_is_right_while_requests_are_under_way(plane, control):
    faults = [fault("latency", "1", delay=0.5), fault("failure", "0.5")]
    aborts = "http.member_proxies_0.fault.aborts_injected"
    control.lease.set(leased_values(faults), seconds=60)
    control.applied(5)
    before = plane.stats.read()
    with ThreadPoolExecutor(1) as background:
        load = background.submit(ask_many, plane.members[0], 200, 40)

        def in_between():
            """The counters at a moment with some requests aborted and others under way."""
            now = plane.stats.read()
            aborted = now[aborts] - before[aborts]
            return now if aborted > 10 and measure(faults[1], before, now).unsettled > 10 else None

        now = wait_for(in_between, 10, "no requests were under way", every=0.02)
        load.result(20)
    control.lease.clear()
    control.applied(5)
    assert [measure(one, before, now).problem for one in faults] == [None, None]


def test_only_the_member_that_was_named_is_broken(plane, control):
    faults = [fault("failure", "1")]
    control.lease.set(leased_values(faults), seconds=60)
    control.applied(5)
    try:
        assert ask(plane.members[0]).status == 503
        assert ask(plane.members[1]).status == 200
        assert ask(plane.shop).status == 200
    finally:
        control.lease.clear()
        control.applied(5)
    assert ask(plane.members[0]).status == 200


def test_a_service_has_faults_of_its_own(plane, control):
    outcomes, (dose,) = dosed(plane, control, [fault("failure", "0.5", None, target="shop")], plane.shop, requests=200)
    assert statuses(outcomes)[503] == dose.hit
    assert dose.problem is None


def test_a_rate_limit_says_so_in_its_headers(plane, control):
    control.lease.set(leased_values([fault("rate-limit", "1")]), seconds=60)
    control.applied(5)
    answers = [ask(plane.members[0]) for _ in range(2)]
    control.lease.clear()
    control.applied(5)
    limited = answers[-1]
    assert (limited.status, limited.headers["retry-after"], limited.headers["x-ratelimit-limit"]) == (429, "1", "1")
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert 0 <= int(limited.headers["x-ratelimit-reset"]) <= 60


def test_the_pools_front_sees_its_members_faults_and_its_retries_mask_them(tmp_path):
    with serve() as upstream, run_plane(tmp_path, f"http://{upstream}", retries=1) as plane:
        with ControlPlane(plane.stack.envoy.control_plane, FaultLease()) as control:
            control.connected(5)
            outcomes, (dose,) = dosed(plane, control, [fault("failure", "1")], plane.pool.listen, requests=100)
        assert statuses(outcomes) == Counter({200: 100})
        assert dose.problem is None
        stats = plane.stats.read()
        assert stats["cluster.pool_proxies.upstream_rq_retry_success"] == dose.hit
        assert stats["cluster.pool_proxies.outlier_detection.ejections_active"] == 1


def test_a_fault_that_nothing_reaches_has_no_dose(plane, control):
    _, (dose,) = dosed(plane, control, [fault("failure", "1", member=1)], plane.members[0], requests=10)
    assert dose.problem == "no request reached member_proxies_1 during the failure"


def test_a_tunnel_refuses_new_connections(tmp_path):
    with serve() as proxy:
        changes = {"members": f"['{proxy}']", "pool_upstream": "https://vendor.example"}
        with run_plane(tmp_path, f"http://{proxy}", **changes) as plane:
            with ControlPlane(plane.stack.envoy.control_plane, FaultLease()) as control:
                control.connected(5)
                open_before = socket.create_connection((plane.members[0].host, plane.members[0].port))
                wait_for(
                    lambda: plane.stats.read()["tcp.member_proxies_0.downstream_cx_total"] == 1, 5, "it did not connect"
                )
                asked = fault("failure", "1")
                control.lease.set(leased_values([asked]), seconds=60)
                control.applied(5)
                before = plane.stats.read()
                answers = Counter(ask(plane.members[0]).status for _ in range(50))
                dose = measure(asked, before, plane.stats.read())
                with open_before:
                    open_before.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                    assert open_before.recv(12) == b"HTTP/1.1 200"  # what is open lives on
            assert answers == Counter({0: 49, 200: 1})
            assert (dose.requests, dose.hit, dose.problem) == (50, 49, None)
            assert ask(plane.members[0]).status == 200
