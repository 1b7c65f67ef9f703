"""What services got lately: requests, failures and latencies by the value of the label that tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
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
_PATIENCE = 20.0  # seconds for one answer
_USUAL_INTERVALS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True)
class Counts:
    """Numbers by what they are of, counted over `window` seconds; without a window, nobody could count them."""

    window: float | None
    by: Mapping[tuple[str, ...], float]


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


class Accountant:
    """Adds up what a server has, over as long as it can; a window that was too long for it once is not tried again."""

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client.hurried(_PATIENCE)
        self._windows = list(_WINDOWS)

    def traffic(self, exposure: Exposure, selected: Matchers) -> Traffic:
        """The traffic of what is exposed; never raises for what cannot be counted."""
        convention = exposure.convention
        chosen = (*convention.always, *convention.told_by, *selected)
        total, labels = matching_all(convention.total, chosen), [exposure.key] if exposure.key else []
        counting = "increase" if convention.bad else "count_over_time"
        requests = self._counts(counting, total, labels)
        recent = self._counts(counting, total, labels, _WINDOWS[-1:])
        same = (requests.window,) if requests.window else ()
        if convention.bad is None:
            good = self._counts("sum_over_time", total, labels, same)
            bad = Counts(good.window, {name: count - good.by.get(name, 0.0) for name, count in requests.by.items()})
        else:
            bad = self._counts(counting, matching_all(convention.total, (*chosen, convention.bad)), labels, same)
        return Traffic(requests, bad, recent, self._buckets(convention, selected, labels))

    def _buckets(self, convention: Convention, selected: Matchers, labels: list[str]) -> Counts:
        """Without the labels that only the counter has, such as its status."""
        if convention.buckets is None:
            return Counts(None, {})
        buckets = matching_all(convention.buckets, (*convention.always, *selected))
        counted = self._counts("increase", buckets, [*labels, "le"], _WINDOWS[1:])
        found: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for (*name, le), count in counted.by.items():
            with suppress(ValueError):  # a bound that is no number holds nothing
                found[(*(name or [""]), repr(round(float(le) * convention.bucket_unit, 9)))] += count
        return Counts(counted.window, dict(found))

    def _counts(self, function: str, series: str, labels: list[str], windows: tuple[float, ...] = _WINDOWS) -> Counts:
        """What was counted over the longest of the windows that the server can add up."""
        for window in [window for window in windows if window in self._windows]:
            query = f"sum by ({', '.join(labels)}) ({function}({series}[{format_duration(window)}]))"
            try:
                samples = self._client.instant(query).samples
            except PrometheusError:
                self._windows.remove(window)
                continue
            return Counts(window, {_name(sample, labels): sample.value for sample in samples if isfinite(sample.value)})
        return Counts(None, {})


def _name(sample: Sample, labels: list[str]) -> tuple[str, ...]:
    return tuple(sample.labels.get(label, "") for label in labels) or ("",)


def scrape_interval(client: PrometheusClient, series: str) -> float | None:
    """How often `series` are scraped, in seconds, by the median of their samples' distances; None where none says."""
    times: defaultdict[tuple[tuple[str, str], ...], list[float]] = defaultdict(list)
    try:
        samples = client.instant(f"{series}[10m]").samples
    except PrometheusError:
        return None
    for sample in samples:
        times[tuple(sorted(sample.labels.items()))].append(sample.at)
    gaps = [
        after - before for one in times.values() for before, after in zip(sorted(one), sorted(one)[1:], strict=False)
    ]
    if not gaps:
        return None
    found = median(gaps)
    near = min(_USUAL_INTERVALS, key=lambda usual: abs(usual - found))
    return near if abs(near - found) <= 0.1 * near else max(0.1, round(found, 1))
