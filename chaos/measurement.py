"""What a service's users got, from the raw counters at the resolution of their scrapes.

Rates and recorded series look back a minute; the samples themselves tell to the scrape when something went wrong and
when it was over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, isfinite

from chaos.windows import Window, together
from prometheus.client import PrometheusClient
from prometheus.indicators import sli_of
from prometheus.selector import matching, matching_each
from prometheus.slo import Sli
from stack.errors import HqError
from stack.model import PresetSli, Service, Stack
from stack.prefix import service_prefix
from stack.quantity import format_duration

Labels = tuple[tuple[str, str], ...]
Points = Sequence[tuple[float, float]]
Scrapes = Mapping[tuple[str, ...], Collection[float]]
Increments = dict[tuple[float, float], float]


_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)


class NothingMeasuredError(HqError):
    """Prometheus has no counters from which the service could be judged."""


@dataclass(frozen=True)
class Objective:
    """What was promised of a service: success_rate or latency, and the ratio of requests that may break it."""

    name: str
    budget: float
    under: float | None = None


def objectives_of(service: Service) -> tuple[Objective, ...]:
    """The objectives of a service."""
    found = []
    if service.success_rate:
        found.append(Objective("success_rate", float(1 - service.success_rate.target)))
    if service.latency:
        found.append(Objective("latency", float(1 - service.latency.target), service.latency.under))
    return tuple(found)


def measured_sli(stack: Stack, target: str) -> tuple[Sli, str]:
    """The indicator by which a fault on `target` is judged, and where it is measured, in words.

    A fault at a service's own listener is judged there, since it is invisible behind it; users get the 429 that is
    injected there, so it counts as bad, which it does not in most indicators.
    """
    service = stack.service_of(target)
    if target in stack.pools:
        return sli_of(service), f"by the SLI of {service.name}"
    at_listener = sli_of(replace(service, sli=PresetSli("envoy", {})))
    return replace(at_listener, bad=_bad_at_listener(service)), f"at Envoy's listener in front of {service.name}"


def _bad_at_listener(service: Service) -> str:
    """Selects two counters at once: answers with 5xx, and requests that the listener limited."""
    prefix = service_prefix(service.name)
    return matching_each(
        "",
        {
            "__name__": "envoy_http_downstream_rq_xx|envoy_http_local_rate_limit_rate_limited",
            "envoy_http_conn_manager_prefix": f"{prefix}|",
            "envoy_response_code_class": "5|",
            "envoy_local_http_ratelimit_prefix": f"{prefix}|",
        },
    )


class Meter:
    """Reads the windows of one service's objectives; its methods raise PrometheusError and NothingMeasuredError."""

    def __init__(self, client: PrometheusClient, sli: Sli) -> None:
        self._client = client
        self.sli = sli
        self._bounds: dict[float, str] = {}

    def windows(self, objective: Objective, since: float, until: float) -> tuple[Window, ...]:
        """The windows from `since` to `until` (epoch seconds), oldest first."""
        if objective.under is None:
            return self._of_success(since, until)
        return self._of_latency(objective.under, since, until)

    def _of_success(self, since: float, until: float) -> tuple[Window, ...]:
        all_requests = self._series(self.sli.total, since, until)
        if self.sli.probed:
            return windows_of(*probes(all_requests))
        scrapes = scrapes_of(all_requests)
        total = increments(all_requests, scrapes)
        if self.sli.good is None:
            bad = increments(self._series(self.sli.bad or "", since, until), scrapes)
        else:
            good = increments(self._series(self.sli.good, since, until), scrapes)
            bad = _rest(total, good)
        return windows_of(total, bad)

    def _of_latency(self, under: float, since: float, until: float) -> tuple[Window, ...]:
        buckets = self.sli.buckets
        if buckets is None:
            raise NothingMeasuredError(f"{self.sli.service} has a latency objective and no histogram to measure it")
        bound = self._bound(buckets, under, until)
        all_requests = self._series(matching(buckets, "le", "=", "+Inf"), since, until)
        scrapes = scrapes_of(all_requests)
        total = increments(all_requests, scrapes)
        fast = increments(self._series(matching(buckets, "le", "=", bound), since, until), scrapes)
        return windows_of(total, _rest(total, fast))

    def _bound(self, buckets: str, under: float, at: float) -> str:
        """The `le` of the smallest bucket that holds every request within the objective, as it is written."""
        if under not in self._bounds:
            answer = self._client.instant(f"group by (le) ({buckets})", at)
            bounds = [sample.labels.get("le", "") for sample in answer.samples]
            finite = {float(le) * self.sli.bucket_unit: le for le in bounds if _NUMBER.fullmatch(le)}
            wide = [bound for bound in finite if bound >= under * (1 - 1e-9)]
            if not wide:
                raise NothingMeasuredError(
                    f"the latency histogram of {self.sli.service} has no bucket at or above "
                    f"{format_duration(under)}; add one at exactly that"
                )
            self._bounds[under] = finite[min(wide)]
        return self._bounds[under]

    def _series(self, selector: str, since: float, until: float) -> dict[Labels, Points]:
        answer = self._client.instant(f"{selector}[{ceil(until - since)}s]", until)
        if answer.warnings:
            raise NothingMeasuredError(f"Prometheus answers with a warning, so it may not be all: {answer.warnings[0]}")
        series: defaultdict[Labels, list[tuple[float, float]]] = defaultdict(list)
        for sample in answer.samples:
            if isfinite(sample.value):
                series[tuple(sorted(sample.labels.items()))].append((sample.at, sample.value))
        return {labels: sorted(points) for labels, points in series.items()}


