"""Whom the gates ask: one server for a whole look, and the next one for all of it when that is lost on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gates.gate import GateReport
from gates.instant import Source
from prometheus.client import PrometheusClient
from stack.quantity import format_duration

NOTICEABLE = 5.0  # seconds between two clocks

Judge = Callable[[Source], GateReport]
Ask = Callable[[Judge], GateReport]  # has somebody's answers judged, more than once if the first source is lost


@dataclass
class Asking:
    """Asks `servers`, which hold the same data, the one that answered last first; a look takes `deadline` seconds.

    Answers of two servers are never mixed: they scrape at different moments, and count different requests.
    """

    servers: Sequence[PrometheusClient]
    deadline: float

    def look(self, judge: Judge) -> GateReport:
        """What `judge` finds, and whose answers it found it in, where that is not as usual."""
        ends = time.monotonic() + self.deadline
        lost: list[str] = []
        for left in range(len(self.servers), 0, -1):
            server = self.servers[0]
            with server.within((ends - time.monotonic()) / left) as look:  # so that each server has its turn
                report = judge(server)
            if look.lost is None or left == 1:
                return report.noted([*lost, *_clock(server)])
            self.servers = (*self.servers[1:], server)
            lost.append(f"{look.lost}; so {self.servers[0].url} was asked")
        raise AssertionError("nobody to ask")

    def close(self) -> None:
        """Closes the connections that are kept open between looks."""
        for server in self.servers:
            server.close()


def _clock(server: PrometheusClient) -> list[str]:
    apart = server.clock_apart or 0.0
    if abs(apart) < NOTICEABLE:
        return []
    span = format_duration(round(abs(apart)))
    which = f"{span} {'ahead of' if apart > 0 else 'behind'} this machine's"
    return [f"the clock of Prometheus at {server.url} is {which}; the gates are judged by the clock of Prometheus"]
