"""Who is killed: the programs that the supervisor keeps up, and the run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.chaos_monkey.promise import BACK_SECONDS
from bench.live import LiveStack, process_with, status
from stack.errors import HqError, NotReadyError
from stack.waiting import wait_for

RUN = "run"


@dataclass(frozen=True)
class Program:
    """A supervised program: how its process is told from its siblings, and when it is back.

    `ready` is given the moment (epoch seconds) of the kill.
    """

    name: str
    argument: Callable[[LiveStack], str]
    ready: Callable[[LiveStack, float], bool]

    def pid(self, live: LiveStack) -> int | None:
        """The process that runs now."""
        return process_with(live.up.pid, self.argument(live))

    def kill(self, live: LiveStack) -> tuple[int, float]:
        """Sends SIGKILL; says to which process, and when (epoch seconds)."""
        wait_for(lambda: self.pid(live) is not None, BACK_SECONDS, f"{self.name} does not run")
        pid = self.pid(live)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid, time.time()

    def back_after(self, live: LiveStack, killed: int, at: float) -> float | None:
        """Seconds from the kill of process `killed` until another one is ready, or None when that takes too long."""
        try:
            wait_for(
                lambda: self.pid(live) not in (None, killed) and self.ready(live, at), 2 * BACK_SECONDS, "", every=0.02
            )
        except NotReadyError:
            return None
        return time.time() - at


def _answers(path: str, base: Callable[[LiveStack], str]) -> Callable[[LiveStack, float], bool]:
    return lambda live, _: status(base(live) + path, timeout=1.0) == 200


def _prometheus_knows(live: LiveStack, killed: float) -> bool:
    """Ready and scraping again: of every target there is a sample that is younger than the kill."""
    try:
        answer = live.prometheus.hurried(1.0).instant("min(timestamp(up))")
    except HqError:
        return False
    return any(sample.value > killed for sample in answer.samples)


PROGRAMS = {
    program.name: program
    for program in (
        Program("serve", lambda _: "serve", _answers("/-/ready", lambda live: f"http://{live.stack.exporter}")),
        Program(
            "envoy",
            lambda live: str(live.stack.directory / "envoy.json"),
            _answers("/ready", lambda live: f"http://{live.stack.envoy.admin}"),
        ),
        Program(
            "prometheus",
            lambda live: f"--config.file={live.stack.directory / 'prometheus.yml'}",
            _prometheus_knows,
        ),
        Program(
            "alertmanager",
            lambda live: f"--config.file={live.stack.directory / 'alertmanager.yml'}",
            _answers("/-/ready", lambda live: live.stack.alertmanager.url),
        ),
    )
}
BYSTANDERS = frozenset({"serve", "alertmanager"})
"""A run needs nothing of these: not to begin, nor to end with a score."""

VICTIMS = ("serve", RUN, "envoy", "prometheus", "alertmanager")