def _rest(total: Increments, part: Increments) -> Increments:
    return {times: max(0.0, count - part.get(times, 0.0)) for times, count in total.items()}


def probes(series: Mapping[Labels, Points]) -> tuple[Increments, Increments]:
    """All probes between two samples of a gauge that is 1 after one that succeeded, and the bad ones among them."""
    total: defaultdict[tuple[float, float], float] = defaultdict(float)
    bad: defaultdict[tuple[float, float], float] = defaultdict(float)
    for points in series.values():
        for (start, _), (end, succeeded) in pairwise(points):
            total[start, end] += 1
            bad[start, end] += 1 - succeeded
    return dict(total), dict(bad)


def increments(series: Mapping[Labels, Points], scrapes: Scrapes) -> Increments:
    """How much counters grew between two of their samples, summed over the series with the same times.

    A counter that falls was restarted and counts from 0 (Prometheus' own rule). A series that is born while others of
    its instance are scraped already counts from 0 at the scrape before, which rate() would lose.
    """
    found: defaultdict[tuple[float, float], float] = defaultdict(float)
    for labels, points in series.items():
        earlier = [at for at in scrapes[_instance(labels)] if at < points[0][0]]
        birth = [(max(earlier), 0.0)] if earlier else []
        for (start, before), (end, after) in pairwise([*birth, *points]):
            found[start, end] += after - before if after >= before else after
    return dict(found)


def scrapes_of(series: Mapping[Labels, Points]) -> Scrapes:
    """When each instance was scraped."""
    scrapes: defaultdict[tuple[str, ...], set[float]] = defaultdict(set)
    for labels, points in series.items():
        scrapes[_instance(labels)].update(at for at, _ in points)
    return scrapes


def windows_of(total: Increments, bad: Increments) -> tuple[Window, ...]:
    """The increments as windows, those of several instances that overlap taken together."""
    found: list[Window] = []
    first_end = float("-inf")
    for (start, end), count in sorted(total.items()):
        window = Window(start, end, count, min(count, bad.get((start, end), 0.0)))
        if start < first_end:
            found[-1] = together((found[-1], window))
        else:
            found.append(window)
            first_end = end
    return tuple(found)


def _instance(labels: Labels) -> tuple[str, ...]:
    return tuple(value for name, value in labels if name in ("job", "instance"))
