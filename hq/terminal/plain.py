"""The report of anomalies as plain text."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from hq.terminal.printable import printable
from prometheus.anomalies import Anomaly

HOME_AND_CLEAR = "\x1b[H\x1b[J"
_COLOURS = {"critical": "\x1b[1;31m", "high": "\x1b[31m", "medium": "\x1b[33m", "low": "\x1b[36m"}
_PLAIN = "\x1b[0m"


def report(anomalies: Sequence[Anomaly], now: float, *, colour: bool = False, encoding: str = "utf-8") -> list[str]:
    """The lines of one report, at `now` in epoch seconds."""
    if not anomalies:
        return [f"{clock(now)}  nothing is anomalous"]
    counted = "1 anomaly" if len(anomalies) == 1 else f"{len(anomalies)} anomalies"
    described = (line for anomaly in anomalies for line in _describe(anomaly, now, colour, encoding))
    return [f"{clock(now)}  {counted}", *described]


def report_blind(reason: str, now: float, encoding: str = "utf-8") -> list[str]:
    """The same, when nobody can say."""
    return [f"{clock(now)}  blind: {printable(reason, encoding)}"]


def clock(at: float) -> str:
    """The local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def _describe(anomaly: Anomaly, now: float, colour: bool, encoding: str) -> Iterator[str]:
    severity = f"{anomaly.severity:<8}"
    if colour:
        severity = f"{_COLOURS[anomaly.severity]}{severity}{_PLAIN}"
    where = f"{anomaly.service} through {anomaly.pool}" if anomaly.pool else anomaly.service
    what = printable(f"{anomaly.type} in {where}", encoding)
    measured = printable(f"{anomaly.metric} is {anomaly.actual}, the threshold {anomaly.threshold}", encoding)
    yield f"  {severity} {what}, for {max(0, round(now - anomaly.since))} s"
    yield f"           {measured}"
    yield f"           {printable(anomaly.recommendation, encoding)}"
