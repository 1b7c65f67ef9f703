"""How far each thing is from each threshold: the recorded series from which alerts and dashboards read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus.catalogue import CATALOGUE, AnomalyType, Need, Signal
from prometheus.detection.judgement import judgements
from prometheus.indicators import sli_of
from prometheus.recording.targets import has_targets
from prometheus.rule import Recording
from stack.model import Links, PresetSli, Service, Stack


def scores(stack: Stack) -> Iterator[Recording]:
    """anomaly:actual, anomaly:threshold and anomaly:score of every type, wherever it can be seen.

    Each type is held against its limit; those that have a band are held against that too, and what is nearer counts.
    """
    kinds = [kind.adjusted(stack.anomalies) for kind in CATALOGUE.values()]
    seen = [kind for kind in kinds if any(signals(kind, stack))]
    for kind in seen:
        yield from _against_limit(kind, list(signals(kind, stack)))
    yield from judgements(seen)


def _against_limit(kind: AnomalyType, found: list[tuple[Signal, str]]) -> Iterator[Recording]:
    labels = {"anomaly_type": kind.name}
    yield Recording("anomaly:actual", _either(_scoped(one.actual, one, scope) for one, scope in found), labels)
    yield Recording("anomaly:limit", _either(_scoped(one.threshold, one, scope) for one, scope in found), labels)
    yield Recording("anomaly:limit_score", _either(_score(one, scope) for one, scope in found), labels)


def _score(signal: Signal, scope: str) -> str:
    return f"({_scoped(signal.score, signal, scope)}) or 0 * {signal.alive}{scope}"


def _scoped(expr: str, signal: Signal, scope: str) -> str:
    return f"({expr}) and {signal.alive}{scope}" if scope else expr


def _either(expressions: Iterable[str]) -> str:
    """What a pool shows and what a service shows never have the same labels, so that `or` brings both."""
    return "\nor ".join(expressions)


def playbook(links: Links) -> Iterator[Recording]:
    """anomaly:playbook_info: what to do about each type, for dashboards to join."""
    for kind in CATALOGUE.values():
        labels = {
            "anomaly_type": kind.name,
            "recommendation": kind.recommendation,
            "runbook_url": runbook_url(links, kind.name),
        }
        yield Recording("anomaly:playbook_info", "vector(1)", labels)


def runbook_url(links: Links, page: str) -> str:
    """Where the page docs/runbooks/<page>.md is read."""
    return f"{links.runbooks}/{page}.md"


def signals(kind: AnomalyType, stack: Stack) -> Iterator[tuple[Signal, str]]:
    """The signals of a type in this stack, with the matcher that keeps to the services which have what it needs."""
    if kind.of_pool and stack.pools:
        yield kind.of_pool, ""
    if kind.of_service:
        seen = [service.name for service in stack.services.values() if _shows(service, kind, stack)]
        if seen:
            yield kind.of_service, "" if len(seen) == len(stack.services) else f'{{service=~"{"|".join(seen)}"}}'


def _shows(service: Service, kind: AnomalyType, stack: Stack) -> bool:
    sli = sli_of(service)
    if kind.needs is Need.HISTOGRAM:
        return sli.buckets is not None
    if kind.needs is Need.TARGETS:
        return has_targets(sli)
    if kind.needs is Need.CAPACITY:
        return has_targets(sli) or service.saturation is not None
    if kind.needs is Need.THROTTLED:  # what limits a service that goes out through a pool shows in the pool
        at_listener = isinstance(service.sli, PresetSli) and service.sli.preset == "envoy"  # no pool sees what is there
        goes_out = any(pool.used_by == service.name for pool in stack.pools.values())
        return sli.throttled is not None and (at_listener or not goes_out)
    return True
