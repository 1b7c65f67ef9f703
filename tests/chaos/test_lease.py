"""The lease, and the control plane that serves it, with a gRPC client in Envoy's place."""

import contextlib
import itertools
import queue
import threading
import time

import grpc
import pytest

from chaos import xds
from chaos.lease import TTL, ControlPlane, ControlPlaneBusyError, FaultLease, Grant, RefusedFaultError
from stack.address import free_address
from stack.errors import NotReadyError
from stack.waiting import wait_for

METHOD = "/envoy.service.runtime.v3.RuntimeDiscoveryService/StreamRuntime"


def collect(lease, seconds):
    """What the lease grants within so many seconds, each with the moment it came."""
    began = time.monotonic()
    end = began + seconds
    threading.Timer(seconds, lease.wake).start()
    return [(time.monotonic() - began, grant) for grant in lease.grants(lambda: time.monotonic() < end)]


def test_a_fault_outlives_its_run_by_three_seconds_at_most():
    """Promised in README.md and docs/lease.md: nobody makes it longer in passing."""
    assert FaultLease().ttl == TTL == 3.0


def test_nothing_is_granted_before_anything_is_leased():
    assert FaultLease().grant() == Grant({}, version=1, ttl=None)


def test_a_lease_is_granted_for_its_ttl_and_never_past_its_deadline():
    lease = FaultLease(ttl=3.0)
    lease.set({"k": 1}, seconds=60)
    assert lease.grant() == Grant({"k": 1}, version=2, ttl=3.0)
    lease.set({"k": 1}, seconds=2)
    assert 1.9 < (lease.grant().ttl or 0) <= 2.0


def test_a_lease_past_its_deadline_is_over_although_nobody_cleared_it():
    lease = FaultLease()
    lease.set({"k": 1}, seconds=0.0005)
    assert lease.grant() == Grant({}, version=2, ttl=None)


def test_a_lease_that_nobody_renewed_for_its_ttl_is_over():
    lease = FaultLease(ttl=0.05)
    lease.set({"k": 1}, seconds=60)
    assert lease.grant().values == {"k": 1}
    stopped = time.monotonic()
    wait_for(lambda: time.monotonic() - stopped > lease.ttl, 5, "time stood still")
    assert lease.grant() == Grant({}, version=2, ttl=None)
    assert lease.grant() == Grant({}, version=2, ttl=None)


def test_clearing_ends_a_lease():
    lease = FaultLease()
    lease.set({"k": 1}, seconds=60)
    lease.clear()
    assert lease.grant() == Grant({}, version=3, ttl=None)


def test_the_callers_values_are_copied():
    values = {"k": 1}
    lease = FaultLease()
    lease.set(values, seconds=60)
    values["k"] = 2
    assert lease.grant().values == {"k": 1}


@pytest.mark.e2e
def test_a_lease_is_granted_again_every_third_of_its_ttl_and_withdrawn_at_its_deadline():
    lease = FaultLease(ttl=1.2)
    lease.set({"k": 1}, seconds=1.8)
    granted = collect(lease, seconds=2.5)
    live = [(at, grant) for at, grant in granted if grant.values]
    assert 4 <= len(live) <= 6
    assert all(later - earlier < 0.8 for (earlier, _), (later, _) in itertools.pairwise(live))
    assert all(at + (grant.ttl or 0) <= 1.85 for at, grant in live)  # no renewal reaches past the deadline
    at, last = granted[-1]
    assert last.values == {}
    assert 1.79 <= at < 2.3
    assert len(granted) == len(live) + 1  # and then there is nothing more to say


def test_nothing_is_said_while_nothing_is_leased():
    assert len(collect(FaultLease(ttl=0.1), seconds=0.5)) == 1


class Envoy:
    """A subscriber: says what it is told to say, and keeps what it hears."""

    def __init__(self, address):
        self._channel = grpc.insecure_channel(str(address))
        self._said: queue.Queue[bytes | None] = queue.Queue()
        self._call = self._channel.stream_stream(METHOD)(iter(self._said.get, None))

    def say(self, nonce="", error="", version=""):
        request = xds.message("DiscoveryRequest")(version_info=version, response_nonce=nonce, resource_names=["chaos"])
        request.error_detail.message = error
        self._said.put(request.SerializeToString())

    def hear(self):
        reply = xds.message("DiscoveryResponse").FromString(next(self._call))
        resource, runtime = xds.message("Resource")(), xds.message("Runtime")()
        ttl = None
        if reply.resources[0].Unpack(resource):
            ttl = resource.ttl.ToMilliseconds() / 1000
            resource.resource.Unpack(runtime)
        else:
            reply.resources[0].Unpack(runtime)
        return reply.nonce, dict(runtime.layer), ttl

    def close(self):
        self._call.cancel()
        self._said.put(None)
        self._channel.close()


