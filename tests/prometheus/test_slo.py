"""The PromQL of an indicator, as written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prometheus import slo
from prometheus.indicators import sli_of
from prometheus.slo import Sli
from stack.errors import HqError
from stack.model import PresetSli, PromqlSli, Service


def service(sli: PresetSli | PromqlSli) -> Service:
    return Service("shop", sli, None, None)


def http() -> Sli:
    return sli_of(service(PresetSli("prometheus-http", {"job": "shop"})))


def test_the_preset_of_prometheus_clients() -> None:
    assert http() == Sli(
        service="shop",
        total='http_requests_total{job="shop"}',
        bad='http_requests_total{job="shop",code=~"5.."}',
        good=None,
        buckets='http_request_duration_seconds_bucket{job="shop"}',
        bucket_unit=1.0,
        throttled='http_requests_total{job="shop",code="429"}',
        job="shop",
    )


def test_the_preset_of_envoy() -> None:
    sli = sli_of(service(PresetSli("envoy", {})))
    assert sli.total == 'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="service_shop"}'
    assert sli.bad == sli.total.replace("}", ',envoy_response_code_class="5"}')
    assert sli.buckets == 'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="service_shop"}'
    assert (sli.bucket_unit, sli.job) == (0.001, "envoy")
    assert sli.throttled == (
        '{__name__=~"envoy_cluster_upstream_rq|envoy_http_local_rate_limit_rate_limited",'
        'envoy_cluster_name=~"service_shop|",envoy_response_code=~"429|",'
        'envoy_local_http_ratelimit_prefix=~"service_shop|"}'
    )


def test_own_promql() -> None:
    sli = sli_of(service(PromqlSli(total='m{job="a"}', good='m{ok="1"}', latency="m_bucket", throttled="t")))
    assert sli == Sli("shop", 'm{job="a"}', None, 'm{ok="1"}', "m_bucket", 1.0, "t", "a")


def test_requests_and_errors() -> None:
    total = 'sum(increase(http_requests_total{job="shop"}[10m]))'
    assert slo.requests(http(), "increase", 600) == total
    assert slo.errors(http(), "increase", 600) == (
        f'(sum(increase(http_requests_total{{job="shop",code=~"5.."}}[10m])) or 0 * {total})'
    )
    assert slo.throttled(http(), "increase", 600) == (
        f'(sum(increase(http_requests_total{{job="shop",code="429"}}[10m])) or 0 * {total})'
    )


def test_errors_are_what_is_not_good() -> None:
    sli = Sli("shop", "m", None, "g", None, 1.0, None)
    assert slo.errors(sli, "rate", 60) == (
        "clamp_min(sum(rate(m[1m])) - (sum(rate(g[1m])) or 0 * sum(rate(m[1m]))), 0)"
    )
    assert slo.throttled(sli, "rate", 60) is None


def test_a_quantile_in_seconds() -> None:
    assert slo.latency_quantile(Sli("shop", "m", "b", None, "h", 1.0, None), "0.95", 60) == (
        "(histogram_quantile(0.95, sum by (le) (rate(h[1m]))) >= 0)"
    )
    assert slo.latency_quantile(Sli("shop", "m", "b", None, "h", 0.001, None), "0.5", 60) == (
        "(histogram_quantile(0.5, sum by (le) (rate(h[1m]))) >= 0) * 0.001"
    )
    assert slo.latency_quantile(Sli("shop", "m", "b", None, None, 1.0, None), "0.95", 60) is None


@pytest.mark.parametrize(
    ("under", "unit", "pattern"),
    [(0.3, 1.0, r"0\\.30*"), (1.0, 1.0, r"1(\\.0+)?"), (0.3, 0.001, r"300(\\.0+)?"), (0.0025, 0.001, r"2\\.50*"),
     (100, 1.0, r"100(\\.0+)?"), (10, 0.001, r"10000(\\.0+)?")],
)  # fmt: skip
def test_slow_requests_match_a_bound_however_it_is_written(under: float, unit: float, pattern: str) -> None:
    sli = Sli("shop", "m", "b", None, "h", unit, None)
    assert slo.slow(sli, under, "rate", 60) == (
        f'clamp_min(sum(rate(h{{le="+Inf"}}[1m]) and ignoring (le) rate(h{{le=~"{pattern}"}}[1m])) '
        f'- sum(rate(h{{le=~"{pattern}"}}[1m])), 0)'
    )


def test_slow_requests_need_a_histogram() -> None:
    with pytest.raises(HqError, match=r"services\.shop\.sli has no latency histogram"):
        slo.slow(Sli("shop", "m", "b", None, None, 1.0, None), 1, "rate", 60)


@pytest.mark.parametrize(
    ("total", "part", "label"),
    [
        ("m", 'm{code=~"5.."}', "code"),
        ('m{job="a"}', 'm{job="a",status="500"}', "status"),
        ('m{job="a"}', 'm{code="500"}', "code"),
        ('m{version="2"}', 'm{version="2",code=~"5.."}', "code"),
        ("m", 'm{job!="b",code=~"5.."}', "code"),
        ('m{code!="404"}', 'm{code!="404",code=~"5.."}', "code"),
        ("m", 'm{error!=""}', None),
        ("m", 'm{error=~".+"}', None),
        ("m", 'm{error=~"5..",error!=""}', None),
        ("m", 'm{ok=""}', None),
        ("m", 'm{code=~"5..|"}', None),
        ("m", 'm{code!~"2.."}', None),
        ("m", r'm{code=~"\\p{L}+"}', None),
        ("m", "m", None),
        ("requests_total", 'errors_total{code="500"}', None),
        ('{__name__="m"}', 'm{code="500"}', None),
        ('{__name__="m"}', '{__name__="bad",code="500"}', None),
        ('{__name__="m"}', '{__name__="m",code="500"}', "code"),
    ],
)
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_the_label_that_all_requests_must_have(total: str, part: str, label: str | None, kind: str) -> None:
    assert slo.told_by(replace(http(), total=total, **{"bad": None, "good": None, kind: part})) == label


def test_probes_are_counted_and_summed_but_never_increased() -> None:
    sli = sli_of(service(PresetSli("blackbox", {"instance": "a"})))
    assert (sli.probed, sli.bad, sli.good, sli.job) == (True, None, sli.total, None)
    made, good = (
        'sum(count_over_time(probe_success{instance="a"}[5m]))',
        'sum(sum_over_time(probe_success{instance="a"}[5m]))',
    )
    assert slo.requests(sli, "increase", 300) == made
    assert slo.errors(sli, "increase", 300) == f"({made} - {good})"
    assert slo.requests(sli, "rate", 300) == f"({made} / 300)"
    assert slo.errors(sli, "rate", 300) == f"(({made} - {good}) / 300)"


def test_whether_429_is_counted_depends_on_the_service() -> None:
    sli = sli_of(service(PresetSli("fastapi", {"job": "a"})))
    assert slo.throttled(sli, "rate", 60) == (
        '(sum(rate(http_requests_total{job="a",status="429"}[1m])) or '
        '0 * sum(rate(http_requests_total{job="a",status=~"[1-5][0-9][0-9]"}[1m])))'
    )
    assert slo.throttled(sli_of(service(PresetSli("haproxy", {"proxy": "a"}))), "rate", 60) is None


def test_the_two_proxies_of_a_request_count_it_once() -> None:
    sli = sli_of(service(PresetSli("istio", {"destination_service_name": "a"})))
    assert sli.total == 'istio_requests_total{reporter="destination",destination_service_name="a"}'
    assert (
        sli.buckets == 'istio_request_duration_milliseconds_bucket{reporter="destination",destination_service_name="a"}'
    )
    assert sli.bucket_unit == 0.001
