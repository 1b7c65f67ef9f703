"""Asks Prometheus and the journal what became of the alerts of one run."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from chaos.detection import Detection, Firing, allowance, fired_among, firings, notified_at
from chaos.scenario import ChaosScenario
from chaos.signals import CountedSignal, impact_signals, signal_of
from chaos.stopping import Stopping
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE
from prometheus.slo import Sli
from stack.journal import Journal, Record
from stack.model import Stack

LATE_SECONDS = 30.0  # how long one waits for an alert that is overdue, or overdue to resolve


@dataclass(frozen=True)
class AlertWatch:
    """Looks after the alerts for faults on `target` from `injected` to `withdrawn` (epoch seconds).

    `sli` is the one by which the impact is measured. The methods raise PrometheusError and StoppedError.
    """

    stack: Stack
    scenario: ChaosScenario
    target: str
    client: PrometheusClient
    sli: Sli
    injected: float
    withdrawn: float

    def detections(self, stopping: Stopping) -> tuple[Detection, ...]:
        """What became of the alerts that were expected, once those that fired have resolved; bounded in time."""
        awaited = self._awaited()
        while True:
            fired = self.fired()
            if not any(self._is_pending(detection, fired) for detection in awaited):
                records = Journal(self.stack.journal).read()
                return tuple(self._notified(self._completed(detection, fired), records) for detection in awaited)
            stopping.pause(min(1.0, self.stack.prometheus.evaluation_interval))

    def fired_among(self, types: Collection[str]) -> tuple[str, ...]:
        """Those of some types that have fired for the service since the first fault."""
        return fired_among(self.fired(), types, self.injected)

    def fired(self) -> Mapping[str, Firing]:
        """What has fired for the service since the first fault, by type."""
        return firings(self.client, self._service, self.injected, time.time())

    def _awaited(self) -> tuple[Detection, ...]:
        """The expected types, each with the moment when it was due.

        None is due as long as users would not have noticed. When they did, and no expected rule could see it, any
        alert that the scenario allows is due instead: somebody has to be told.
        """
        noticed = self._first_due(impact_signals(self.sli, self.stack.anomalies))
        awaited = [self._expected(name, noticed) for name in self.scenario.expect]
        if noticed is not None and all(detection.due is None for detection in awaited):
            types = (*self.scenario.expect, *self.scenario.may)
            longest = max(allowance(self.stack, name) for name in types)
            return (*awaited, Detection(types, noticed, longest))
        return tuple(awaited)

    def _expected(self, anomaly_type: str, noticed: float | None) -> Detection:
        signal = signal_of(anomaly_type, self.stack, self.target)
        due = None if noticed is None else self._first_due((signal,)) if signal else noticed
        return Detection((anomaly_type,), due, allowance(self.stack, anomaly_type))

    def _first_due(self, signals: Sequence[CountedSignal]) -> float | None:
        """Seconds after the first fault at which the first of some signals reached its threshold."""
        since, until = self.injected - MINUTE, self.withdrawn + self.stack.prometheus.scrape_interval
        moments = [signal.due(self.client, since, self.injected, until) for signal in signals]
        return min((moment - self.injected for moment in moments if moment is not None), default=None)

    def _is_pending(self, awaited: Detection, fired: Mapping[str, Firing]) -> bool:
        """Whether there is still something to wait for: a late alert, or one that fires on."""
        found = self._completed(awaited, fired)
        if found.fired is not None:
            return found.resolved is None and time.time() < self.withdrawn + self._longest_firing(awaited)
        overdue = self.injected + (awaited.due or 0.0) + awaited.allowance + LATE_SECONDS
        return awaited.due is not None and time.time() < overdue

    def _longest_firing(self, awaited: Detection) -> float:
        """Seconds after the faults by when an alert of these types has to be resolved."""
        keep = max(CATALOGUE[name].adjusted(self.stack.anomalies).keep_firing_for for name in awaited.types)
        return MINUTE + keep + 4 * self.stack.prometheus.evaluation_interval + LATE_SECONDS

    def _completed(self, awaited: Detection, fired: Mapping[str, Firing]) -> Detection:
        """With what Prometheus knows by now."""
        found = [fired[name] for name in awaited.types if name in fired]
        first = min((at for firing in found if (at := firing.first(self.injected))), default=None)
        if first is None:
            return awaited
        every = self.stack.prometheus.evaluation_interval
        last = max(firing.last for firing in found)
        return replace(
            awaited,
            fired=first - self.injected,
            resolved=last + every - self.injected if time.time() > last + 3 * every else None,
        )

    def _notified(self, found: Detection, records: Sequence[Record]) -> Detection:
        """With what the journal knows of it."""
        if found.fired is None:
            return found
        notified = notified_at(records, found.types, self._service, self.injected)
        return replace(found, notified=None if notified is None else notified - self.injected)

    @property
    def _service(self) -> str:
        return self.stack.service_of(self.target).name