@pytest.fixture
def lease():
    return FaultLease(ttl=3.0)


@pytest.fixture
def plane(lease):
    with ControlPlane(free_address("127.0.0.1"), lease) as plane:
        yield plane


@pytest.fixture
def envoy(plane):
    with contextlib.closing(Envoy(plane.address)) as envoy:
        yield envoy


def test_the_first_request_is_answered_whatever_version_it_names(envoy):
    envoy.say(version="17")
    assert envoy.hear() == ("1.0", {}, None)


def test_a_change_is_pushed_at_once_and_is_applied_when_it_was_taken(lease, plane, envoy):
    envoy.say()
    envoy.hear()
    lease.set({"k": 1.0}, seconds=60)
    assert envoy.hear() == ("2.1", {"k": 1.0}, 3.0)
    with pytest.raises(NotReadyError) as error:
        plane.applied(0.05)
    assert str(error.value) == (
        f"Envoy did not take the faults from the control plane at {plane.address} within 0.05 s"
    )
    envoy.say(nonce="2.1")
    plane.applied(5)


def test_a_refusal_is_kept_and_told(lease, plane, envoy):
    envoy.say()
    envoy.hear()
    lease.set({"k": 1.0}, seconds=60)
    nonce, _, _ = envoy.hear()
    threading.Timer(0.1, envoy.say, kwargs={"nonce": nonce, "error": "bad value"}).start()
    with pytest.raises(RefusedFaultError) as error:
        plane.applied(5)
    assert str(error.value) == "Envoy refused the faults: bad value"
    assert plane.nacks == ["bad value"]


def test_one_who_connects_late_hears_the_lease(lease, plane):
    lease.set({"k": 1.0}, seconds=60)
    for _ in range(2):
        envoy = Envoy(plane.address)
        envoy.say()
        assert envoy.hear()[1] == {"k": 1.0}
        envoy.close()
    wait_for(lambda: plane._streams == 0, 5, "the streams did not end")


def test_the_end_at_the_deadline_is_pushed(lease, envoy):
    lease.set({"k": 1.0}, seconds=0.3)
    envoy.say()
    began = time.monotonic()
    heard = [envoy.hear()]
    while heard[-1][1]:
        heard.append(envoy.hear())
    assert 0.25 < time.monotonic() - began < 0.6
    assert (heard[-1][1], heard[-1][2]) == ({}, None)


def test_leaving_ends_the_faults_before_the_stream(lease):
    with ControlPlane(free_address("127.0.0.1"), lease) as plane:
        envoy = Envoy(plane.address)
        envoy.say()
        lease.set({"k": 1.0}, seconds=60)
        while not envoy.hear()[1]:
            pass
    heard = envoy.hear()
    assert heard[1] == {}
    with pytest.raises(grpc.RpcError):
        envoy.hear()
    envoy.close()


def test_the_port_is_the_lock(plane):
    with pytest.raises(ControlPlaneBusyError) as error, ControlPlane(plane.address, FaultLease()):
        pass
    busy = f"another run is active on this data plane: {plane.address} is in use; `dev-hq chaos stop` stops it"
    assert str(error.value) == busy


def test_the_port_is_free_again_afterwards(lease):
    address = free_address("127.0.0.1")
    for _ in range(2):
        with ControlPlane(address, lease):
            pass


def test_without_an_envoy_one_sentence(plane):
    with pytest.raises(NotReadyError) as error:
        plane.connected(0.05)
    assert str(error.value) == f"Envoy did not connect to the control plane at {plane.address} within 0.05 s"


def test_a_stream_that_says_nothing_is_no_envoy(plane):
    envoy = Envoy(plane.address)
    envoy.close()
    with pytest.raises(NotReadyError):
        plane.connected(0.1)
