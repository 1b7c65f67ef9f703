"""Decoys: what happens to every healthy system, and must not alarm anyone."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from chaos.faults import unsupported
from chaos.faults.fault import Fault
from chaos.stopping import Stopping
from chaos.verification.aim import bounds_of, threshold_of
from chaos.verification.buckets import delay_for
from chaos.verification.level import LATENCY, Gauge
from prometheus.client import PrometheusClient
from stack.address import Address, free_address
from stack.errors import HqError
from stack.model import ManagedProcess, Stack
from stack.placement import read_placement
from stack.process import Child, process_started
from stack.waiting import wait_for

DRIFT_TO = 0.75  # times the threshold: as near as the least fault
DRIFT_STEPS = 6
BACK_SECONDS = 30.0


@dataclass(frozen=True)
class Drift:
    """Latency that grows slowly and stays below its threshold."""

    service: str
    faults: tuple[Fault, ...]
    seconds: float
    name: str = "slow drift"


@dataclass(frozen=True)
class Ramp:
    """Twice the load: the stack's load generator a second time."""

    service: str
    process: ManagedProcess
    home: Path
    log: Path
    seconds: float
    name: str = "load ramp"

    def play(self, stopping: Stopping) -> None:
        """Runs it; raises HqError when it ends by itself."""
        child = Child("load", self._argv(), self.log, directory=self.home)
        try:
            stopping.pause(self.seconds)
            if child.exit_code is not None:
                raise HqError(f"a second {self.process.name} could not run; its log says:\n{child.last_words()}")
        finally:
            child.stop()

    def _argv(self) -> list[str]:
        listen = str(self.process.listen)
        own = str(free_address(self.process.listen.host))
        words = [own if word == listen else word for word in self.process.run]
        return [sys.executable if words[0] == "python" else words[0], *words[1:]]


@dataclass(frozen=True)
class Restart:
    """A managed process that is ended, and started again by `dev-hq up`."""

    service: str
    process: ManagedProcess
    supervisor: int
    seconds: float
    name: str = "restart"

    def play(self, stopping: Stopping) -> None:
        """Ends it and waits until it is back; raises HqError when it does not come."""
        began = time.monotonic()
        before = self._pid()
        if before is None:
            raise HqError(f"{self.process.name} does not run, so it cannot be restarted")
        os.kill(before, signal.SIGTERM)
        what = f"{self.process.name} was ended for a decoy and did not come back"
        wait_for(lambda: self._pid() not in (None, before), BACK_SECONDS, what, every=0.1)
        stopping.pause(self.seconds - (time.monotonic() - began))

    def _pid(self) -> int | None:
        """The supervisor's child that was started with the address at which the process listens."""
        children = Path(f"/proc/{self.supervisor}/task/{self.supervisor}/children")
        listen = str(self.process.listen).encode()
        for child in children.read_text().split():
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if listen in words and process_started(int(child)) is not None:
                return int(child)
        return None


Decoy = Drift | Ramp | Restart


def decoys(
    stack: Stack, client: PrometheusClient, target: str, seconds: float, *, restarts: bool
) -> tuple[list[Decoy], list[str]]:
    """The decoys that are possible on this stack, each `seconds` long, and a sentence for each that is not."""
    found: list[Decoy] = []
    sentences = []
    makers = (drift_on, ramp_on) if not restarts else (drift_on, ramp_on, restart_on)
    for make in makers:
        try:
            found.append(make(stack, client, target, seconds))
        except HqError as error:
            sentences.append(f"no decoy {error}")
    if not restarts:
        sentences.append("no decoy restart: only --decoys ends a process that `dev-hq up` started")
    return found, sentences


def drift_on(stack: Stack, client: PrometheusClient, target: str, seconds: float) -> Drift:
    """Delays at a target that grow to just below the threshold; raises HqError where there can be none."""
    pool = stack.pools.get(target)
    if problem := unsupported("latency", pool or stack.services[target]):
        raise HqError(f"slow drift: {problem}")
    gauge = Gauge(stack, client, LATENCY, target)
    threshold = threshold_of(client, LATENCY, stack, target)
    members = range(len(pool.members)) if pool else (None,)
    step = seconds / DRIFT_STEPS
    faults = []
    for number in range(DRIFT_STEPS):
        delay = delay_for(threshold * DRIFT_TO * (number + 1) / DRIFT_STEPS, threshold, bounds_of(gauge))
        if delay is None:
            raise HqError(f"slow drift: the histogram of {stack.service_of(target).name} has no bucket below the limit")
        after, lasts = round(number * step, 3), round(step, 3)
        faults += [Fault("latency", target, member, Decimal(1), delay.seconds, after, lasts) for member in members]
    return Drift(stack.service_of(target).name, tuple(faults), seconds)


def ramp_on(stack: Stack, _client: PrometheusClient, target: str, seconds: float) -> Ramp:
    """A second load generator; raises HqError on a stack without one."""
    for process in stack.processes.values():
        if "demo.load" in process.run and str(process.listen) in process.run:
            log = stack.directory / "log" / "verify-load.log"
            return Ramp(stack.service_of(target).name, process, stack.directory.parent, log, seconds)
    raise HqError(f"load ramp: no process of {stack.file} is the demo's load generator (demo.load)")


def restart_on(stack: Stack, _client: PrometheusClient, target: str, seconds: float) -> Restart:
    """A restart of the process behind the target's service; raises HqError where `dev-hq up` runs none."""
    service = stack.service_of(target)
    placement = read_placement(stack.directory)
    for process in stack.processes.values():
        if placement and service.upstream and Address.of_url(service.upstream) == process.listen:
            return Restart(service.name, process, placement.process.pid, max(seconds, BACK_SECONDS))
    raise HqError(f"restart: `dev-hq up` runs no process that is {service.name}")
