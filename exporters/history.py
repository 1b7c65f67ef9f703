"""What the journal's records add up to: runs, verdicts of gates and notifications, as running totals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporters.fields import UnreadableRecordError, choice, measured, text, text_or_nothing
from exporters.run_history import RunHistory
from stack.journal import Record, finite
from stack.verdicts import VERDICTS

DELAY_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, math.inf)
STATUSES = ("firing", "resolved")


@dataclass(frozen=True)
class LastVerdict:
    """The last verdict of a gate on a service; a gate on none has an empty one."""

    at: float
    verdict: str
    actual: float | None
    threshold: float | None


@dataclass
class Delays:
    """A histogram of seconds, its buckets not cumulative."""

    counts: list[int] = field(default_factory=lambda: [0] * len(DELAY_BUCKETS))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        seconds = max(0.0, seconds)  # a clock that was set back
        self.counts[next(number for number, bound in enumerate(DELAY_BUCKETS) if seconds <= bound)] += 1
        self.total += seconds


@dataclass
class History:
    """Everything that is exposed of the journal; `add` takes the records in the order in which they were written."""

    runs: RunHistory = field(default_factory=RunHistory)
    checks: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    verdicts: dict[tuple[str, str], LastVerdict] = field(default_factory=dict)
    remediations: Counter[str] = field(default_factory=Counter)
    notifications: Counter[str] = field(default_factory=Counter)
    delays: dict[str, Delays] = field(default_factory=lambda: {status: Delays() for status in STATUSES})
    truncated: int = 0
    last_notification_at: float | None = None
    unreadable: int = 0
    _notified: set[tuple[str, str, float | None]] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Counts one record; one of an unknown kind is left alone, one without what its kind needs is unreadable."""
        take = {
            **self.runs.takes,
            "gate_verdict": self._verdict,
            "remediation_finished": self._remediated,
            "notification": self._notification,
        }.get(record.kind)
        try:
            if take:
                take(record.at, record.data)
        except UnreadableRecordError:
            self.unreadable += 1

    def _verdict(self, at: float, data: Mapping[str, Any]) -> None:
        gate, service = text(data, "gate"), text_or_nothing(data, "service")
        verdict = choice(data, "verdict", tuple(VERDICTS))
        self.verdicts[gate, service] = LastVerdict(at, verdict, finite(data, "actual"), finite(data, "threshold"))
        self.checks[gate, service, verdict] += 1

    def _remediated(self, _at: float, data: Mapping[str, Any]) -> None:
        failed = data.get("failed")
        if not isinstance(failed, bool):
            raise UnreadableRecordError("failed must be true or false")
        self.remediations["failed" if failed else "done"] += 1

    def _notification(self, at: float, data: Mapping[str, Any]) -> None:
        status = choice(data, "status", STATUSES)
        starts_at, ends_at = finite(data, "starts_at"), finite(data, "ends_at")
        self.last_notification_at = at
        identity = (text(data, "fingerprint"), status, starts_at)
        if identity in self._notified:  # Alertmanager delivers at least once
            return
        self._notified.add(identity)
        self.notifications[status] += 1
        self.truncated += int(measured(data, "truncated") or 0)
        since = starts_at if status == "firing" else ends_at
        if since is not None:
            self.delays[status].observe(at - since)
