"""The stop conditions of a run: it must be seen what the faults do, and Envoy must be there to end them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from chaos.dose import DoseError, EnvoyStats
from chaos.lease import ControlPlane
from chaos.stopping import StoppedError
from prometheus.client import PrometheusClient
from stack.errors import HqError, NotReadyError

BLIND_SECONDS = 15.0
ENVOY_SECONDS = 1.0
ENVOY_GONE = "Envoy is gone: it no longer listens to the control plane"
ASK_EVERY = 2.0
LONGEST_LOOK = 0.5  # seconds for Prometheus: however slow it is, the dose is read while the faults are active


@dataclass
class StopConditions:
    """Called again and again while faults are active; raises StoppedError with the condition that is met.

    Prometheus was not ready for BLIND_SECONDS, Envoy's connection is gone, or Envoy refused the faults. Raises
    DoseError when Envoy was restarted: its counters began again, and with them the dose is lost.
    """

    plane: ControlPlane
    stats: EnvoyStats
    client: PrometheusClient
    _refused: int = field(init=False)
    _uptime: int = field(init=False)
    _seen: float = field(default_factory=time.monotonic)
    _asked: float = float("-inf")

    def __post_init__(self) -> None:
        self._refused = len(self.plane.nacks)
        self._uptime = self.stats.uptime()

    def __call__(self) -> None:
        """One look."""
        try:
            self.plane.connected(ENVOY_SECONDS)
        except NotReadyError:
            raise StoppedError(ENVOY_GONE) from None
        if len(self.plane.nacks) > self._refused:
            raise StoppedError(f"Envoy refused the faults: {self.plane.nacks[-1]}")
        if time.monotonic() - self._asked >= ASK_EVERY:
            self._look_at_envoy()
            self._look_at_prometheus()
            self._asked = time.monotonic()

    def _look_at_envoy(self) -> None:
        try:
            uptime = self.stats.uptime()
        except HqError:
            raise StoppedError(ENVOY_GONE) from None
        if uptime < self._uptime:
            raise DoseError("Envoy was restarted during the faults, and what it counted is lost")
        self._uptime = uptime

    def _look_at_prometheus(self) -> None:
        if self.client.ready():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > BLIND_SECONDS:
            raise StoppedError(
                f"Prometheus has not answered for {BLIND_SECONDS:g} s, so nobody sees what the faults do"
            )
