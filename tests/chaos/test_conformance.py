"""What Envoy must do for a fault to be a lease: asked of the Envoy in use, since its documentation promises less.

The deadlines here are promises, not measurements: a fault is gone within its TTL and a second of whatever ended its
controller.
"""

import contextlib
import functools
import signal
import sys
import time

import pytest

from chaos.lease import TTL, ControlPlane, FaultLease
from stack.address import Address
from stack.process import Child
from stack.waiting import wait_for
from tests.chaos import transports
from tests.chaos.data_plane import ask, build_stack, serve, start_envoy

pytestmark = pytest.mark.e2e

GRACE = 1.0


@pytest.fixture
def stack(tmp_path):
    with serve() as upstream:
        yield build_stack(tmp_path, f"http://{upstream}")


@contextlib.contextmanager
def running(stack, tmp_path, change=None):
    envoy = start_envoy(stack, tmp_path, change)
    try:
        yield envoy
        assert envoy.exit_code is None, envoy.last_words(30)
    finally:
        envoy.stop()


@pytest.fixture
def envoy(stack, tmp_path):
    with running(stack, tmp_path) as envoy:
        yield envoy


def status(stack):
    return ask(stack.services["shop"].listen).status


def seconds_until(stack, wanted, limit=20.0):
    """Seconds until the service answers so."""
    began = time.monotonic()
    wait_for(lambda: status(stack) == wanted, limit, f"the service did not answer {wanted}", every=0.01)
    return time.monotonic() - began


def stays(stack, wanted, seconds):
    """Whether the service answers so for as long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if status(stack) != wanted:
            return False
        time.sleep(0.02)
    return True


def gone_after(stack):
    """Seconds from the fault's beginning to its end."""
    seconds_until(stack, 503)
    return seconds_until(stack, 200)


SOTW, DELTA = ("StreamRuntime", transports.sotw), ("DeltaRuntime", transports.delta)


@pytest.mark.parametrize(
    ("api_type", "served", "heartbeats"), [("GRPC", SOTW, False), ("GRPC", SOTW, True), ("DELTA_GRPC", DELTA, False)]
)
def test_over_grpc_a_fault_that_is_not_sent_again_ends_with_its_ttl(stack, tmp_path, api_type, served, heartbeats):
    """Heartbeats do not renew on a state-of-the-world stream: hence the whole resource is sent again."""
    change = functools.partial(transports.by_grpc, api_type=api_type)
    with transports.serve_grpc(stack.envoy.control_plane, *served, heartbeats), running(stack, tmp_path, change):
        assert gone_after(stack) <= transports.TTL + GRACE
        assert stays(stack, 200, transports.TTL)


def test_on_a_delta_stream_heartbeats_renew(stack, tmp_path):
    change = functools.partial(transports.by_grpc, api_type="DELTA_GRPC")
    with transports.serve_grpc(stack.envoy.control_plane, *DELTA, heartbeats=True), running(stack, tmp_path, change):
        seconds_until(stack, 503)
        assert stays(stack, 503, 3 * transports.TTL)


def test_rest_ignores_the_ttl(stack, tmp_path):
    with transports.serve_rest(stack.envoy.control_plane), running(stack, tmp_path, transports.by_rest):
        seconds_until(stack, 503)
        assert stays(stack, 503, 3 * transports.TTL)


def test_a_file_ignores_the_ttl(stack, tmp_path):
    change = functools.partial(transports.by_file, file=tmp_path / "runtime.json")
    with running(stack, tmp_path, change):
        seconds_until(stack, 503)
        assert stays(stack, 503, 3 * transports.TTL)


def test_without_a_control_plane_envoy_starts_and_has_no_fault(stack, tmp_path):
    began = time.monotonic()
    with running(stack, tmp_path):
        assert time.monotonic() - began < 5
        assert stays(stack, 200, 1)


