"""What is asked of Prometheus in one round: the alerts, one instant query, and now and then the trends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from hq.terminal import trends as trend
from hq.terminal.observation import BlindError, Budget, Fault, Gate, Observation, Service, Trouble
from hq.terminal.trends import STEP, Trends, ask_trends, last_point
from prometheus.anomalies import anomalies_of
from prometheus.answer import Alert, Sample
from prometheus.catalogue import SEVERITIES
from prometheus.client import PrometheusClient
from prometheus.errors import PrometheusError
from stack.verdicts import VERDICT, VERDICTS

ROUND_SECONDS = 10.0
LONGEST_SILENCE = 180.0
"""Rules are evaluated at least once a minute; a Watchdog older than this is one that nobody evaluates any more."""

VERDICT_WORDS = {value: verdict.upper() for verdict, value in VERDICTS.items()}

LEFT = "slo:error_budget_remaining:ratio"
MEMBERS = "pool:members:healthy"
CHECKED = "quality_gate_last_check_timestamp_seconds"
COLLECTED = "exporter_collector_success"
NAMES = (trend.FAULT, trend.RATE, trend.ERRORS, trend.P95, LEFT, MEMBERS, VERDICT[0], CHECKED, COLLECTED)
QUERY = f'{{__name__=~"{"|".join(NAMES)}"}} or timestamp(ALERTS{{alertname="Watchdog",alertstate="firing"}})'

Values = Mapping[tuple[str, ...], float]


class Rounds:
    """Asks the same Prometheus round after round."""

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client.hurried(ROUND_SECONDS)  # what is tried again is the next round
        self._trends = Trends()
        self._firing: frozenset[tuple[str, str, str]] = frozenset()

    def observe(self) -> Observation:
        """What there is to see now, within ROUND_SECONDS; raises BlindError, and HqError as the client does."""
        with self._client.within(ROUND_SECONDS):
            alerts = check_evaluated(self._client.alerts())
            samples = self._client.instant(QUERY).samples
            at = _evaluated_at(samples)
            self._refresh_trends(at, alerts)
        return _observation(at, alerts, samples, self._trends)

    def _refresh_trends(self, at: float, alerts: tuple[Alert, ...]) -> None:
        """Asks for the trends when they have a new point, or something else fires; without them the rest stands."""
        firing = frozenset((one.type, one.service, one.pool) for one in anomalies_of(alerts))
        if self._trends.end == last_point(at) and firing <= self._firing:
            return
        try:
            self._trends = ask_trends(self._client, at)
        except PrometheusError as error:
            self._trends = Trends(last_point(at), {}, str(error))
        self._firing = firing


def check_evaluated(alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """The same alerts; raises BlindError when their silence would mean nothing.

    An empty answer of a Prometheus without our rules would look like calm, so the dead man's switch must fire; and
    where rules fail, what does not fire says nothing.
    """
    names = {alert.labels.get("alertname", "") for alert in alerts if alert.state == "firing"}
    if "Watchdog" not in names:
        raise BlindError(
            "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml"
        )
    if "RuleEvaluationFailing" in names and not anomalies_of(alerts):
        raise BlindError("Prometheus fails to evaluate rules (RuleEvaluationFailing fires); see its page Rules, or log")
    return alerts


def _evaluated_at(samples: Iterable[Sample]) -> float:
    """The time of the answer by the clock of Prometheus; raises BlindError when the rules were last evaluated long ago.

    The alerts of a Prometheus that is stuck go on firing, and those that should come do not.
    """
    for sample in samples:
        if sample.labels.get("alertname") == "Watchdog" and "__name__" not in sample.labels:
            silence = sample.at - sample.value
            if silence <= LONGEST_SILENCE:
                return sample.at
            raise BlindError(f"Prometheus has not evaluated the rules for {silence:.0f} s; is it overloaded?")
    raise BlindError("Prometheus stores nothing of the Watchdog alert, so nobody can say when the rules were evaluated")


def _observation(at: float, alerts: tuple[Alert, ...], samples: tuple[Sample, ...], trends: Trends) -> Observation:
    journal_is_read = _values(samples, COLLECTED, "collector").get(("journal",)) == 1
    return Observation(
        at=at,
        anomalies=tuple(anomalies_of(alerts)),
        troubles=tuple(_troubles(alerts, trends)),
        faults=tuple(_faults(samples, trends)) if journal_is_read else None,
        services=tuple(_services(samples)),
        budgets=tuple(_budgets(samples, alerts)),
        gates=tuple(_gates(samples)) if journal_is_read else None,
        pools=_pools(samples),
        trends=trends,
    )


def _troubles(alerts: Iterable[Alert], trends: Trends) -> Iterator[Trouble]:
    """The alerts about the stack itself, the worst first."""
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    about_us = {
        (alert.labels.get("alertname", ""), alert.labels["severity"], alert.annotations.get("summary", ""))
        for alert in alerts
        if alert.state == "firing"
        and alert.labels.get("severity") in SEVERITIES
        and not alert.labels.get("anomaly_type")
        and not alert.labels.get("slo")
    }
    for name, severity, summary in sorted(about_us, key=lambda one: (-ranks[one[1]], one)):
        yield Trouble(name, severity, summary)
    if trends.trouble:
        yield Trouble("no trends", "low", trends.trouble)


def _faults(samples: Iterable[Sample], trends: Trends) -> Iterator[Fault]:
    """Those that are injected, and those that were as far back as the trends reach."""
    labels = ("fault", "chaos_target", "scenario")
    active = {key for key, value in _values(samples, trend.FAULT, *labels).items() if value == 1}
    known = {key[1:] for key, points in trends.points.items() if key[0] == trend.FAULT and 1.0 in points}
    for key in sorted(active | known):
        kind, target, scenario = key
        points = trends.of(trend.FAULT, *key)
        yield Fault(
            kind, target, scenario, _began(points, trends.end), None if key in active else _ended(points, trends)
        )


def _began(points: trend.Points, end: float) -> float | None:
    """When the last stretch of ones was first seen; `end` where the trends do not know it yet."""
    if 1.0 not in points:
        return end
    index = len(points) - 1 - points[::-1].index(1.0)
    while index >= 0 and points[index] == 1.0:
        index -= 1
    return None if index < 0 else end - (len(points) - 2 - index) * STEP


def _ended(points: trend.Points, trends: Trends) -> float:
    return trends.end - (points[::-1].index(1.0) - 1) * STEP


def _services(samples: Iterable[Sample]) -> Iterator[Service]:
    samples = tuple(samples)
    rates, errors, p95s = (_values(samples, name, "service") for name in (trend.RATE, trend.ERRORS, trend.P95))
    for key in sorted({*rates, *errors, *p95s}):
        yield Service(key[0], rates.get(key), errors.get(key), p95s.get(key))


def _budgets(samples: Iterable[Sample], alerts: Iterable[Alert]) -> Iterator[Budget]:
    burning: dict[tuple[str, ...], str] = {}
    for severity in SEVERITIES:
        for alert in alerts:
            labels = alert.labels
            if alert.state == "firing" and labels.get("slo") and labels.get("severity") == severity:
                burning[labels.get("service", ""), labels["slo"]] = severity
    left = _values(samples, LEFT, "service", "slo")
    for service, objective in sorted({*left, *burning}):
        yield Budget(service, objective, left.get((service, objective)), burning.get((service, objective), ""))


def _gates(samples: Iterable[Sample]) -> Iterator[Gate]:
    samples = tuple(samples)
    checked = _values(samples, CHECKED, "service", "gate")
    for key, value in sorted(_values(samples, VERDICT[0], "service", "gate").items()):
        yield Gate(key[1], key[0], VERDICT_WORDS.get(value, "ERROR"), checked.get(key))


def _pools(samples: Iterable[Sample]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for service, pool in _values(samples, MEMBERS, "service", "pool"):
        found.setdefault(service, set()).add(pool)
    return {service: frozenset(pools) for service, pools in found.items()}


def _values(samples: Iterable[Sample], metric: str, *labels: str) -> Values:
    """The finite values of one metric by the labels that count; of several with the same, the greatest."""
    found: dict[tuple[str, ...], float] = {}
    for sample in samples:
        if sample.labels.get("__name__") == metric and math.isfinite(sample.value):
            key = tuple(sample.labels.get(label, "") for label in labels)
            found[key] = max(found.get(key, sample.value), sample.value)
    return found
