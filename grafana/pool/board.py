"""One pool: how it is seen from its front, and each of its members."""

from __future__ import annotations

from grafana.annotations import alerts, faults
from grafana.dashboard import Board
from grafana.layout import Section
from grafana.panels import Panel, text
from grafana.pool.front import front
from grafana.pool.members import members
from grafana.pool.promql import POOL
from grafana.pool.status import status
from grafana.variables import data_source, label_values
from stack.model import Stack

UID = "dev-hq-pool"


def pool(stack: Stack) -> Board:
    """The pool dashboard; of a stack without pools it says so first."""
    return Board(
        UID,
        "Pool",
        "One pool of proxies: what its service gets from it, and which of its members are down, slow or ejected. "
        "Grey with BLIND or no data means that nobody knows; only what is known to be well is green.",
        [
            Section("", [*_without_pools(stack), *status(stack)]),
            Section("Members", members(stack)),
            Section("Front", front()),
        ],
        [data_source(), label_values("pool", "Pool", "pool_member_up", "pool", several=False)],
        [faults('chaos_target="$pool"'), alerts(POOL)],
    )


def _without_pools(stack: Stack) -> list[Panel]:
    if stack.pools:
        return []
    return [
        text(
            "No pools",
            "No service of the stack goes out through a pool, so there is nothing to show.",
            "`stack.yaml` names no `pools`: nothing goes out through proxies that dev-hq knows of, and all below stays "
            "empty.",
        )
    ]
