"""What services got lately: requests, failures and latencies by the value of the label that tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING

from prometheus.convention import Convention, Matchers
from prometheus.discovery.exposure import Exposure
from prometheus.errors import PrometheusError
from prometheus.selector import matching_all
from stack.dataclass import dataclass
from stack.quantity import format_duration

if TYPE_CHECKING:
    from prometheus.answer import Sample
    from prometheus.client import PrometheusClient

DAY = 86400.0
_WINDOWS = (7 * DAY, DAY, 3600.0)  # a server that cannot add up the longest may do a shorter one
_USUAL_INTERVALS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True)
class Counts:
    """Numbers by what they are of, counted over `window` seconds; without a window, nobody could count them."""

    window: float | None
    by: Mapping[tuple[str, ...], float]

    @property
    def windows(self) -> tuple[float, ...]:
        """The window over which more of the same must be counted."""
        return (self.window,) if self.window else ()


@dataclass(frozen=True)
class Traffic:
    """All requests and the bad ones by service, those of the last hour; and the buckets, by service and bound (s)."""

    requests: Counts
    bad: Counts
    recent: Counts
    buckets: Counts

    def bounds(self, service: str) -> dict[float, float]:
        """How many requests of a service were at most so slow, by bound, the lowest first."""
        found = {float(bound): count for (name, bound), count in self.buckets.by.items() if name == service}
        return dict(sorted(found.items()))


def traffic_of(client: PrometheusClient, exposure: Exposure, selected: Matchers) -> Traffic:
    """The traffic of what is exposed, over as long as the server can add up; never raises for what it cannot."""
    convention = exposure.convention
    chosen = (*convention.always, *convention.told_by, *selected)
    total, labels = matching_all(convention.total, chosen), [exposure.key] if exposure.key else []
    counting = "increase" if convention.bad else "count_over_time"
    requests = _counts(client, lambda window: _sum(labels, counting, total, window), labels)
    recent = _counts(client, lambda window: _sum(labels, counting, total, window), labels, _WINDOWS[-1:])
    if convention.bad is None:
        good = _counts(client, lambda window: _sum(labels, "sum_over_time", total, window), labels, requests.windows)
        bad = Counts(good.window, {name: count - good.by.get(name, 0.0) for name, count in requests.by.items()})
    else:
        failed = matching_all(convention.total, (*chosen, convention.bad))
        bad = _counts(client, lambda window: _sum(labels, "increase", failed, window), labels, requests.windows)
    return Traffic(requests, bad, recent, _buckets(client, convention, selected, labels))


def _buckets(client: PrometheusClient, convention: Convention, selected: Matchers, labels: list[str]) -> Counts:
    """Without the labels that only the counter has, such as its status."""
    if convention.buckets is None:
        return Counts(None, {})
    buckets = matching_all(convention.buckets, (*convention.always, *selected))
    by = [*labels, "le"]
    counted = _counts(client, lambda window: _sum(by, "increase", buckets, window), by, _WINDOWS[1:])
    found: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for (*name, le), count in counted.by.items():
        try:
            found[(*(name or [""]), repr(round(float(le) * convention.bucket_unit, 9)))] += count
        except ValueError:
            continue  # a bound that is no number holds nothing
    return Counts(counted.window, dict(found))


def _sum(labels: list[str], function: str, series: str, window: float) -> str:
    return f"sum by ({', '.join(labels)}) ({function}({series}[{format_duration(window)}]))"


def _counts(
    client: PrometheusClient,
    query: Callable[[float], str],
    labels: list[str],
    windows: tuple[float, ...] = _WINDOWS,
) -> Counts:
    for window in windows:
        try:
            samples = client.instant(query(window)).samples
        except PrometheusError:
            continue
        return Counts(window, {_name(sample, labels): sample.value for sample in samples if isfinite(sample.value)})
    return Counts(None, {})


def _name(sample: Sample, labels: list[str]) -> tuple[str, ...]:
    return tuple(sample.labels.get(label, "") for label in labels) or ("",)


def scrape_interval(client: PrometheusClient, series: str) -> float | None:
    """How often `series` are scraped, in seconds, by the median of their samples' distances; None with too few."""
    times: defaultdict[tuple[tuple[str, str], ...], list[float]] = defaultdict(list)
    for sample in client.instant(f"{series}[10m]").samples:
        times[tuple(sorted(sample.labels.items()))].append(sample.at)
    gaps = [
        after - before for one in times.values() for before, after in zip(sorted(one), sorted(one)[1:], strict=False)
    ]
    if not gaps:
        return None
    found = median(gaps)
    near = min(_USUAL_INTERVALS, key=lambda usual: abs(usual - found))
    return near if abs(near - found) <= 0.1 * near else max(0.1, round(found, 1))
