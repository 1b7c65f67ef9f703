"""No value leaves its quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.selector import equal_value, matching, matching_each, quoted, selector
from stack.errors import HqError
from stack.selector import is_selector

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTILE = '"} or vector(1) or up{x="'


def read_string(text: str) -> tuple[str, str]:
    """The value of the PromQL string that `text` starts with, by the rules of Go, and what comes after it."""
    assert text[0] == '"'
    value, position = "", 1
    while text[position] != '"':
        assert text[position] != "\n"
        if text[position] == "\\":
            position += 1
            value += {"n": "\n", '"': '"', "\\": "\\"}[text[position]]
        else:
            value += text[position]
        position += 1
    return value, text[position + 1 :]


@given(TEXT)
def test_a_quoted_value_is_read_back_as_it_was(value: str) -> None:
    assert read_string(quoted(value)) == (value, "")


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), TEXT, min_size=1, max_size=4))
def test_a_selector_is_its_metric_and_its_matchers_and_nothing_else(labels: dict[str, str]) -> None:
    text = selector("http_requests_total", labels)
    assert is_selector(text)
    rest = text.removeprefix("http_requests_total{")
    for label, value in labels.items():
        assert rest.startswith(f"{label}=")
        found, rest = read_string(rest.removeprefix(f"{label}="))
        assert found == value
        assert equal_value(text, label) == value
        rest = rest.removeprefix(",")
    assert rest == "}"


@given(TEXT, TEXT)
def test_a_further_matcher_stands_within_the_braces(first: str, second: str) -> None:
    text = matching(selector("m", {"a": first}), "b", "=~", second)
    assert text == f"m{{a={quoted(first)},b=~{quoted(second)}}}"
    assert is_selector(text)


def test_matchers_are_added_to_every_way_of_writing_a_selector() -> None:
    for text in ("m", "m{}", "m{ }", "m{  } "):
        assert matching(text, "a", "=", "1") == 'm{a="1"}', text
    assert matching('m{b="}"}', "a", "=", "1") == 'm{b="}",a="1"}'
    assert matching('m{b="x" , } ', "a", "=", "1") == 'm{b="x" ,a="1"}'


def test_no_labels_need_no_braces() -> None:
    assert selector("m", {}) == "m"


@pytest.mark.parametrize("label", ["", "a-b", "0a", "a b", "__name__", 'a="x",b', "é", "a\n"])
def test_what_is_no_label(label: str) -> None:
    with pytest.raises(HqError, match=re.escape(f'"{label}" is not a label; use letters, digits and _, such as job')):
        selector("m", {label: "x"})


@pytest.mark.parametrize(
    "text",
    ["m", "a:b_c", 'm{a="b"}', "m{}", "m{a='b', c!=`d\\`,}", 'm {a =~ "x|y"} ', '{__name__="m"}', 'm{a="\\"}"}'],
)
def test_what_selects_series(text: str) -> None:
    assert is_selector(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "sum(m)", "m[5m]", "m offset 5m", "m + m", 'm{a="b"', 'm{a="b}', "m{a=b}", 'm{a="b"}}', "1m", "m or m",
     f'm{{a="{HOSTILE}"}}', "m{,}", 'm{a="b",,}', "m # comment", 'm{a="\n"}'],
)  # fmt: skip
def test_what_does_not(text: str) -> None:
    assert not is_selector(text)


def test_only_an_exact_match_has_a_value() -> None:
    assert equal_value('m{ job = "a\\"b" }', "job") == 'a"b'
    assert equal_value('m{job=~"a"}', "job") is None
    assert equal_value('m{otherjob="a"}', "job") is None
    assert equal_value("m", "job") is None
    assert equal_value("m{path='x,job=\"a\"'}", "job") is None
    assert equal_value("m{path=`{job=\"a\"`, job='b'}", "job") == "b"
    assert equal_value("m{job=`a\\b`}", "job") == "a\\b"
    assert equal_value("m{job=~'a', job='b'}", "job") == "b"
    assert equal_value("sum(m{job='b'})", "job") is None


def test_one_selector_of_several_counters() -> None:
    both = matching_each("", {"__name__": "a|b", "x": "1|"})
    assert both == '{__name__=~"a|b",x=~"1|"}'
    assert matching_each('m{job="shop"}', {"code": "5.."}) == 'm{job="shop",code=~"5.."}'
    assert is_selector(both)
