"""The pools that the service goes out through, one row each."""

from __future__ import annotations

from grafana.colours import ALL_STEPS, SCORE_STEPS, UNKNOWN, Word
from grafana.columns import Column
from grafana.limit_steps import limit_steps, nearness_steps
from grafana.panels import Panel, link, table
from grafana.promql import first, labelled
from grafana.query import Query
from grafana.service.promql import SERVICE
from stack.model import Stack

OF_POOL = "/d/dev-hq-pool?var-pool=${__data.fields.pool}&${__url_time_range}"

COLOURED = "color-text"

_NOTHING = -1.0


def pools(stack: Stack) -> Panel:
    """The table."""
    healthy = f"max by (pool) (pool:members:healthy{{{SERVICE}}})"
    return table(
        "Its pools",
        "The pools that the service goes out through; a name opens its dashboard. All in rotation and no errors is "
        "normal; else open the pool and see which member fails. No data: nothing is recorded of them.",
        [
            Query(first(f'max by (pool) (anomaly:score{{{SERVICE}, pool!=""}})', _why_none(stack))),
            Query(f"max by (pool) (pool:requests:rate1m{{{SERVICE}}})"),
            Query(f"max by (pool) (pool:errors:ratio_rate1m{{{SERVICE}}})"),
            Query(f"max by (pool) (pool:throttled:ratio_rate1m{{{SERVICE}}})"),
            Query(f"max by (pool) (pool:latency:p95_1m{{{SERVICE}}})"),
            Query(f"max by (pool) (pool:saturation:ratio{{{SERVICE}}})"),
            Query(healthy),
            Query(f"{healthy} / on (pool) {_members()}"),
        ],
        [
            Column("pool", "Pool", links=(link("The pool", OF_POOL),)),
            Column("A", "Score", "none", 1, SCORE_STEPS, (Word(_NOTHING, "\N{EN DASH}", UNKNOWN),), COLOURED),
            Column("B", "Rate", "reqps", 1),
            Column("C", "Errors", "percentunit", 2, limit_steps(stack, "upstream_failure"), cell=COLOURED),
            Column("D", "Throttled", "percentunit", 2, limit_steps(stack, "rate_limit_storm"), cell=COLOURED),
            Column("E", "p95", "s", 3),
            Column("F", "Saturation", "percentunit", 1, nearness_steps(stack, "saturation"), cell=COLOURED),
            Column("G", "Healthy", "none", 0),
            Column("H", "In rotation", "percentunit", 0, ALL_STEPS, cell=COLOURED),
        ],
        sort_by="Score",
        height=6,
    )


def _members() -> str:
    """How many members each pool has."""
    return "count by (pool) (max by (pool, member) (pool_member_up))"


def _why_none(stack: Stack) -> str:
    """One row in place of pools: nothing is known of them, or the service uses none."""
    row = labelled(f"vector({_NOTHING:g})", service="$service", pool="no data")
    using = {pool.used_by for pool in stack.pools.values()}
    if without := "|".join(name for name in stack.services if name not in using):
        row = f'label_replace({row}, "pool", "uses none", "service", "{without}")'
    return f"sum by (pool) ({row})"
