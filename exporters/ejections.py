"""Which members of the pools Envoy has taken out of rotation: its Prometheus series do not say it of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from exporters.admin import asked
from exporters.pool import MEMBER
from stack.address import Address
from stack.errors import HqError
from stack.model import Pool
from stack.prefix import pool_prefix

_PATH = f"/clusters?format=json&filter=%5E{pool_prefix('')}"

Json = dict[str, Any]


class EjectionCollector:
    """Asks Envoy's admin interface at every scrape; of a stack without pools it asks nothing."""

    name = "ejections"

    def __init__(self, pools: Mapping[str, Pool], admin: Address) -> None:
        self._pools = pools
        self._admin = admin

    def collect(self, seconds: float) -> Iterable[Metric]:
        """One family, without the members that Envoy does not know; raises HqError when it does not answer well."""
        ejected = GaugeMetricFamily(
            "pool_member_ejected", "Whether Envoy has taken the member out of rotation.", labels=MEMBER
        )
        if self._pools:
            statuses = self._statuses(asyncio.run(asked(self._admin, _PATH, seconds)))
            found = {of: out for pool in self._pools.values() for of, out in _members(pool, statuses)}
            if not found:
                raise HqError(f"Envoy at {self._admin} has none of the members of this stack; was it started from it?")
            for member, is_out in found.items():
                ejected.add_metric(member, float(is_out))
        return [ejected]

    def _statuses(self, body: bytes) -> dict[str, dict[int, bool]]:
        """Of each cluster, whether the host at a port is ejected."""
        try:
            clusters: list[Json] = json.loads(body)["cluster_statuses"]
            return {cluster["name"]: dict(map(_host, cluster.get("host_statuses", []))) for cluster in clusters}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise HqError(f"what answers at {self._admin} does not describe clusters as Envoy does") from None


def _members(pool: Pool, statuses: Mapping[str, Mapping[int, bool]]) -> Iterator[tuple[tuple[str, str], bool]]:
    """Told by their ports: all members of a pool listen on Envoy's own machine, whatever it is called here."""
    hosts = statuses.get(pool_prefix(pool.name), {})
    for member in pool.members:
        if member.listen.port in hosts:
            yield (pool.name, member.name), hosts[member.listen.port]


def _host(status: Json) -> tuple[int, bool]:
    port = status["address"]["socket_address"]["port_value"]
    return int(port), status.get("health_status", {}).get("failed_outlier_check", False) is True
