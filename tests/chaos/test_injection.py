"""A plan on its way through a real Envoy: phase by phase, and withdrawn whatever happens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from chaos.faults.fault import Fault
from chaos.injection import Injection
from chaos.lease import ControlPlane, FaultLease
from chaos.stopping import StoppedError, Stopping
from chaos.watch import LONGEST_LOOK, StopConditions
from prometheus.client import PrometheusClient
from stack.address import free_address
from stack.errors import HqError, JournalError
from tests.chaos.data_plane import Plane, ask, run_plane, serve

pytestmark = pytest.mark.e2e


@pytest.fixture
def plane(tmp_path) -> Iterator[Plane]:
    with serve() as upstream, run_plane(tmp_path, f"http://{upstream}") as plane:
        yield plane


@pytest.fixture
def control(plane: Plane) -> Iterator[ControlPlane]:
    with ControlPlane(plane.stack.envoy.control_plane, FaultLease()) as control:
        control.connected(5)
        yield control


@pytest.fixture
def answers(plane: Plane) -> Iterator[list[tuple[float, int, int]]]:
    """(when, member, status) of requests that both members get all the time."""
    seen: list[tuple[float, int, int]] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            for number, address in enumerate(plane.members):
                seen.append((time.time(), number, ask(address).status))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    yield seen
    done.set()
    asking.join()


def failure(member: int, after: float, seconds: float) -> Fault:
    return Fault("failure", "proxies", member, Decimal(1), 0.0, after, seconds)


def nothing(*_: object) -> None:
    return


def injection(
    plane: Plane,
    control: ControlPlane,
    *faults: Fault,
    tell: Callable[[str, Fault], None] = nothing,
    watch: Callable[[], None] = nothing,
    stopping: Stopping | None = None,
) -> Injection:
    return Injection(control, plane.stats, faults, tell, watch, stopping or Stopping())


def test_members_fail_in_turn_and_the_dose_of_each_is_read(
    plane: Plane, control: ControlPlane, answers: list[tuple[float, int, int]]
) -> None:
    told: list[tuple[str, int | None]] = []
    wave = (failure(0, 0.0, 1.0), failure(1, 0.5, 1.0))
    run = injection(plane, control, *wave, tell=lambda kind, fault: told.append((kind, fault.member)))
    run.run()
    control.applied(5)
    later = time.time()
    assert told == [("fault_injected", 0), ("fault_injected", 1), ("fault_withdrawn", 0), ("fault_withdrawn", 1)]
    assert run.withdrawn - run.injected == pytest.approx(1.5, abs=0.1)
    assert [(dose.fault.member, dose.problem) for dose in run.doses] == [(0, None), (1, None)]
    for number, fault in enumerate(wave):
        began, ended = run.injected + fault.after, run.injected + fault.after + fault.seconds
        own = [(at, status) for at, member, status in answers if member == number]
        assert {status for at, status in own if began + 0.1 < at < ended - 0.1} == {503}
        assert {status for at, status in own if at < began - 0.1 or ended + 0.1 < at < later} <= {200}
    assert (ask(plane.members[0]).status, ask(plane.members[1]).status) == (200, 200)


def test_one_who_asks_to_stop_is_heard_at_once(plane: Plane, control: ControlPlane) -> None:
    stopping = Stopping()
    run = injection(plane, control, failure(0, 0.0, 30.0), stopping=stopping)
    threading.Timer(0.5, stopping.ask, ["SIGTERM"]).start()
    with pytest.raises(StoppedError, match=r"^SIGTERM asked it to stop$"):
        run.run()
    control.applied(5)
    assert run.withdrawn - run.injected < 1.0
    assert ask(plane.members[0]).status == 200


def test_a_journal_that_is_full_leaves_no_fault(plane: Plane, control: ControlPlane) -> None:
    def full(_kind: str, _fault: Fault) -> None:
        raise JournalError("the journal cannot be written: No space left on device")

    with pytest.raises(JournalError, match=r"No space left"):
        injection(plane, control, failure(0, 0.0, 30.0), tell=full).run()
    control.applied(5)
    assert ask(plane.members[0]).status == 200


def test_the_run_stops_when_envoy_is_gone(plane: Plane, control: ControlPlane) -> None:
    watch = StopConditions(control, plane.stats, PrometheusClient("http://127.0.0.1:9", timeout=0.2))
    threading.Timer(0.5, plane.envoy.stop).start()
    with pytest.raises(StoppedError) as stopped:
        injection(plane, control, failure(0, 0.0, 30.0), watch=watch).run()
    assert str(stopped.value) == "Envoy is gone: it no longer listens to the control plane"


def test_the_run_stops_when_nobody_sees_what_the_faults_do(
    plane: Plane, control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.watch.BLIND_SECONDS", 0.5)
    monkeypatch.setattr("chaos.watch.ASK_EVERY", 0.1)
    nobody = PrometheusClient(f"http://{free_address('127.0.0.1')}", timeout=0.2, retries=0)
    with pytest.raises(StoppedError) as stopped:
        injection(plane, control, failure(0, 0.0, 30.0), watch=StopConditions(control, plane.stats, nobody)).run()
    assert str(stopped.value) == "Prometheus has not answered for 0.5 s, so nobody sees what the faults do"
    control.applied(5)
    assert ask(plane.members[0]).status == 200


def test_a_prometheus_that_hangs_does_not_make_the_dose_late(
    plane: Plane, control: ControlPlane, answers: list[tuple[float, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.watch.ASK_EVERY", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = PrometheusClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=LONGEST_LOOK, retries=0)
        watch = StopConditions(control, plane.stats, slow)
        run = injection(plane, control, failure(0, 0.0, 2.0), watch=watch)
        run.run()
    assert [dose.problem for dose in run.doses] == [None]
    assert run.withdrawn - run.injected == pytest.approx(2.0, abs=0.1)


def test_what_envoy_refuses_ends_the_run_before_it_began(plane: Plane, control: ControlPlane) -> None:
    told: list[str] = []
    plane.envoy.stop()
    with pytest.raises(HqError, match=r"^Envoy did not take the faults from the control plane"):
        injection(plane, control, failure(0, 0.0, 30.0), tell=lambda kind, _: told.append(kind)).run()
    assert told == []
