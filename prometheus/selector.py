"""PromQL selectors and the strings in them: written so that no value can leave its quotes, read so that none hides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from stack.errors import HqError
from stack.selector import SELECTOR, STRING, is_label

_ONE_MATCHER = re.compile(
    rf"(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*(?P<string>{STRING})", re.ASCII
)


def quoted(value: str) -> str:
    """`value` as a PromQL string.

    Prometheus takes U+FFFD, written as it is, for bytes that are not UTF-8.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\ufffd", "\\ufffd")
    return f'"{escaped}"'


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """The series of `metric` that have exactly these label values; raises HqError for what cannot be a label."""
    for label in labels:
        if not is_label(label):
            raise HqError(f'"{label}" is not a label; use letters, digits and _, such as job')
    matchers = ",".join(f"{label}={quoted(value)}" for label, value in labels.items())
    return f"{metric}{{{matchers}}}" if matchers else metric


def matching_all(metric: str, matchers: Iterable[tuple[str, str, str]]) -> str:
    """The series of `metric` that all of these matchers select; raises HqError for what cannot be a label."""
    series = metric
    for label, operator, value in matchers:
        if not is_label(label) and label != "__name__":
            raise HqError(f'"{label}" is not a label; use letters, digits and _, such as job')
        series = matching(series, label, operator, value)
    return series


def matching(series: str, label: str, operator: str, value: str) -> str:
    """The selector `series` with one more matcher, such as `code=~"5.."`."""
    head, _, matchers = series.rstrip().removesuffix("}").rstrip().rstrip(",").partition("{")
    return f"{head}{{{matchers + ',' if matchers else ''}{label}{operator}{quoted(value)}}}"


def matching_each(series: str, patterns: Mapping[str, str]) -> str:
    """The selector `series` with a regular expression for each of some labels; one that may be missing ends with `|`.

    So one selector can take counters of several names, each with labels of its own.
    """
    for label, pattern in patterns.items():
        series = matching(series, label, "=~", pattern)
    return series


def name_of(series: str) -> str | None:
    """The name of the metric before the braces of the selector `series`."""
    match = SELECTOR.fullmatch(series)
    return match["name"] if match else None


def equal_value(series: str, label: str) -> str | None:
    """The value that the selector `series` demands of `label`, if it demands one by `=`."""
    values = (value for name, operator, value in matchers(series) if (name, operator) == (label, "="))
    return next(values, None)


def matchers(series: str) -> Iterator[tuple[str, str, str]]:
    """The matchers of a selector: label, operator, and the value that its string says."""
    match = SELECTOR.fullmatch(series)
    for found in _ONE_MATCHER.finditer(match["matchers"] or "") if match else ():
        string = found["string"]
        value = string[1:-1]
        yield found["label"], found["operator"], value if string[0] == "`" else re.sub(r"\\(.)", _unescape, value)


def _unescape(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]