@pytest.fixture
def controller(stack, envoy, tmp_path):
    """Starts a controller that breaks the service, and waits until it does."""
    with contextlib.ExitStack() as stopping:

        def start(seconds: float) -> Child:
            address: Address = stack.envoy.control_plane
            argv = [sys.executable, "-m", "tests.chaos.controller", str(address), str(seconds)]
            child = Child("controller", argv, tmp_path / "controller.log")
            stopping.callback(child.stop, grace=0.0)
            seconds_until(stack, 503)
            return child

        yield start


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_fault_ends_with_its_controller_however_that_ends(stack, controller, death):
    child = controller(60)
    assert stays(stack, 503, TTL + GRACE)  # it is renewed
    child.signal(death)
    assert seconds_until(stack, 200) <= TTL + GRACE
    assert stays(stack, 200, GRACE)


def test_a_fault_ends_at_its_deadline_although_its_controller_lives(stack, controller):
    began = time.monotonic()
    controller(4)
    seconds_until(stack, 200)
    assert time.monotonic() - began <= 4 + 2 * GRACE  # one of them for Python to start
    assert stays(stack, 200, TTL)


def test_a_controller_that_wakes_up_after_its_deadline_cannot_inject_again(stack, controller):
    child = controller(4)
    child.signal(signal.SIGSTOP)
    assert seconds_until(stack, 200) <= TTL + GRACE
    assert stays(stack, 200, 3)  # the deadline passes
    child.signal(signal.SIGCONT)
    assert stays(stack, 200, TTL)
    assert child.exit_code is None


def test_a_controller_that_wakes_up_before_its_deadline_cannot_inject_again_either(stack, controller):
    child = controller(60)
    child.signal(signal.SIGSTOP)
    assert seconds_until(stack, 200) <= TTL + GRACE
    child.signal(signal.SIGCONT)
    assert stays(stack, 200, TTL)
    assert child.exit_code is None


def test_the_next_controller_takes_over_after_one_that_was_killed(stack, controller):
    controller(60).signal(signal.SIGKILL)
    assert seconds_until(stack, 200) <= TTL + GRACE
    controller(60)  # waits until it breaks the service


def test_a_fault_comes_soon_after_the_control_plane_is_back(stack, envoy):
    """Envoy's own back-off grows to 30 s."""
    assert stays(stack, 200, 4)  # long enough for the back-off to be at its longest
    lease = FaultLease()
    lease.set(transports.VALUES, 60)
    with ControlPlane(stack.envoy.control_plane, lease) as control:
        control.connected(1 + GRACE)
        assert seconds_until(stack, 503) <= GRACE
        lease.clear()
        assert seconds_until(stack, 200) <= GRACE


def test_leaving_the_control_plane_ends_the_fault_at_once(stack, envoy):
    lease = FaultLease()
    with ControlPlane(stack.envoy.control_plane, lease) as control:
        control.connected(5)
        lease.set(transports.VALUES, 60)
        seconds_until(stack, 503)
    assert seconds_until(stack, 200) <= 0.5


def test_an_envoy_that_restarts_is_leased_the_fault_again(stack, tmp_path):
    lease = FaultLease(ttl=10)  # it is over when the restart takes longer
    lease.set(transports.VALUES, 60)
    with ControlPlane(stack.envoy.control_plane, lease):
        for _ in range(2):
            with running(stack, tmp_path):
                seconds_until(stack, 503)


def test_expiry_after_expiry_does_not_crash_envoy(stack, envoy):
    lease = FaultLease(ttl=0.3)
    with ControlPlane(stack.envoy.control_plane, lease) as control:
        control.connected(5)
        for _ in range(5):
            lease.set(transports.VALUES, 0.5)
            assert gone_after(stack) <= 0.5 + GRACE
        assert control.nacks == []
    assert envoy.exit_code is None


def test_a_quiet_stream_is_not_closed_by_envoys_pings(stack, envoy):
    begun = []

    class Counting(ControlPlane):
        def _begins(self, requests):
            begun.append(1)
            return super()._begins(requests)

    with Counting(stack.envoy.control_plane, FaultLease()) as control:
        control.connected(5)
        assert stays(stack, 200, 9)  # four pings; gRPC would close at the third
        assert len(begun) == 1
