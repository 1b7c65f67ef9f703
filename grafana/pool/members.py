"""Each member of the pool: how it is now, and what it went through."""

from __future__ import annotations

from grafana.colours import BY_SEVERITY, CALM, LIMIT, UNKNOWN, Word
from grafana.columns import Column
from grafana.limit_steps import limit_steps
from grafana.panels import Panel, state_timeline, table, timeseries
from grafana.pool.promql import Members, rows_high
from grafana.promql import first, labelled, number
from grafana.query import Query, Style
from stack.model import Stack

NOT_SCRAPED = -1.0
COLOURED, FILLED = "color-text", "color-background"

UP = (Word(1, "up", CALM), Word(0, "DOWN", BY_SEVERITY["high"]))
EJECTED = (Word(0, "in rotation", CALM), Word(1, "EJECTED", BY_SEVERITY["medium"]))
OUTCOMES = (
    Word("ok", "ok", CALM),
    Word("throttled", "throttled", BY_SEVERITY["medium"]),
    *(
        Word(outcome, outcome.replace("_", " "), BY_SEVERITY["high"])
        for outcome in ("http_error", "malformed", "timeout", "refused", "reset", "unreachable")
    ),
)


def members(stack: Stack) -> list[Panel]:
    """The table, then timelines with a row for each member, then lines."""
    of = Members.of(stack)
    high = rows_high(stack)
    return [_now(stack, of, high + 2), _up(of, high), _ejected(of, high), _failing(stack, of, high), *_lines(of)]


def _now(stack: Stack, of: Members, height: int) -> Panel:
    unseen = labelled(number(NOT_SCRAPED), member="BLIND: the exporter is not scraped")
    return table(
        "Members now",
        "One row for each member: its last probe, whether Envoy sends requests to it, and what it makes of them. Up, "
        "in rotation and 1 time its even share is normal. One that fails and is not ejected spoils requests: take it "
        "out. A dash: no requests, or a tunnel, of which only connections are known.",
        [
            Query(first(of.up, unseen)),
            Query(of.outcome()),
            Query(of.probed("pool_member_probe_duration_seconds")),
            Query(of.ejected),
            Query(of.traffic),
            Query(f"{of.share} * on () group_left () count({of.traffic})"),
            Query(of.errors),
            Query(of.throttled),
            Query(of.p95),
        ],
        [
            Column("member", "Member"),
            Column("A", "Up", words=(*UP, Word(NOT_SCRAPED, "unknown", UNKNOWN)), cell=FILLED),
            Column("outcome", "Probe", words=OUTCOMES, cell=COLOURED),
            Column("C", "Probe took", "s", 3),
            Column("D", "Ejected", words=EJECTED, cell=FILLED),
            Column("E", "Rate", "reqps", 1),
            Column("F", "Of an even share", "none", 2),
            Column("G", "Errors", "percentunit", 2, limit_steps(stack, "upstream_failure"), cell=COLOURED),
            Column("H", "Throttled", "percentunit", 2, limit_steps(stack, "rate_limit_storm"), cell=COLOURED),
            Column("I", "p95", "s", 3),
        ],
        sort_by="Errors",
        height=height,
    )


def _up(of: Members, height: int) -> Panel:
    return _timeline(
        "Up",
        "How the exporter's probe through each member ended. Up is normal; steps from row to row are a wave. Down and "
        "not ejected: no requests came that could show it. A gap: the exporter was not scraped.",
        of.up,
        UP,
        height,
    )


def _ejected(of: Members, height: int) -> Panel:
    return _timeline(
        "Ejected",
        "When Envoy had taken each member out of rotation, because five requests in a row had failed. In rotation is "
        "normal; in and out again: it is still broken when it comes back. A gap: Envoy did not say.",
        of.ejected,
        EJECTED,
        height,
    )


def _timeline(title: str, description: str, expr: str, words: tuple[Word, ...], height: int) -> Panel:
    return state_timeline(
        title,
        description,
        [Query(expr, "member {{member}}")],
        unit="none",
        steps=(),
        words=words,
        width=8,
        height=height,
    )


def _failing(stack: Stack, of: Members, height: int) -> Panel:
    return state_timeline(
        "Errors of each",
        "The share of the requests through each member that were answered with 5xx or given up. Green is normal; else "
        "the member fails, in the colour that the whole pool would have. A gap: no requests, or a tunnel.",
        [Query(of.errors, "member {{member}}")],
        unit="percentunit",
        steps=limit_steps(stack, "upstream_failure"),
        decimals=1,
        width=8,
        height=height,
    )


def _lines(of: Members) -> list[Panel]:
    even = Query(f"1 / count({of.traffic})", "even share", Style(LIMIT, dashed=True, width=1))
    shares = [Query(of.share, "member {{member}}"), even]
    return [
        _of_each(
            "Share of traffic",
            "The share of the pool's requests (of a tunnel: connections) that went through each member, probes of the "
            "exporter among them. All at the dashed line, the even share, is normal; near 0 a member is ejected.",
            shares,
            "percentunit",
        ),
        _of_each(
            "p95 of each",
            "The 95th percentile of the time that requests through each member take. Close together is normal; one far "
            "above the others is a slow member: take it out. No data: no requests, or a tunnel.",
            [Query(of.p95, "member {{member}}")],
            "s",
        ),
        _of_each(
            "Throttled of each",
            "The share of the requests through each member that were answered 429. None is normal; one member alone is "
            "its own limit, all together are the vendor's. No data: no requests, or a tunnel.",
            [Query(of.throttled, "member {{member}}")],
            "percentunit",
        ),
        _of_each(
            "Probe duration of each",
            "How long the exporter's probe through each member took, or its failure. Close together and steady is "
            "normal; what is slow here is slow without load. No data: the exporter is not scraped.",
            [Query(of.probed("pool_member_probe_duration_seconds"), "member {{member}}")],
            "s",
        ),
    ]


def _of_each(title: str, description: str, queries: list[Query], unit: str) -> Panel:
    return timeseries(title, description, queries, unit=unit, minimum=0, width=12, height=9)
