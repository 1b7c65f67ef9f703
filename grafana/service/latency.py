"""How long the requests of the chosen service take, as a heatmap of its own histogram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from grafana.chaos_targets import chosen
from grafana.panels import Panel, heatmap, text
from grafana.promql import labelled
from grafana.query import Query
from grafana.verbatim import verbatim
from prometheus.indicators import Family, families
from prometheus.slo import bucket_rates, narrowed
from stack.model import Stack

NAMED = 5
WINDOW = "$__rate_interval"


def latency(stack: Stack) -> Panel:
    """The heatmap; where no service of the stack has a histogram, a word on that."""
    found = tuple(map(_as_written, families(stack.services.values())))
    timed = [family for family in found if family.sli.buckets]
    if not timed:
        return text(
            "No latency histogram",
            "No service of the stack is counted in buckets of its latency.",
            "Nothing counts how long requests take: no service in `stack.yaml` has a histogram. Name one with "
            "`sli.latency`, or use a preset that has one, and run `dev-hq generate`.",
        )
    untimed = [name for family in found if not family.sli.buckets for name in family.services]
    return heatmap(
        "Latency",
        "How many requests took how long: the more a cell stands out, the more. One line is normal; a second one above "
        "it is a part of the requests that became slow, such as those through one pool. No data: no requests"
        f"{_without_histogram(untimed)}.",
        [Query(_buckets(timed), "{{le}}")],
        unit="s",
        width=24,
        height=9,
    )


def _as_written(family: Family) -> Family:
    return replace(family, sli=replace(family.sli, buckets=family.sli.buckets and verbatim(family.sli.buckets)))


def _buckets(timed: list[Family]) -> str:
    """The buckets of the service that was chosen, whichever family it is in, and of no other."""
    alone = [family for family in timed if family.sli.key is None]
    several = list(_of_one(timed))
    if alone:
        several.append(chosen(" or ".join(labelled(_rates(one), service=one.sli.service) for one in alone)))
    return f"sum by (le) ({' or '.join(several)})"


def _of_one(timed: list[Family]) -> Iterator[str]:
    """Of each family that one label tells apart, those of the chosen one, if it is in it."""
    for family in timed:
        sli = family.sli
        if sli.key:
            only = narrowed(sli, sli.key, "=", f"{sli.key_prefix}$service{sli.key_suffix}")
            yield _rates(Family(only, family.services))


def _rates(family: Family) -> str:
    return bucket_rates(family.sli, WINDOW) or ""


def _without_histogram(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"; nor is there any of {', '.join(names[:NAMED])}{more}, without a histogram"
