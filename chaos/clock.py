"""A run is timed by this machine's clock and measured by Prometheus' samples: the two clocks must agree."""

from __future__ import annotations

import time

from prometheus.client import PrometheusClient
from stack.errors import HqError
from stack.quantity import format_duration

MOST_APART = 2.0


class ClockError(HqError):
    """The clocks are so far apart that the requests before or after the faults would be taken for those during them."""


def check_clocks(client: PrometheusClient) -> None:
    """Raises ClockError when Prometheus' clock is more than MOST_APART seconds from ours, and PrometheusError."""
    before = time.time()
    theirs = next((sample.value for sample in client.instant("time()").samples), None)
    if theirs is None:
        raise ClockError(f"Prometheus at {client.url} does not say what time it is")
    apart = min(0.0, theirs - before) or max(0.0, theirs - time.time())  # in between it answered
    if not abs(apart) <= MOST_APART:
        which = "ahead of" if apart > 0 else "behind"
        raise ClockError(
            f"the clock of Prometheus at {client.url} is {format_duration(round(abs(apart)))} {which} this machine's, "
            "and a run is measured by both; set them by NTP"
        )
