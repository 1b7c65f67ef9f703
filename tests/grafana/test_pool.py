"""The pool dashboard asks for each member of the chosen pool, by what Envoy and the exporter call it."""

from __future__ import annotations

import re
from pathlib import Path

import promql_parser
import pytest

from grafana.dashboard import dashboard_data
from grafana.pool import pool
from stack.model import Stack
from stack.prefix import member_prefix, pool_prefix
from tests.grafana.linter.dashboard import Dashboard
from tests.grafana.stacks import NAMES, stack_named
from tests.grafana.test_service import exprs, panel, selectors
from tests.prometheus.stacks import stack_of

PER_MEMBER = ("Members now", "Up", "Ejected", "Errors of each", "Share of traffic", "p95 of each", "Throttled of each")
LABELS = (
    "envoy_http_conn_manager_prefix", "envoy_cluster_name", "envoy_local_http_ratelimit_prefix", "envoy_tcp_prefix",
)  # fmt: skip


def board(stack: Stack) -> Dashboard:
    return Dashboard("pool.json", dashboard_data(pool(stack)))


def with_members(count: int, directory: Path) -> Stack:
    return stack_of(
        f"""
services:
  shop: {{sli: {{preset: envoy}}, objectives: {{success_rate: {{target: 99%}}}}}}
pools:
  out: {{used_by: shop, listen: 127.0.0.1:10100, members: {count}, upstream: "http://127.0.0.1:8100"}}
""",
        directory,
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_promql_and_follows_the_pool(name: str, tmp_path: Path) -> None:
    dashboard = board(stack_named(name, tmp_path))
    for one in dashboard.panels:
        for expr in exprs(one, pool="out"):
            promql_parser.parse(expr)
            assert "out" in expr, (one.title, expr)


@pytest.mark.parametrize("title", PER_MEMBER)
def test_all_members_of_the_chosen_pool_are_asked_for_and_no_other(title: str, tmp_path: Path) -> None:
    for expr in exprs(panel(board(with_members(3, tmp_path)), title), pool="out"):
        for metric, asked in selectors(expr):
            if metric.startswith("pool_member_"):
                assert asked["pool", "="] == "out"
                continue
            (pattern,) = [asked[label, "=~"] for label in LABELS if (label, "=~") in asked]
            chosen = [member_prefix("out", number) for number in (0, 9, 63)]
            others = [member_prefix("out_1", 0), member_prefix("out-1", 0), pool_prefix("out"), "service_out_0"]
            assert [bool(re.fullmatch(pattern, one)) for one in chosen] == [True] * 3
            assert [bool(re.fullmatch(pattern, one)) for one in others] == [False] * 4


@pytest.mark.parametrize(("members", "padded"), [(1, False), (4, False), (10, False), (11, True), (40, True)])
def test_members_sort_by_their_numbers(members: int, padded: bool, tmp_path: Path) -> None:
    (up,) = exprs(panel(board(with_members(members, tmp_path)), "Up"))
    assert ('"member", "0$1", "member", "([0-9])"' in up) == padded


def test_timelines_have_room_for_the_largest_pool(tmp_path: Path) -> None:
    heights = [panel(board(with_members(count, tmp_path)), "Up").data["gridPos"]["h"] for count in (1, 4, 16, 40, 64)]
    assert heights == [6, 6, 13, 24, 24]


def test_a_stack_without_pools_says_so(tmp_path: Path) -> None:
    dashboard = board(stack_named("one service, nothing else", tmp_path))
    assert dashboard.panels[0].title == "No pools"
    assert "No pools" not in [one.title for one in board(stack_named("demo", tmp_path)).panels]


def test_words_and_colours_of_a_member(tmp_path: Path) -> None:
    dashboard = board(with_members(4, tmp_path))
    said = {}
    for title in ("Up", "Ejected"):
        (mapping,) = panel(dashboard, title).defaults["mappings"]
        said[title] = {value: (word["text"], word["color"]) for value, word in mapping["options"].items()}
    assert said == {
        "Up": {"1": ("up", "green"), "0": ("DOWN", "red")},
        "Ejected": {"0": ("in rotation", "green"), "1": ("EJECTED", "orange")},
    }


def test_an_exporter_that_is_not_scraped_is_a_row_that_says_so(tmp_path: Path) -> None:
    up = exprs(panel(board(with_members(4, tmp_path)), "Members now"))[0]
    assert '"member", "BLIND: the exporter is not scraped", "", ""' in up


def test_only_faults_of_the_pool_are_marked(tmp_path: Path) -> None:
    faults, alerts = board(with_members(4, tmp_path)).annotations
    assert (faults["target"]["expr"], faults["enable"]) == ('chaos_fault_active{chaos_target="$pool"} == 1', True)
    assert ('pool="$pool"' in alerts["target"]["expr"], alerts["enable"]) == (True, False)
