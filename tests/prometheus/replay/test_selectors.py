"""Which series an expression reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.replay.selectors import is_within, raw_selectors, selectors
from prometheus.rules import rule_files
from prometheus.selector import quoted
from tests.prometheus.stacks import demo_stack


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up", ["up"]),
        ('sum by (a, b) (rate(x{c="}(", d=~\'a"b\'}[5m] offset 1h))', ['x{c="}(", d=~\'a"b\'}']),
        ("y / on (k) group_left (m) z > bool 1e3 and sum(v) without (q)", ["y", "z", "v"]),
        ("max_over_time(w[1h]) or {__name__=~\"a|b\"} # foo{a='b'}", ["w", '{__name__=~"a|b"}']),
        ("time() - p:q{} == Inf", ["p:q{}"]),
        ('label_replace(up, "service", "$1", "job", "(.*)")', ["up"]),
        ('count_values("version", build)', ["build"]),
        ("topk(5, sum by (job)(rate(r[1m])))", ["r"]),
        ("sum (foo) + -bar{x=`y`}", ["foo", "bar{x=`y`}"]),
        ("on_call and bytes or order", ["on_call", "bytes", "order"]),
        ("", []),
    ],
)
def test_selectors_of_an_expression(expr: str, expected: list[str]) -> None:
    assert list(selectors(expr)) == expected


@given(st.text(max_size=20))
def test_no_value_leaves_its_quotes(value: str) -> None:
    selector = f"x{{a={quoted(value)}}}"
    assert list(selectors(f"sum(rate({selector}[5m])) by (b) / y")) == [selector, "y"]


def test_what_rules_record_is_not_raw_and_a_wider_selector_is_enough() -> None:
    expressions = ['a{x="1"} / b', 'a{x="1",y="2"}', 'a{x="1", z=~"3"}', 'c{x="1"}', "ALERTS", 'a{x="1"}']
    assert raw_selectors(expressions, {"b"}) == ('a{x="1"}', 'c{x="1"}')


def test_within() -> None:
    assert is_within('a{x="1",y="2"}', ['a{x="1"}'])
    assert not is_within('a{x="1"}', ['a{x="1",y="2"}', "b"])


def test_the_shipped_rules_read_no_function_and_no_keyword() -> None:
    rules = [rule for file in rule_files(demo_stack()) for group in file.groups for rule in group.rules]
    recorded = {name for rule in rules if (name := getattr(rule, "record", None))}
    names = {selector.partition("{")[0] for selector in raw_selectors((rule.expr for rule in rules), recorded)}
    assert {"http_requests_total", "up", "chaos_fault_active"} <= names
    assert not names & {"sum", "rate", "vector", "by", "on", "or", "and", "unless", "service", "pool", "le", "time"}
