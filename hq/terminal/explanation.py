"""Whether a fault of ours explains an anomaly."""

from __future__ import annotations

from hq.terminal.observation import Fault, Observation
from hq.terminal.trends import STEP
from prometheus.anomalies import Anomaly

LAG = 60.0
"""Rates look back over a minute, so what a fault did can pass a threshold that long after its end."""


def explaining(anomaly: Anomaly, observation: Observation) -> Fault | None:
    """The fault that may explain an anomaly: on the same pool, or on the service or a pool it uses, and not later."""
    targets = {anomaly.pool} if anomaly.pool else {anomaly.service, *observation.pools.get(anomaly.service, ())}
    fitting = [fault for fault in observation.faults or () if fault.target in targets and _in_time(fault, anomaly)]
    return max(fitting, key=lambda fault: (fault.ended is None, fault.ended or 0.0), default=None)


def _in_time(fault: Fault, anomaly: Anomaly) -> bool:
    not_later = fault.began is None or anomaly.since >= fault.began - STEP
    return not_later and (fault.ended is None or anomaly.since <= fault.ended + LAG)
