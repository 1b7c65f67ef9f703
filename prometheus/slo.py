"""What counts as a request of a service, as a bad one, as a slow one: the PromQL of service level indicators."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from prometheus.selector import equal_value, is_selector, matchers, matching, matching_each, name_of, selector
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.model import PresetSli, PromqlSli, Service
from stack.prefix import service_prefix
from stack.quantity import format_duration


@dataclass(frozen=True)
class Sli:
    """The counters of one service, as PromQL selectors.

    `total` counts all requests, and either `bad` or `good` a part of them. `buckets` is the latency histogram, whose
    `le` counts in units of `bucket_unit` seconds. `throttled` counts the answers with 429. `job` is the scrape job
    that they come from, where that can be told.
    """

    service: str
    total: str
    bad: str | None = None
    good: str | None = None
    buckets: str | None = None
    bucket_unit: float = 1.0
    throttled: str | None = None
    job: str | None = None


def sli_of(service: Service) -> Sli:
    """The indicator of a service, from its preset or its own PromQL; raises HqError for what is no selector."""
    if isinstance(service.sli, PromqlSli):
        return _custom(service.name, service.sli)
    presets = {"prometheus-http": _prometheus_http, "envoy": _envoy}
    return presets[service.sli.preset](service.name, service.sli)


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
    return _sum(sli.total, function, window)


def errors(sli: Sli, function: str, window: float) -> str:
    """PromQL: the bad requests; 0 where there never was one, but only as long as requests are counted at all."""
    total = requests(sli, function, window)
    if sli.good is None:
        return f"({_sum(sli.bad or '', function, window)} or 0 * {total})"
    return f"clamp_min({total} - ({_sum(sli.good, function, window)} or 0 * {total}), 0)"


def throttled(sli: Sli, function: str, window: float) -> str | None:
    """PromQL: the requests answered 429, or None when nothing counts them; 0 like errors()."""
    if sli.throttled is None:
        return None
    return f"({_sum(sli.throttled, function, window)} or 0 * {requests(sli, function, window)})"


def latency_quantile(sli: Sli, quantile: str, window: float) -> str | None:
    """PromQL: a quantile of the latency in seconds, or None without a histogram.

    Nothing (and never NaN) without traffic; at most the highest finite bucket, even when every request is above it.
    """
    if sli.buckets is None:
        return None
    buckets = f"sum by (le) (rate({sli.buckets}[{format_duration(window)}]))"
    in_seconds = "" if sli.bucket_unit == 1 else f" * {sli.bucket_unit:g}"
    return f"(histogram_quantile({quantile}, {buckets}) >= 0){in_seconds}"


def timed(sli: Sli, function: str, window: float) -> str:
    """PromQL: the requests whose latency was measured; raises HqError without a histogram."""
    return _sum(matching(_buckets(sli), "le", "=", "+Inf"), function, window)


def slow(sli: Sli, under: float, function: str, window: float) -> str:
    """PromQL: the requests that took more than `under` seconds, which must be a bound of the histogram.

    Exact, since nothing is interpolated; no value when there is no such bucket. Raises HqError without a histogram.
    """
    return f"clamp_min({timed(sli, function, window)} - {_sum(bucket(sli, under), function, window)}, 0)"


def bucket(sli: Sli, bound: float) -> str:
    """The selector of the bucket at `bound` seconds; raises HqError without a histogram."""
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


def _sum(series: str, function: str, window: float) -> str:
    return f"sum({function}({series}[{format_duration(window)}]))"


def _prometheus_http(name: str, sli: PresetSli) -> Sli:
    """What the clients of Prometheus count by convention: http_requests_total{code} and a histogram in seconds."""
    total = selector("http_requests_total", sli.selector)
    return Sli(
        service=name,
        total=total,
        bad=matching(total, "code", "=~", "5.."),
        buckets=selector("http_request_duration_seconds_bucket", sli.selector),
        throttled=matching(total, "code", "=", "429"),
        job=sli.selector.get("job"),
    )


def _envoy(name: str, sli: PresetSli) -> Sli:
    """What Envoy counts at the listener in front of the service: faults injected there are among it.

    The listener has no count of single codes, so 429 is what the service answered plus what the listener limited.
    """
    prefix = service_prefix(name)
    answers = selector("envoy_http_downstream_rq_xx", {"envoy_http_conn_manager_prefix": prefix, **sli.selector})
    limited = matching_each(
        selector("", sli.selector),
        {
            "__name__": "envoy_cluster_upstream_rq|envoy_http_local_rate_limit_rate_limited",
            "envoy_cluster_name": f"{prefix}|",
            "envoy_response_code": "429|",
            "envoy_local_http_ratelimit_prefix": f"{prefix}|",
        },
    )
    return Sli(
        service=name,
        total=answers,
        bad=matching(answers, "envoy_response_code_class", "=", "5"),
        buckets=selector(
            "envoy_http_downstream_rq_time_bucket", {"envoy_http_conn_manager_prefix": prefix, **sli.selector}
        ),
        bucket_unit=0.001,
        throttled=limited,
        job=sli.selector.get("job", "envoy"),
    )


def _custom(name: str, sli: PromqlSli) -> Sli:
    for key in ("total", "good", "bad", "latency", "throttled"):
        series = getattr(sli, key)
        if series is not None and not is_selector(series):
            raise HqError(
                f"services.{name}.sli.{key}: {series!r} does not select the series of a counter; "
                'write it like http_requests_total{job="shop"}, without functions'
            )
    return Sli(
        service=name,
        total=sli.total.strip(),
        bad=sli.bad and sli.bad.strip(),
        good=sli.good and sli.good.strip(),
        buckets=sli.latency and sli.latency.strip(),
        throttled=sli.throttled and sli.throttled.strip(),
        job=equal_value(sli.total, "job"),
    )
