"""Injects a plan, phase by phase, and withdraws it whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chaos.dose import Dose, EnvoyStats, measure
from chaos.faults import leased_values
from chaos.faults.fault import Counters, Fault
from chaos.lease import ControlPlane
from chaos.plan import end_of, phases
from chaos.stopping import StoppedError, Stopping

APPLY_SECONDS = 3.0
READ_BEFORE_END = 0.25  # seconds: the counters are read while the faults are still active
WATCH_EVERY = 0.5
OVERLAP = 0.5


@dataclass
class Injection:
    """One plan on its way through the data plane.

    `tell` hears of each fault that begins (`fault_injected`) and ends (`fault_withdrawn`); `watch` raises
    StoppedError when it is better to stop. `injected` and `withdrawn` are the moments (epoch seconds) of the first
    fault and of the end of the last, `doses` what each fault did, `counters` Envoy's when the first fault had begun
    and before the last was over.
    """

    plane: ControlPlane
    stats: EnvoyStats
    faults: Sequence[Fault]
    tell: Callable[[str, Fault], None]
    watch: Callable[[], None]
    stopping: Stopping
    injected: float = 0.0
    withdrawn: float = 0.0
    doses: list[Dose] = field(default_factory=list)
    counters: tuple[Counters, Counters] = ({}, {})
    _active: tuple[Fault, ...] = ()
    _before: dict[Fault, Counters] = field(default_factory=dict)

    def run(self) -> None:
        """Injects, holds and withdraws; raises HqError, StoppedError among them, and has withdrawn by then."""
        began = time.monotonic()
        self.injected = time.time()
        try:
            for phase in phases(self.faults):
                self._switch(phase.faults, began)
                ending = tuple(fault for fault in phase.faults if end_of(fault) == phase.end)
                if ending:
                    self._hold(began + phase.end - READ_BEFORE_END)
                    self._measure(ending)
                self._hold(began + phase.end)
        finally:
            self.plane.lease.clear()
            self.withdrawn = time.time()
            self._tell_changes(())

    def _switch(self, faults: tuple[Fault, ...], began: float) -> None:
        """Leases these faults until the first of them is over.

        Those that go on would lapse for the moment between that end and the next lease, so there is OVERLAP; the end of
        the last fault is exact.
        """
        ends = sorted({end_of(fault) for fault in faults})
        deadline = began + (ends[0] + (OVERLAP if len(ends) > 1 else 0.0) if ends else 0.0)
        self.plane.lease.set(leased_values(faults), deadline - time.monotonic())
        self.plane.applied(APPLY_SECONDS)
        beginning = tuple(fault for fault in faults if fault not in self._active)
        self._tell_changes(faults)
        if beginning:
            before = self.stats.read()
            self.counters = (self.counters[0] or before, before)
            self._before.update(dict.fromkeys(beginning, before))

    def _tell_changes(self, faults: tuple[Fault, ...]) -> None:
        before, self._active = self._active, faults
        for fault in before:
            if fault not in faults:
                self.tell("fault_withdrawn", fault)
        for fault in faults:
            if fault not in before:
                self.tell("fault_injected", fault)

    def _measure(self, faults: tuple[Fault, ...]) -> None:
        after = self.stats.read()
        self.counters = (self.counters[0], after)
        self.doses.extend(measure(fault, self._before[fault], after) for fault in faults)

    def _hold(self, until: float) -> None:
        """Waits until a moment on the monotonic clock, watching the stop conditions."""
        while (left := until - time.monotonic()) > 0:
            asked = time.monotonic()
            self.stopping.pause(min(WATCH_EVERY, left))
            if (away := time.monotonic() - asked - WATCH_EVERY) > self.plane.lease.ttl:
                raise StoppedError(f"the run itself stood still for {away:.1f} s, and its faults ended meanwhile")
            if until - time.monotonic() > WATCH_EVERY:
                self.watch()
