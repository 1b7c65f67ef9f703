"""Whether each member of each pool works, measured by asking it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from exporters.probe import Outcome, Probe, Question, probe
from stack.model import Pool

MEMBER = ["pool", "member"]

Probes = Mapping[tuple[str, str], Probe]


class PoolCollector:
    """Probes all members at every scrape, at once.

    A probe goes the way of every other request, so it meets the member's faults and counts in Envoy's counters.
    """

    name = "pool"

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self._pools = pools

    def collect(self, seconds: float) -> Iterable[Metric]:
        """Three families; a member that does not answer within `seconds` is down."""
        probes = asyncio.run(self._probe(seconds))
        up = GaugeMetricFamily("pool_member_up", "Whether the member's probe came back well.", labels=MEMBER)
        duration = GaugeMetricFamily("pool_member_probe_duration_seconds", "Duration of the probe.", labels=MEMBER)
        outcomes = GaugeMetricFamily(
            "pool_member_probe_outcome", "How the probe ended: 1 for its outcome.", labels=[*MEMBER, "outcome"]
        )
        for member, result in probes.items():
            up.add_metric(member, float(result.outcome is Outcome.OK))
            duration.add_metric(member, result.seconds)
            for outcome in Outcome:
                outcomes.add_metric([*member, outcome.value], float(result.outcome is outcome))
        return [up, duration, outcomes]

    async def _probe(self, seconds: float) -> Probes:
        members = [(pool, member) for pool in self._pools.values() for member in pool.members]
        results = await asyncio.gather(*(probe(member.listen, Question.of(pool), seconds) for pool, member in members))
        return {(pool.name, member.name): result for (pool, member), result in zip(members, results, strict=True)}
