"""What is recorded of a service's scrape targets: lost ones, those that come and go, new ones, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus.indicators import Family
from prometheus.rule import Recording
from prometheus.selector import matching
from prometheus.slo import Sli


class Worst(Protocol):
    """PromQL: an aggregation of a vector over the targets of each service."""

    def __call__(self, function: str, vector: str) -> str: ...


OfTargets = Callable[[Callable[[str], str], Worst], str]
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
    """One rule for all services that are a job each, and one for each other service whose job is known."""
    by_job = []
    for family in found:
        if family.sli.key == "job":
            jobs = "|".join(family.services)
            each = write(lambda metric, jobs=jobs: matching(metric, "job", "=~", jobs), _by_job)  # type: ignore[misc]
            by_job.append(f'sum by (service) (label_replace({each}, "service", "$1", "job", "(.*)"))')
        elif family.sli.job:
            job = family.sli.job
            of_one = write(lambda metric, job=job: matching(metric, "job", "=", job), _over_all)  # type: ignore[misc]
            for service in family.services:
                yield Recording(record, of_one, {"service": service})
    if by_job:
        yield Recording(record, "\nor ".join(by_job))


def _by_job(function: str, vector: str) -> str:
    return f"{function} by (job) ({vector})"


def _over_all(function: str, vector: str) -> str:
    return f"{function}({vector})"


def _lost(of: Callable[[str], str], over: Worst) -> str:
    """A target that has been scraped for less than a minute is starting, not lost."""
    up = of("up")
    return "1 - " + over("avg", f"avg_over_time({up}[1m]) and {up} offset 1m")


def _flaps(of: Callable[[str], str], over: Worst) -> str:
    """Of the worst target: in a rolling deploy each changes a little, and together they would be many."""
    restarts = f'label_replace(changes({of("process_start_time_seconds")}[10m]), "of", "restarts", "instance", ".*")'
    return over("max", f"changes({of('up')}[10m]) or {restarts}")


def _restarted(of: Callable[[str], str], over: Worst) -> str:
    """1 while at least half of the targets are young; what restarts again and again is no longer excused by it."""
    started = of("process_start_time_seconds")
    young = over("avg", f"time() - {started} < bool {YOUNG}")
    again = over("max", f"changes({started}[10m])")
    return f"({young} >= bool 0.5) * ({again} < bool {MOST_RESTARTS})"


def _file_descriptors(of: Callable[[str], str], over: Worst) -> str:
    return over("max", f"{of('process_open_fds')} / ({of('process_max_fds')} > 0)")
