"""What is recorded of how full things are: of a service the fullest it shows, of a pool its requests at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from prometheus.rule import Recording
from prometheus.selector import selector
from stack.model import Capacity, Pool, Service
from stack.prefix import pool_prefix

RECORD = "service:saturation:ratio"
_FILES = "service:file_descriptors:ratio"


def service_saturation(services: Iterable[Service]) -> Iterator[Recording]:
    """The fullest of what each service shows: its file descriptors, and what stack.yaml names."""
    declared = {service.name: service.saturation for service in services if service.saturation}
    others = f'{{service!~"{"|".join(declared)}"}}' if declared else ""
    yield Recording(RECORD, f"{_FILES}{others}")
    for name, capacity in declared.items():
        yield Recording(RECORD, f'max({_use(capacity)} or {_FILES}{{service="{name}"}})', {"service": name})


def _use(capacity: Capacity) -> str:
    """Of the fullest instance; series of one instance, such as states or queues, are added up.

    A gauge that says NaN, such as one of a pool that its process has closed, counts as one that says nothing.
    """
    used = f"sum by (job, instance) (({capacity.used} >= 0) < Inf)"
    if isinstance(capacity.limit, Decimal):
        return f"max({used}) / {capacity.limit}"
    return f"max({used} / sum by (job, instance) ({capacity.limit} > 0))"


def pool_saturation(pool: Pool) -> Recording:
    """Requests at once, of what Envoy lets through at once, in proportion to the members that are in rotation.

    None while there is none in rotation: that is a failure, not a lack of room.
    """
    cluster = {"envoy_cluster_name": pool_prefix(pool.name)}

    def of(metric: str) -> str:
        return f"max({selector(f'envoy_cluster_{metric}', cluster)})"

    in_rotation = f"({of('membership_healthy')} > 0) / {of('membership_total')}"
    return Recording(
        "pool:saturation:ratio",
        f"{of('upstream_rq_active')} / ({pool.max_requests} * {in_rotation})",
        {"service": pool.used_by, "pool": pool.name},
    )
