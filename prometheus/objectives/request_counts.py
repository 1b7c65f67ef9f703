"""The requests of every objective, counted: the only thing that budgets and burn rates are made of.

A share of bad requests over any window is a sum of bad ones over a sum of all, so that a busy hour weighs more than an
idle one. Sums come from two records of the same counts: those of the last five minutes, as often as there are new ones,
for windows of up to an hour; and tiles, side by side, for the long ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from prometheus.indicators import families
from prometheus.recording.recordings import of_each
from prometheus.rule import Recording
from prometheus.selector import matchers, name_of
from prometheus.slo import Sli, errors, narrowed, requests, slow, timed, told_by
from stack.model import Service, Stack
from stack.quantity import format_duration

FIVE_MINUTES = 300.0
REQUESTS, BAD = "slo:requests:increase5m", "slo:bad:increase5m"
UNTOLD = "slo:untold:increase5m"
REQUEST_TILES, BAD_TILES = "slo:requests:tile5m", "slo:bad:tile5m"

TILE_EVALUATIONS = 20


def tile_interval(stack: Stack) -> float:
    """How many seconds there are from one tile to the next: five minutes, or less in a stack that is in a hurry."""
    return min(FIVE_MINUTES, TILE_EVALUATIONS * stack.prometheus.evaluation_interval)


def request_counts(stack: Stack) -> Iterator[Recording]:
    """slo:requests:increase5m and slo:bad:increase5m of every objective; one rule each for all families of services.

    Bad is 0 as long as requests are counted. Neither has a value for a histogram without the objective's bucket.
    slo:untold:increase5m is there only where the counters cannot tell which requests were bad.
    """
    services = list(stack.services.values())
    yield from _of_success([one for one in services if one.success_rate])
    yield from _of_latency([one for one in services if one.latency])


def _of_success(services: list[Service]) -> Iterator[Recording]:
    found, labels = list(families(services)), {"slo": "success_rate"}
    yield from of_each(REQUESTS, found, lambda sli: requests(sli, "increase", FIVE_MINUTES), labels)
    yield from of_each(BAD, found, lambda sli: errors(sli, "increase", FIVE_MINUTES), labels)
    yield from of_each(UNTOLD, found, _untold, labels)


def _untold(sli: Sli) -> str | None:
    """The requests without the label that tells the bad ones from the rest, and those of which there cannot be so many.

    Without the label all look good. Two counters may count different things: then there are more bad (or good) requests
    than requests, and no share can be made of them. A little more is chance, for they are not scraped at once.
    """
    label, found = told_by(sli), []
    if label is not None:
        found.append(f"{requests(narrowed(sli, label, '=', ''), 'increase', FIVE_MINUTES)} > 0")
    if not _counts_among_all(sli):
        part = requests(replace(sli, total=sli.bad or sli.good or ""), "increase", FIVE_MINUTES)
        total = requests(sli, "increase", FIVE_MINUTES)
        found.append(f"{part} - {total} > 0.01 * {total} + 1")
    return "\nor ".join(found) or None


def _counts_among_all(sli: Sli) -> bool:
    """Whether the bad (or the good) requests are selected among those of the counter of all."""
    part = sli.bad or sli.good or ""
    return name_of(part) == name_of(sli.total) and set(matchers(sli.total)) <= set(matchers(part))


def _of_latency(services: list[Service]) -> Iterator[Recording]:
    bounds: dict[float, list[Service]] = {}
    for service in services:
        if service.latency:
            bounds.setdefault(service.latency.under, []).append(service)
    found = [(family, under) for under, alike in bounds.items() for family in families(alike)]
    bound_of = {family.sli.service: under for family, under in found}

    def measured(sli: Sli) -> str:
        return timed(sli, bound_of[sli.service], "increase", FIVE_MINUTES)

    def too_slow(sli: Sli) -> str:
        return slow(sli, bound_of[sli.service], "increase", FIVE_MINUTES)

    every, labels = [family for family, _ in found], {"slo": "latency"}
    yield from of_each(REQUESTS, every, measured, labels)
    yield from of_each(BAD, every, too_slow, labels)


def tiles(stack: Stack) -> Iterator[Recording]:
    """The same counts, one for every five minutes (tile_interval), which add up to the requests of any long window.

    None comes before the last one is nearly so old, whoever evaluates them how often: promtool knows no intervals.
    """
    age = format_duration(0.95 * tile_interval(stack))
    for count, tile in ((f"({REQUESTS} and {BAD})", REQUEST_TILES), (BAD, BAD_TILES)):
        yield Recording(tile, f"{count} unless count_over_time({tile}[{age}])")


def counted(tile: str, window: float, every: float, matchers: str = "") -> str:
    """PromQL: how many requests `tile` has counted in `window` seconds, of tiles that come `every` so many seconds.

    Tiles that overlap count each request several times.
    """
    total = f"sum_over_time({tile}{matchers}[{format_duration(window)}])"
    return total if every == FIVE_MINUTES else f"{every / FIVE_MINUTES:.6g} * {total}"
