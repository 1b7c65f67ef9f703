"""Prometheus 2.42 and 3 read the rule differently, or one of them does not read it at all.

The differences are those of https://prometheus.io/docs/prometheus/latest/migration/ and of the changelog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus.lint.expression import COMPARISONS, Aggregation, Binary, Call, Matcher, Number, Selector, Subquery, Text
from prometheus.lint.functions import IN_2_42
from prometheus.lint.knowledge import Knowledge, ParsedRule
from prometheus.lint.problem import Finding
from prometheus.lint.scanner import Scan, Span
from stack.quantity import format_duration

_NEED_TWO = frozenset({"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "changes", "resets"})
_INTEGER = re.compile(r"\d+")


def check(rule: ParsedRule, known: Knowledge, scrape_interval: float) -> Iterator[Finding]:
    """Finds what keeps the rule out of the subset that both read alike."""
    if rule.tree is None or rule.scan is None:
        return
    for node in rule.tree.walk():
        if isinstance(node, Call):
            yield from _call(node, scrape_interval)
        elif isinstance(node, Aggregation) and node.name in ("limitk", "limit_ratio"):
            yield _unread(node.name, node.span, "an experiment of Prometheus 3")
        elif isinstance(node, Selector):
            yield from _selector(node)
        elif isinstance(node, Subquery):
            yield from _subquery(node)
        elif isinstance(node, Binary):
            yield from _count(node, scrape_interval)
    yield from _texts(rule.text, rule.scan)


def _finding(summary: str, why: str, fix: str, span: Span) -> Finding:
    return Finding("prometheus3", summary, why, fix, span)


def _unread(what: str, span: Span, since: str) -> Finding:
    return _finding(
        f"Prometheus 2.42 does not know {what}",
        f"It is {since}; a Prometheus that does not know it refuses the whole file.",
        "write it with what both know",
        span,
    )


def _call(node: Call, scrape_interval: float) -> Iterator[Finding]:
    if node.name == "holt_winters":
        yield _finding(
            "holt_winters() is gone in Prometheus 3",
            "It was renamed to double_exponential_smoothing(), which is an experiment and off by default.",
            "use avg_over_time(), or predict_linear() for a trend",
            node.span,
        )
    elif node.name not in IN_2_42:
        since = "an experiment of Prometheus 3" if node.experimental else "younger than that"
        yield _unread(f"{node.name}()", node.span, since)
    if node.name == "label_replace":
        texts = [one for one in node.arguments if isinstance(one, Text)]
        yield from _newline(texts[-1].value, texts[-1].span) if texts else ()
    ranged = node.arguments[-1] if node.name == "quantile_over_time" else next(iter(node.arguments), None)
    if isinstance(ranged, Selector) and ranged.range is not None and ranged.range_span:
        yield from _range(node.name, ranged.range, ranged.range_span, scrape_interval)


def _range(function: str, seconds: float, span: Span, scrape_interval: float) -> Iterator[Finding]:
    """A range that is one scrape interval holds two samples or one before Prometheus 3, and always one since."""
    interval = format_duration(scrape_interval)
    if seconds == scrape_interval:
        yield _finding(
            f"the range is the scrape interval, {interval}",
            "Before Prometheus 3 such a range can hold two samples, one at each end; since then it holds one, and "
            f"{function}() gives {'nothing' if function in _NEED_TWO else 'something else'}.",
            f"use at least {format_duration(4 * scrape_interval)}, which survives a failed scrape too",
            span,
        )
    elif seconds < 2 * scrape_interval and function in _NEED_TWO:
        yield _finding(
            f"{function}() needs two samples, and a range of {format_duration(seconds)} does not always hold two",
            f"With a scrape every {interval} it comes and goes, and how often depends on the version.",
            f"use at least {format_duration(4 * scrape_interval)}, which survives a failed scrape too",
            span,
        )


def _subquery(node: Subquery) -> Iterator[Finding]:
    if node.step and node.range == node.step:
        yield _finding(
            f"the subquery's range is its step, {format_duration(node.step)}",
            "Before Prometheus 3 it has two points, one at each end; since then it has one, and rate() of it nothing.",
            "make the range several steps long",
            node.span,
        )


def _count(node: Binary, scrape_interval: float) -> Iterator[Finding]:
    """count_over_time() of a range that is so many scrape intervals, held against just that many."""
    call, limit = (node.left, node.right) if isinstance(node.right, Number) else (node.right, node.left)
    if node.operator not in COMPARISONS or not isinstance(limit, Number) or not isinstance(call, Call):
        return
    if call.name != "count_over_time" or not isinstance(call.arguments[0], Selector | Subquery):
        return
    ranged = call.arguments[0]
    every = ranged.step if isinstance(ranged, Subquery) else scrape_interval
    samples = (ranged.range or 0.0) / every if every else 0.5
    if samples == int(samples) and limit.value in (samples, samples + 1):
        yield _finding(
            f"how many samples there are in {format_duration(ranged.range or 0.0)} depends on the version",
            f"On the grid of samples, Prometheus 2.42 counts {samples + 1:g}, and Prometheus 3 {samples:g}.",
            f"compare with less, such as {max(1.0, samples - 1):g}",
            limit.span,
        )


def _selector(node: Selector) -> Iterator[Finding]:
    for matcher in node.matchers:
        if matcher.label in ("le", "quantile"):
            yield from _bucket(matcher)
        if matcher.operator in ("=~", "!~"):
            yield from _newline(matcher.value, matcher.span)


def _bucket(matcher: Matcher) -> Iterator[Finding]:
    """Prometheus 3 writes le="1" as 1.0, whatever the program wrote."""
    if matcher.operator in ("=", "!="):
        missed = [matcher.value] if _INTEGER.fullmatch(matcher.value) else []
    else:
        missed = [one for one in re.split(r"[|()]", matcher.value) if _INTEGER.fullmatch(one)]
        missed = [one for one in missed if not _matches(matcher.value, f"{one}.0")]
    if missed:
        yield _finding(
            f'{matcher.label}="{missed[0]}" is {matcher.label}="{missed[0]}.0" in Prometheus 3',
            "It writes every bound as a float when it scrapes, so that the selector finds nothing there.",
            f'{matcher.label}=~"{missed[0]}(\\\\.0)?" finds both',
            matcher.span,
        )


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True


def _newline(pattern: str, span: Span) -> Iterator[Finding]:
    """A pattern that speaks of newlines beside a dot: whether the dot takes them depends on the version."""
    bare = re.sub(r"\\\\|\\\.|\[(?:\\.|[^\]])*\]", "", pattern)
    flagged = re.search(r"\(\?[a-zA-Z]*-?[a-zA-Z]*s", bare)
    if "." in bare and not flagged and re.search(r"\n|\\n|\\s|\\x0[aA]", bare):
        yield _finding(
            "whether a dot matches a newline depends on the version",
            "It does since Prometheus 3, and did not before; this pattern tells newlines apart.",
            "write what you mean: (?s:.) matches every character, and [^\\n] every one but a newline",
            span,
        )


def _texts(text: str, scan: Scan) -> Iterator[Finding]:
    """What is written in a way that 2.42 does not read."""
    for modifier in scan.modifiers:
        if modifier.kind == "string":
            yield _unread(f"quoted names of labels, such as {modifier.text}", modifier.span, "younger than that")
        elif modifier.kind == "number":
            yield _unread(f"durations without a unit, such as {modifier.text}", modifier.span, "younger than that")
        else:
            yield _unread(modifier.text, modifier.span, "an experiment of Prometheus 3")
    for span in scan.ranges:
        if re.search(r"[\[:]\s*[0-9.]+\s*(?=[\]:])", text[slice(*span)]):
            yield _unread("durations without a unit", span, "younger than that")
    for span in scan.matchers:
        if text[span.start] in "\"'`":
            yield _unread(f"quoted names, such as {text[slice(*span)]}", span, "younger than that")
    for span in scan.selectors:
        if re.search(r"[\"'`]\s+or\s", text[slice(*span)]):
            yield _finding(
                "or between matchers is of VictoriaMetrics alone",
                "Prometheus refuses the whole file, in every version.",
                "write two selectors with or between them",
                span,
            )
    for span in scan.literals:
        if re.fullmatch(r"[0-9][0-9_]*(?:_[0-9]+|ms|[smhdwy]).*", text[slice(*span)], re.DOTALL):
            yield _unread(f"numbers such as {text[slice(*span)]}", span, "younger than that")
