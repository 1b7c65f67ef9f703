"""How long after the faults were withdrawn the service was still bad."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.measurement import Meter, Objective
from chaos.stopping import Stopping
from chaos.windows import Window, together, within

GOOD_WINDOWS = 5
RECOVERY_DEADLINE = 120.0


@dataclass(frozen=True)
class Recovery:
    """`seconds` from the withdrawal to the end of the last window that was proven bad."""

    seconds: float
    confirmed_at: float


def recovery_of(windows: Sequence[Window], budget: float, withdrawn: float, resolution: float) -> Recovery | None:
    """The recovery from faults withdrawn at `withdrawn` (epoch seconds), or None as long as none is confirmed.

    It is confirmed by GOOD_WINDOWS windows in a row, each with requests, of which neither one alone nor all together
    prove more bad requests than the `budget`. A window that began before the withdrawal counts for the faults. When
    the first one after it does not begin by two scrapes (every `resolution` seconds), nobody saw a recovery until then.
    """
    after = within(windows, withdrawn, float("inf"))
    seen = min((window.start for window in after), default=withdrawn)
    last_bad = withdrawn if seen <= withdrawn + 2 * resolution else seen
    good: list[Window] = []
    for window in after:
        if window.requests < 1:
            good = []
            continue
        if window.proves_more_than(budget):
            last_bad, good = window.end, []
            continue
        good.append(window)
        if len(good) < GOOD_WINDOWS:
            continue
        if not together(good).proves_more_than(budget):
            return Recovery(last_bad - withdrawn, window.end)
        last_bad = good.pop(0).end
    return None


def recovery_deadline(resolution: float) -> float:
    """Seconds within which a recovery counts; more where scrapes (every `resolution` seconds) are rare."""
    return max(RECOVERY_DEADLINE, 4 * GOOD_WINDOWS * resolution)


def watch_recovery(
    meter: Meter, objectives: Sequence[Objective], withdrawn: float, resolution: float, stopping: Stopping
) -> float | None:
    """The longest recovery (seconds) of the objectives, or None when one has none within the deadline.

    Returns as soon as all are confirmed; raises PrometheusError and StoppedError.
    """
    found: dict[Objective, Recovery] = {}
    while len(found) < len(objectives):
        if time.time() > withdrawn + recovery_deadline(resolution):
            return None
        stopping.pause(min(resolution, 1.0))
        for objective in objectives:
            if objective not in found and (recovery := _measured(meter, objective, withdrawn, resolution)):
                found[objective] = recovery
    return max(recovery.seconds for recovery in found.values())


def _measured(meter: Meter, objective: Objective, withdrawn: float, resolution: float) -> Recovery | None:
    windows = meter.windows(objective, withdrawn - 2 * resolution, time.time())
    return recovery_of(windows, objective.budget, withdrawn, resolution)
