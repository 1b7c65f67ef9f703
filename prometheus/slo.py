"""What counts as a request of a service, as a bad one, as a slow one: the PromQL of service level indicators.

An indicator is of one service, or of a family: services that are counted by the same metrics and told apart by one
label. Of one service the PromQL here gives one value without labels, of a family one for each `service`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from math import inf

from prometheus.selector import matchers, matching, name_of
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.quantity import format_duration


@dataclass(frozen=True)
class Sli:
    """The counters of one service, or of a family of them, as PromQL selectors.

    `total` counts all requests, and either `bad` or `good` a part of them. Where it is `probed`, `total` and `good` are
    the same gauge, whose every sample is a request: 1 when it succeeded, 0 when it failed. `buckets` is the latency
    histogram, whose `le` counts in units of `bucket_unit` seconds. `throttled` counts the answers with 429, among the
    requests `throttled_among` where not all of them tell. `job` is the scrape job that they come from, where that can
    be told. In a family, the label `key` is the name of the service between `key_prefix` and `key_suffix`; of what is
    throttled it is the one of `throttled_keys` that a series has.
    """

    service: str
    total: str
    bad: str | None = None
    good: str | None = None
    buckets: str | None = None
    bucket_unit: float = 1.0
    throttled: str | None = None
    job: str | None = None
    key: str | None = None
    key_prefix: str = ""
    throttled_keys: tuple[str, ...] = ()
    probed: bool = False
    throttled_among: str | None = None
    key_suffix: str = ""


def narrowed(sli: Sli, label: str, operator: str, value: str) -> Sli:
    """The same indicator of fewer series: those that one more matcher selects, of all that their job scrapes."""

    def fewer(series: str) -> str:
        return matching(series, label, operator, value)

    return replace(
        sli,
        total=fewer(sli.total),
        bad=sli.bad and fewer(sli.bad),
        good=sli.good and fewer(sli.good),
        buckets=sli.buckets and fewer(sli.buckets),
        throttled=sli.throttled and fewer(sli.throttled),
        throttled_among=sli.throttled_among and fewer(sli.throttled_among),
        job=None,
    )


def told_by(sli: Sli) -> str | None:
    """The label that tells the bad (or the good) requests of one counter from the rest, None where it needs none.

    Where only bad requests have it, the indicator says so with a matcher such as `error!=""`.
    """
    part = sli.bad or sli.good or ""
    told = [matcher for matcher in matchers(part) if matcher not in matchers(sli.total)]
    if name_of(part) != name_of(sli.total) or any(label == "__name__" for label, *_ in told):
        return None
    may_lack = {label for label, operator, value in told if (operator, value) in (("!=", ""), ("=~", ".+"))}
    return next((label for label, op, value in told if label not in may_lack and _is_needed(op, value)), None)


def _is_needed(operator: str, value: str) -> bool:
    """Whether a matcher takes only series that have its label."""
    if operator == "=~":
        with suppress(re.error):  # there Go's patterns are others than ours
            return not re.fullmatch(value, "")
    return operator == "=" and value != ""


def requests(sli: Sli, function: str, window: float) -> str:
    """PromQL: all requests, by `function` (rate or increase) over `window` seconds."""
    if sli.probed:
        return _by(function, window, _sum(sli, sli.total, "count_over_time", window))
    return _sum(sli, sli.total, function, window)


def errors(sli: Sli, function: str, window: float) -> str:
    """PromQL: the bad requests; 0 where there never was one, but only as long as requests are counted at all."""
    if sli.probed:
        probes, succeeded = (_sum(sli, sli.total, counted, window) for counted in ("count_over_time", "sum_over_time"))
        return _by(function, window, f"({probes} - {succeeded})")
    total = requests(sli, function, window)
    if sli.good is None:
        return f"({_sum(sli, sli.bad or '', function, window)} or 0 * {total})"
    return f"clamp_min({total} - ({_sum(sli, sli.good, function, window)} or 0 * {total}), 0)"


def throttled(sli: Sli, function: str, window: float) -> str | None:
    """PromQL: the requests answered 429, or None when nothing counts them; 0 like errors().

    No value where only classes of codes are counted, such as 4xx: nobody can tell.
    """
    if sli.throttled is None:
        return None
    limited = _counted(sli.throttled, function, window)
    if len(sli.throttled_keys) > 1:
        one_of = ", ".join(f'"{key}"' for key in sli.throttled_keys)
        limited = f'label_join({limited}, "{sli.key}", "", {one_of})'
    telling = _sum(sli, sli.throttled_among or sli.total, function, window)
    return f"({total_of(sli, limited)} or 0 * {telling})"


def latency_quantile(sli: Sli, quantile: str, window: float) -> str | None:
    """PromQL: a quantile of the latency in seconds, or None without a histogram.

    Nothing (and never NaN) without traffic; at most the highest finite bucket, even when every request is above it.
    """
    if sli.buckets is None:
        return None
    buckets = total_of(sli, _counted(sli.buckets, "rate", window), "le")
    in_seconds = "" if sli.bucket_unit == 1 else f" * {sli.bucket_unit:g}"
    return f"(histogram_quantile({quantile}, {buckets}) >= 0){in_seconds}"


def bucket_rates(sli: Sli, window: str) -> str | None:
    """PromQL: the requests a second in each bucket of the latency, its `le` in seconds, or None without a histogram.

    `window` may be a variable, such as Grafana's `$__rate_interval`.
    """
    if sli.buckets is None:
        return None
    rates = total_of(sli, f"rate({sli.buckets}[{window}])", "le")
    return rates if sli.bucket_unit == 1 else _in_seconds(rates)


def _in_seconds(buckets: str) -> str:
    """Buckets whose `le` counts milliseconds, with `le` in seconds: PromQL cannot reckon with labels, so it is moved.

    One, two and three digits before the point first: then none is moved twice. From a million on it is written 1e+06.
    """
    for digits, seconds in (
        ("([0-9])", "0.00$1$2"),
        ("([0-9]{2})", "0.0$1$2"),
        ("([0-9]{3})", "0.$1$2"),
        ("([0-9]+)([0-9]{3})", "$1.$2$3"),
    ):
        buckets = f'label_replace({buckets}, "le", "{seconds}", "le", "{digits}(?:[.]([0-9]+))?")'
    for exponent in (6, 7):
        buckets = f'label_replace({buckets}, "le", "${{1}}e+0{exponent - 3}", "le", "(.+)e[+]0{exponent}")'
    return buckets


def timed(sli: Sli, under: float, function: str, window: float) -> str:
    """PromQL: the requests of which it is known whether they took more than `under` seconds.

    Those of a series without that bucket are not, such as of a version that has other buckets, while a deploy goes on.
    Raises HqError without a histogram.
    """
    everything, within = (_counted(series, function, window) for series in (bucket(sli), bucket(sli, under)))
    return total_of(sli, f"{everything} and ignoring (le) {within}")


def slow(sli: Sli, under: float, function: str, window: float) -> str:
    """PromQL: the requests that took more than `under` seconds, which must be a bound of the histogram.

    Exact, since nothing is interpolated; no value when there is no such bucket. Raises HqError without a histogram.
    """
    return f"clamp_min({timed(sli, under, function, window)} - {_sum(sli, bucket(sli, under), function, window)}, 0)"


def bucket(sli: Sli, bound: float = inf) -> str:
    """The selector of the bucket at `bound` seconds; raises HqError without a histogram."""
    if bound == inf:
        return matching(_buckets(sli), "le", "=", "+Inf")
    return matching(_buckets(sli), "le", "=~", _written_in_any_way(Decimal(str(bound)) / Decimal(str(sli.bucket_unit))))


def _buckets(sli: Sli) -> str:
    if sli.buckets is None:
        raise HqError(f"services.{sli.service}.sli has no latency histogram")
    return sli.buckets


def _written_in_any_way(bound: Decimal) -> str:
    """A regular expression for a bucket's bound: 1 is exposed as 1 or 1.0, and Prometheus 3 makes all of them 1.0."""
    whole, _, fraction = f"{bound:f}".partition(".")
    fraction = fraction.rstrip("0")
    return rf"{whole}\.{fraction}0*" if fraction else rf"{whole}(\.0+)?"


def total_of(sli: Sli, counted: str, *labels: str) -> str:
    """PromQL: the sum of what was counted, for each value of `labels`, and in a family for each `service` too."""
    if sli.key is None:
        return f"sum by ({', '.join(labels)}) ({counted})" if labels else f"sum({counted})"
    by_service = ", ".join(("service", *labels))
    if sli.key != "service" or sli.key_prefix or sli.key_suffix:
        by_key = f"sum by ({', '.join((sli.key, *labels))}) ({counted})"
        counted = f'label_replace({by_key}, "service", "$1", "{sli.key}", "{sli.key_prefix}(.*){sli.key_suffix}")'
    return f"sum by ({by_service}) ({counted})"


def _by(function: str, window: float, counted: str) -> str:
    """What was counted in a window, as the rate (per second) or the increase in it."""
    return f"({counted} / {window:g})" if function == "rate" else counted


def _sum(sli: Sli, series: str, function: str, window: float) -> str:
    return total_of(sli, _counted(series, function, window))


def _counted(series: str, function: str, window: float) -> str:
    return f"{function}({series}[{format_duration(window)}])"
