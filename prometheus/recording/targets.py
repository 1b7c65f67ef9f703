"""What is recorded of a service's scrape targets: lost ones, those that come and go, new ones, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus.indicators import Family
from prometheus.rule import Recording
from prometheus.selector import matching
from prometheus.slo import Sli


class Aggregate(Protocol):
    """PromQL: a vector, aggregated over the targets of each service."""

    def __call__(self, function: str, vector: str) -> str: ...


OfTargets = Callable[[Callable[[str], str], Aggregate], str]
"""Writes PromQL from what selects the targets' series of a metric, and from what aggregates over targets."""

YOUNG = 120
MOST_RESTARTS = 3


def targets(found: tuple[Family, ...]) -> Iterator[Recording]:
    """What the scrape job of each service shows, where it has one; several services that share a job share its fate."""
    yield from _of_jobs("service:targets_lost:ratio_1m", found, _lost)
    yield from _of_jobs("service:flaps:changes10m", found, _flaps)
    yield from _of_jobs("service:restarted:bool", found, _restarted)
    yield from _of_jobs("service:file_descriptors:ratio", found, _file_descriptors)


def has_targets(sli: Sli) -> bool:
    """Whether it is known which targets a service, or each service of a family, is scraped from."""
    return sli.key == "job" or sli.job is not None


def _of_jobs(record: str, found: tuple[Family, ...], write: OfTargets) -> Iterator[Recording]:
    """One rule for all families together, and one for each service by itself whose job is known."""
    shared = []
    for family in found:
        sli = family.sli
        if sli.key == "job":
            each = write(_series_in("=~", "|".join(family.services)), _by_job)
            shared.append(f'sum by (service) (label_replace({each}, "service", "$1", "job", "(.*)"))')
        elif sli.key and sli.job:
            shared.append(_for_each(family.services, write(_series_in("=", sli.job), _over_all)))
        elif sli.job:
            yield Recording(record, write(_series_in("=", sli.job), _over_all), {"service": sli.service})
    if shared:
        yield Recording(record, "\nor ".join(shared))


def _series_in(operator: str, jobs: str) -> Callable[[str], str]:
    return lambda metric: matching(metric, "job", operator, jobs)


def _for_each(services: tuple[str, ...], of_job: str) -> str:
    """What is asked once of the job that a family shares, for each of its services that had requests in the past hour.

    Asked once for each service, a thousand of them behind a thousand proxies would be a million series.
    """
    known = matching("service:requests:rate1m", "service", "=~", "|".join(services))
    return f"0 * last_over_time({known}[1h]) + on () group_left () ({of_job})"


def _by_job(function: str, vector: str) -> str:
    return f"{function} by (job) ({vector})"


def _over_all(function: str, vector: str) -> str:
    return f"{function}({vector})"


def _lost(of: Callable[[str], str], over: Aggregate) -> str:
    """A target that has been scraped for less than a minute is starting, not lost; one that answers again is back."""
    up = of("up")
    return "1 - " + over("avg", f"({up} == 1 or avg_over_time({up}[1m])) and {up} offset 1m")


def _flaps(of: Callable[[str], str], over: Aggregate) -> str:
    """Of the worst target: in a rolling deploy each changes a little, and together they would be many."""
    restarts = f'label_replace(changes({of("process_start_time_seconds")}[10m]), "of", "restarts", "instance", ".*")'
    return over("max", f"changes({of('up')}[10m]) or {restarts}")


def _restarted(of: Callable[[str], str], over: Aggregate) -> str:
    """1 while at least half of the targets are young; what restarts again and again is no longer excused by it.

    Nor is a target that says it starts in the future: its clock is wrong, and it would be young for ever.
    """
    started = of("process_start_time_seconds")
    young = over("avg", f"abs(time() - {started}) < bool {YOUNG}")
    again = over("max", f"changes({started}[10m])")
    return f"({young} >= bool 0.5) * ({again} < bool {MOST_RESTARTS})"


def _file_descriptors(of: Callable[[str], str], over: Aggregate) -> str:
    return over("max", f"{of('process_open_fds')} / ({of('process_max_fds')} > 0)")
