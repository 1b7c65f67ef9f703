"""The promtool unit tests in prometheus/rules/tests, as data; `python -m tests.prometheus.rule_cases` writes them.

Samples come every 5 s (15 s in the long ones) and every look is between two of them, so that it does not matter
whether a range includes its left end (before Prometheus 3) or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus.catalogue import CATALOGUE, SEVERITIES
from prometheus.rules import dump

DIRECTORY = Path(__file__).parents[2] / "prometheus" / "rules" / "tests"

SERVICE = 'http_requests_total{job="storefront",code="%s"}'
BUCKET = 'http_request_duration_seconds_bucket{job="storefront",le="%s"}'
FRONT = (
    'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="pool_vendor-proxies",envoy_response_code_class="%s"}'
)
GIVEN_UP = 'envoy_http_downstream_rq_rx_reset{envoy_http_conn_manager_prefix="pool_vendor-proxies"}'
LIMITED = 'envoy_cluster_upstream_rq{envoy_cluster_name="pool_vendor-proxies",envoy_response_code="429"}'
POOL_BUCKET = 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="pool_vendor-proxies",le="%s"}'
HEALTHY = 'envoy_cluster_membership_healthy{envoy_cluster_name="pool_vendor-proxies"}'
UP = 'up{job="storefront",instance="%d"}'

FIRING = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'
ALL_FINITE = 'abs(sum({__name__=~"(service|pool|anomaly|slo):.+"})) < bool 1e12'
LADDER = tuple(SEVERITIES)

Case = dict[str, Any]


def counter(*phases: tuple[float, int], step: float = 5, start: float = 0) -> str:
    """A counter that grows at each rate (per second) for so many samples."""
    parts, value = [], start
    for number, (rate, samples) in enumerate(phases):
        count = samples - (number == 0)
        parts.append(f"{value:g}+{rate * step:g}x{count}")
        value += rate * step * (count + 1)
    return " ".join(parts)


def histogram(pattern: str, rate: float, bounds: Iterable[str], within: str, samples: int = 40) -> dict[str, str]:
    """Buckets of a histogram all of whose values lie in the bucket `within`."""
    series, reached = {}, False
    for bound in bounds:
        reached = reached or bound == within
        series[pattern % bound] = counter((rate if reached else 0, samples))
    return series


def case(
    name: str, series: dict[str, str], *looks: dict[str, Any], step: str = "5s", alerts: Iterable[Case] = ()
) -> Case:
    made: Case = {
        "name": name,
        "interval": step,
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
    }
    if looks:
        made["promql_expr_test"] = list(looks)
    if alerts:
        made["alert_rule_test"] = list(alerts)
    return made


def look(expr: str, at: str, samples: dict[str, float]) -> dict[str, Any]:
    return {
        "expr": expr,
        "eval_time": at,
        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
    }


def firing(at: str, alert: str = "", up_to: str = "") -> dict[str, Any]:
    """Exactly the severities of `alert` up to `up_to` fire; nothing when it is empty."""
    levels = LADDER[: LADDER.index(up_to) + 1] if up_to else ()
    return look(FIRING, at, {f'{{alertname="{alert}", severity="{severity}"}}': 1 for severity in levels})


def score(kind: str, at: str, value: float | None) -> dict[str, Any]:
    pool = 'pool="vendor-proxies", ' if CATALOGUE[kind].of_pool else ""
    samples = {} if value is None else {f'{{anomaly_type="{kind}", {pool}service="storefront"}}': value}
    return look(f'round(anomaly:score{{anomaly_type="{kind}"}}, 0.01)', at, samples)


def finite(at: str, value: int | None = 1) -> dict[str, Any]:
    return look(ALL_FINITE, at, {} if value is None else {"{}": value})


def latency_cases() -> Iterator[Case]:
    bounds = ("0.3", "0.5", "0.75", "1.0", "1.5", "2.0", "10.0", "+Inf")
    for within, severity, expected in (
        ("0.3", "", 0.57), ("0.5", "", 0.98), ("0.75", "low", 1.48), ("1.0", "medium", 1.98), ("1.5", "high", 2.95),
        ("2.0", "critical", 3.95), ("+Inf", "critical", 20),
    ):  # fmt: skip
        series = {SERVICE % 200: counter((10, 40)), **histogram(BUCKET, 10, bounds, within)}
        yield case(
            f"latency: everything in the bucket up to {within} s",
            series, score("latency_shift", "3m2s", expected), firing("3m2s", "LatencyShift", severity), finite("3m2s"),
        )  # fmt: skip
    few = {SERVICE % 200: counter((0.3, 40)), **histogram(BUCKET, 0.3, bounds, "10.0")}
    yield case("latency: 18 slow requests a minute are too few to judge", few,
               score("latency_shift", "3m2s", 0), firing("3m2s"), finite("3m2s"))  # fmt: skip
    idle = {SERVICE % 200: counter((10, 20), (0, 40)), **histogram(BUCKET, 0, bounds, "0.3")}
    yield case("latency: without traffic there is none, and no NaN", idle,
               look("service:latency:p95_1m", "4m32s", {}), score("latency_shift", "4m32s", 0),
               look("service:requests:rate1m", "4m32s", {'service:requests:rate1m{service="storefront"}': 0}),
               look("service:errors:ratio_rate1m", "4m32s", {}), firing("4m32s"), finite("4m32s"))  # fmt: skip
    yield case("latency: a histogram without finite buckets says nothing",
               {SERVICE % 200: counter((10, 40)), BUCKET % "+Inf": counter((10, 40))},
               look("service:latency:p95_1m", "3m2s", {}), firing("3m2s"), finite("3m2s"))  # fmt: skip


def error_cases() -> Iterator[Case]:
    for share, severity in (
        (0.8, ""),
        (1.2, "low"),
        (1.6, "medium"),
        (2.4, "high"),
        (4, "critical"),
        (100, "critical"),
    ):
        series = {SERVICE % 200: counter((20 * (1 - share / 100), 40)), SERVICE % 503: counter((20 * share / 100, 40))}
        yield case(f"errors: {share:g}% of 20/s", series, score("error_spike", "3m2s", share),
                   firing("3m2s", "ErrorSpike", severity), finite("3m2s"))  # fmt: skip
    yield case("errors: 4 of 40 in a minute are too few to judge",
               {SERVICE % 200: counter((0.6, 40)), SERVICE % 500: counter((0.06, 40))},
               score("error_spike", "3m2s", 0), firing("3m2s"))  # fmt: skip
    yield case("errors: none ever counted is none, as long as requests are",
               {SERVICE % 200: counter((10, 40))},
               look("service:errors:ratio_rate1m", "3m2s", {'service:errors:ratio_rate1m{service="storefront"}': 0}),
               score("error_spike", "3m2s", 0), firing("3m2s"))  # fmt: skip
    yield case(
        "errors: without requests nothing is known",
        {},
        look("service:errors:ratio_rate1m", "3m2s", {}),
        score("error_spike", "3m2s", None),
        firing("3m2s"),
    )
    yield case("errors: a series born above 0 counts from its second sample",
               {SERVICE % 200: counter((10, 60)), SERVICE % 503: "_x20 30+0x40"},
               score("error_spike", "2m32s", 0), firing("2m32s"))  # fmt: skip
    yield case("errors: a restart in the middle is no spike",
               {SERVICE % 200: f"{counter((10, 20))} {counter((10, 40))}", SERVICE % 503: "4+0x19 0+0x40"},
               score("error_spike", "2m2s", 0), firing("2m2s"), finite("2m2s"))  # fmt: skip


def upstream_cases() -> Iterator[Case]:
    kind, alert = "upstream_failure", "UpstreamFailure"
    pool = 'pool="vendor-proxies", service="storefront"'
    for share, severity in ((4, ""), (6, "low"), (8, "medium"), (12, "high"), (20, "critical")):
        series = {
            FRONT % 2: counter((10 - share / 10, 40)), FRONT % 5: counter((share / 10, 40)),
            GIVEN_UP: counter((0, 40)), HEALTHY: "4x40",
        }  # fmt: skip
        yield case(f"upstream: {share}% of 10/s fail", series,
                   score(kind, "3m2s", share / 5), firing("3m2s", alert, severity), finite("3m2s"))  # fmt: skip
    yield case("upstream: callers give up on one request in eight",
               {FRONT % 2: counter((7, 40)), FRONT % 5: counter((0, 40)), GIVEN_UP: counter((1, 40)), HEALTHY: "4x40"},
               look("round(pool:requests:rate1m, 0.01)", "3m2s", {'{pool="vendor-proxies", service="storefront"}': 8}),
               look("round(pool:errors:ratio_rate1m, 0.001)", "3m2s",
                    {'{pool="vendor-proxies", service="storefront"}': 0.125}),
               firing("3m2s", alert, "high"))  # fmt: skip
    yield case("upstream: 3 of 6 in a minute are too few to judge",
               {FRONT % 2: counter((0.05, 40)), FRONT % 5: counter((0.05, 40)), HEALTHY: "4x40"},
               score(kind, "3m2s", 0), firing("3m2s"))  # fmt: skip
    yield case("upstream: no healthy member is critical without any request, after the hold and until it is let go",
               {HEALTHY: "1x19 0x11 1x20"},
               firing("1m38s"), score(kind, "1m42s", 3), firing("1m42s"), firing("1m44s", alert, "critical"),
               look("anomaly:actual", "2m2s",
                    {f'anomaly:actual{{anomaly_type="{kind}", {pool}}}': 1}),
               look("pool:members:healthy", "2m2s", {f"pool:members:healthy{{{pool}}}": 0}),
               score(kind, "2m42s", 0), firing("2m42s", alert, "critical"), firing("2m48s"),
               finite("1m42s"), finite("2m42s"))  # fmt: skip
    yield case("upstream: an idle pool is no anomaly",
               {FRONT % 2: "100x40", FRONT % 5: "7x40", GIVEN_UP: "3x40", HEALTHY: "4x40"},
               score(kind, "3m2s", 0), firing("3m2s"), finite("3m2s"))  # fmt: skip


def rate_limit_cases() -> Iterator[Case]:
    kind, alert = "rate_limit_storm", "RateLimitStorm"
    for share, severity in ((4, ""), (6, "low"), (8, "medium"), (12, "high"), (20, "critical")):
        series = {
            FRONT % 2: counter((10 - share / 10, 40)), FRONT % 4: counter((share / 10, 40)),
            LIMITED: counter((share / 10, 40)),
        }  # fmt: skip
        yield case(f"rate limit: {share}% of 10/s", series, score(kind, "3m2s", share / 5),
                   firing("3m2s", alert, severity), finite("3m2s"))  # fmt: skip
    yield case("rate limit: 9 of 90 in a minute are too few to judge",
               {FRONT % 2: counter((1.35, 40)), FRONT % 4: counter((0.15, 40)), LIMITED: counter((0.15, 40))},
               look("round(pool:throttled:ratio_rate1m, 0.001)", "3m2s",
                    {'{pool="vendor-proxies", service="storefront"}': 0.1}),
               score(kind, "3m2s", 0), firing("3m2s"))  # fmt: skip
    yield case("rate limit: what the service itself answers is its pool's matter",
               {SERVICE % 200: counter((5, 40)), SERVICE % 429: counter((5, 40))},
               look("round(service:throttled:ratio_rate1m, 0.01)", "3m2s", {'{service="storefront"}': 0.5}),
               score(kind, "3m2s", None), firing("3m2s"))  # fmt: skip


def traffic_cases() -> Iterator[Case]:
    """70 minutes of samples every 15 s, then 10 more; looked at 75 minutes and one second."""
    kind, alert, at = "traffic_drop", "TrafficDrop", "75m1s"
    for rate, severity, expected in (
        (10, "", 0.1), (2, "", 0.5), (0.8, "low", 1.25), (0.6, "medium", 1.67), (0.4, "high", 2.5), (0, "critical", 10),
    ):  # fmt: skip
        yield case(f"traffic: from 10/s to {rate:g}/s", {SERVICE % 200: counter((10, 280), (rate, 40), step=15)},
                   score(kind, at, expected), firing(at, alert, severity), finite(at), step="15s")  # fmt: skip
    yield case("traffic: the threshold follows the past", {SERVICE % 200: counter((10, 320), step=15)},
               look('round(anomaly:threshold{anomaly_type="traffic_drop"}, 0.01)', at,
                    {'{anomaly_type="traffic_drop", service="storefront"}': 1}), step="15s")  # fmt: skip
    yield case(
        "traffic: what had less than a request in two seconds cannot drop",
        {SERVICE % 200: counter((0.4, 280), (0, 40), step=15)},
        score(kind, at, 0),
        firing(at),
        step="15s",
    )
    yield case(
        "traffic: 12 minutes are no past",
        {SERVICE % 200: counter((10, 48), (0, 40), step=15)},
        look("service:requests:past_rate1m", "14m0s", {}),
        score(kind, "14m0s", 0),
        firing("14m0s"),
        step="15s",
    )
    yield case("traffic: a deploy of three minutes ends with a climb, not a drop",
               {SERVICE % 200: f"{counter((10, 280), step=15)} stale _x11 {counter((10, 20), step=15)}"},
               look("service:requests:past_rate1m", "70m56s", {}),
               firing("73m16s", "AbsentData", "critical"), firing("74m12s"),
               look("round(service:requests:past_rate1m, 0.1)", "74m5s", {'{service="storefront"}': 10}),
               finite("73m16s"), step="15s")  # fmt: skip


def absence_cases() -> Iterator[Case]:
    kind, alert, at = "absent_data", "AbsentData", "5m2s"
    for down, targets, severity in (
        (0, 3, ""),
        (1, 4, ""),
        (1, 3, "low"),
        (1, 2, "medium"),
        (2, 3, "high"),
        (1, 1, "critical"),
    ):
        series = {UP % number: "1x20 0x50" if number < down else "1x71" for number in range(targets)}
        lost = round(down / targets / 0.33, 2)
        yield case(f"absence: {down} of {targets} targets down", series,
                   score(kind, at, lost), firing(at, alert, severity), finite(at))  # fmt: skip
    yield case(
        "absence: a restart of 15 seconds is none",
        {UP % 0: "1x30 0x2 1x30"},
        firing("2m47s"),
        firing("2m52s"),
        firing("3m2s"),
    )
    yield case(
        "absence: a target that never answered is starting for a minute, then lost",
        {UP % 0: "0x40"},
        firing("0m57s"),
        firing("1m8s", alert, "critical"),
        look("service:targets_lost:ratio_1m", "1m8s", {'service:targets_lost:ratio_1m{service="storefront"}': 1}),
    )
    yield case("absence: what never was is not missed", {}, score(kind, at, None), firing(at), finite(at, None))


def long_absence_cases() -> Iterator[Case]:
    """Requests for 16 minutes and 30 seconds, sampled every 15 s, and then no series."""
    kind, alert = "absent_data", "AbsentData"
    yield case(
        "absence: series that were there 5 minutes ago, and no target to blame",
        {SERVICE % 200: f"{counter((10, 66), step=15)} stale"},
        score(kind, "16m55s", 0), firing("16m55s"),  # the window of a minute is still half full
        score(kind, "18m5s", 3.03), firing("18m5s", alert, "critical"),
        look("service:data_lost:ratio", "18m5s", {'service:data_lost:ratio{service="storefront"}': 1}),
        finite("18m5s"), firing("80m2s", alert, "critical"), firing("85m3s"),  # forgotten after an hour
        step="15s",
    )  # fmt: skip


def recorded_cases() -> Iterator[Case]:
    bounds = ("5", "10", "25", "50", "100", "+Inf")
    series = {
        SERVICE % 200: counter((8, 40)), SERVICE % 404: counter((2, 40)),
        **histogram(BUCKET, 10, ("0.1", "0.2", "+Inf"), "0.2"),
        FRONT % 2: counter((4, 40)), GIVEN_UP: counter((0, 40)), HEALTHY: "4x40",
        **histogram(POOL_BUCKET, 4, bounds, "100"), UP % 0: "1x40",
    }  # fmt: skip
    service, pool = 'service="storefront"', 'pool="vendor-proxies", service="storefront"'
    yield case(
        "a calm stack: what is recorded", series,
        look("round(service:requests:rate1m, 0.01)", "3m2s", {f"{{{service}}}": 10}),
        look("service:errors:ratio_rate1m", "3m2s", {f"service:errors:ratio_rate1m{{{service}}}": 0}),
        look("round(service:latency:p95_1m, 0.001)", "3m2s", {f"{{{service}}}": 0.195}),
        look("service:throttled:ratio_rate1m", "3m2s", {f"service:throttled:ratio_rate1m{{{service}}}": 0}),
        look("service:targets_lost:ratio_1m", "3m2s", {f"service:targets_lost:ratio_1m{{{service}}}": 0}),
        look("service:data_lost:ratio", "3m2s", {f"service:data_lost:ratio{{{service}}}": 0}),
        look("round(pool:requests:rate1m, 0.01)", "3m2s", {f"{{{pool}}}": 4}),
        look("pool:errors:ratio_rate1m", "3m2s", {f"pool:errors:ratio_rate1m{{{pool}}}": 0}),
        look("pool:throttled:ratio_rate1m", "3m2s", {f"pool:throttled:ratio_rate1m{{{pool}}}": 0}),
        look("round(pool:latency:p95_1m, 0.0001)", "3m2s", {f"{{{pool}}}": 0.0975}),
        look("pool:members:healthy", "3m2s", {f"pool:members:healthy{{{pool}}}": 4}),
        look("round(anomaly:actual, 0.001)", "3m2s", {
            f'{{anomaly_type="latency_shift", {service}}}': 0.195, f'{{anomaly_type="error_spike", {service}}}': 0,
            f'{{anomaly_type="upstream_failure", {pool}}}': 0, f'{{anomaly_type="rate_limit_storm", {pool}}}': 0,
            f'{{anomaly_type="traffic_drop", {service}}}': 10, f'{{anomaly_type="absent_data", {service}}}': 0,
        }),
        look("anomaly:threshold", "3m2s", {
            f'anomaly:threshold{{anomaly_type="latency_shift", {service}}}': 0.5,
            f'anomaly:threshold{{anomaly_type="error_spike", {service}}}': 0.01,
            f'anomaly:threshold{{anomaly_type="upstream_failure", {pool}}}': 0.05,
            f'anomaly:threshold{{anomaly_type="rate_limit_storm", {pool}}}': 0.05,
            f'anomaly:threshold{{anomaly_type="absent_data", {service}}}': 0.33,
        }),
        firing("3m2s"), finite("3m2s"),
    )  # fmt: skip


def wording_cases() -> Iterator[Case]:
    """One alert of each type, with every label and annotation as a person reads them."""
    bounds = ("0.3", "0.5", "0.75", "+Inf")
    pool = {"service": "storefront", "pool": "vendor-proxies"}
    service = {"service": "storefront"}
    limited = {FRONT % 2: counter((9, 40)), FRONT % 4: counter((1, 40)), LIMITED: counter((1, 40))}
    failing = {FRONT % 2: counter((9, 40)), FRONT % 5: counter((1, 40)), HEALTHY: "3x40"}
    dropped = {SERVICE % 200: counter((10, 280), (0.75, 40), step=15)}
    for kind, labels, series, actual, threshold, metric, step, at, levels in (
        ("latency_shift", service, {SERVICE % 200: counter((10, 40)), **histogram(BUCKET, 10, bounds, "0.75")},
         "737.5ms", "500ms", "service:latency:p95_1m", "5s", "3m2s", LADDER[:1]),
        ("error_spike", service, {SERVICE % 200: counter((9, 40)), SERVICE % 502: counter((1, 40))},
         "10%", "1%", "service:errors:ratio_rate1m", "5s", "3m2s", LADDER),
        ("upstream_failure", pool, failing, "10%", "5%", "pool:errors:ratio_rate1m", "5s", "3m2s", LADDER[:3]),
        ("rate_limit_storm", pool, limited, "10%", "5%", "pool:throttled:ratio_rate1m", "5s", "3m2s", LADDER[:3]),
        ("traffic_drop", service, dropped, "0.75/s", "1/s", "service:requests:rate1m", "15s", "75m1s", LADDER[:1]),
        ("absent_data", service, {UP % 0: "1x20 0x20"}, "100%", "33%", "service:data_lost:ratio", "5s", "3m2s", LADDER),
    ):  # fmt: skip
        expected = [
            {
                "exp_labels": {"anomaly_type": kind, "metric": metric, "severity": severity, **labels},
                "exp_annotations": {
                    "summary": f"{WORDS[kind][0]}",
                    "description": WORDS[kind][1],
                    "recommendation": CATALOGUE[kind].recommendation,
                    "actual": actual,
                    "threshold": threshold,
                    "runbook_url": f"https://dev-hq.example/runbooks/{kind}.md",
                    "dashboard_url": "http://127.0.0.1:3000/d/dev-hq-anomaly-overview?var-service=storefront",
                },
            }
            for severity in levels
        ]
        alert = {"eval_time": at, "alertname": CATALOGUE[kind].alert, "exp_alerts": expected}
        yield case(f"words: {kind}", series, step=step, alerts=[alert])


WORDS = {
    "latency_shift": (
        "storefront answers too slowly",
        "The slowest 5% of requests to storefront take 737.5ms or more; the limit is 500ms.",
    ),
    "error_spike": (
        "storefront fails requests",
        "10% of the requests to storefront fail with a 5xx; 1% is the limit.",
    ),
    "upstream_failure": (
        "storefront cannot rely on the pool vendor-proxies",
        "10% of the requests through vendor-proxies fail with a 5xx, time out or are given up by storefront; "
        "5% is the limit. 3 of its members are in rotation.",
    ),
    "rate_limit_storm": (
        "storefront is being rate-limited",
        "10% of the requests through vendor-proxies are answered 429; 5% is the limit.",
    ),
    "traffic_drop": (
        "storefront gets hardly any requests",
        "storefront gets 0.75/s; 1/s, 10% of the past hour's mean, is the limit.",
    ),
    "absent_data": (
        "nobody can see how storefront is",
        "100% of what storefront should tell of itself is missing; 33% is the limit. As long as all of it is, "
        "no other alert of this service says anything.",
    ),
}


def budget_cases() -> Iterator[Case]:
    def budget(slo: str) -> str:
        return f'{{service="storefront", slo="{slo}"}}'

    bounds = ("0.1", "0.3", "0.5", "+Inf")
    series = {
        SERVICE % 200: counter((9.98, 120)), SERVICE % 503: counter((0.02, 120)),
        BUCKET % "0.1": counter((9, 120)), BUCKET % "0.3": counter((9.8, 120)),
        BUCKET % "0.5": counter((10, 120)), BUCKET % "+Inf": counter((10, 120)),
    }  # fmt: skip
    yield case("budget: 0.2% errors and 2% slow", series,
               look("round(slo:burn_rate:ratio_rate5m, 0.001)", "9m2s",
                    {budget("success_rate"): 0.4, budget("latency"): 2}),
               look("round(slo:error_budget_remaining:ratio, 0.001)", "9m2s",
                    {budget("success_rate"): 0.6, budget("latency"): -1}), finite("9m2s"))  # fmt: skip
    yield case(
        "budget: without requests none is spent, and none is left: nothing is known",
        {SERVICE % 200: "100x120", SERVICE % 503: "9x120", **histogram(BUCKET, 0, bounds, "0.3", 120)},
        look("slo:burn_rate:ratio_rate5m", "9m2s", {}),
        look("slo:error_budget_remaining:ratio", "9m2s", {}),
    )
    yield case("budget: a histogram without the objective's bound says nothing",
               {SERVICE % 200: counter((10, 120)), **histogram(BUCKET, 10, ("0.25", "+Inf"), "0.25", 120)},
               look("slo:burn_rate:ratio_rate5m", "9m2s",
                    {f'slo:burn_rate:ratio_rate5m{budget("success_rate")}': 0}),
               look("slo:error_budget_remaining:ratio", "9m2s",
                    {f'slo:error_budget_remaining:ratio{budget("success_rate")}': 1}))  # fmt: skip


def playbook_cases() -> Iterator[Case]:
    yield case("playbook: what to do about every type", {}, look("anomaly:playbook_info", "0m2s", {
        f'anomaly:playbook_info{{anomaly_type="{name}", recommendation="{kind.recommendation}", '
        f'runbook_url="https://dev-hq.example/runbooks/{name}.md"}}': 1
        for name, kind in CATALOGUE.items()
    }))  # fmt: skip


def watching_cases() -> Iterator[Case]:
    def fires(at: str, *alerts: str) -> dict[str, Any]:
        return look('count by (alertname) (ALERTS{alertstate="firing"})', at,
                    {f'{{alertname="{alert}"}}': 1 for alert in ("Watchdog", *alerts)})  # fmt: skip

    fine = {
        'up{job="dev-hq",instance="a"}': "1x700",
        'exporter_collector_success{collector="journal",instance="a"}': "1x700",
        'prometheus_rule_evaluation_failures_total{rule_group="anomalies"}': "3x700",
        'alertmanager_notifications_failed_total{integration="webhook"}': "2x700",
        'chaos_fault_active{scenario="s",fault="latency",chaos_target="t"}': "0x10 1x50 0x640",
    }
    yield case("watching: all is well", fine, fires("0m2s"), fires("4m2s"), fires("50m2s"))
    for alert, change in {
        "ExporterDown": {'up{job="dev-hq",instance="a"}': "1x40 0x80"},
        "ExporterCollectorFailing": {'exporter_collector_success{collector="journal",instance="a"}': "1x40 0x80"},
        "RuleEvaluationFailing": {'prometheus_rule_evaluation_failures_total{rule_group="anomalies"}': "3x80 4x40"},
        "NotificationsFailing": {'alertmanager_notifications_failed_total{integration="webhook"}': "2x40 3+1x80"},
        "ChaosFaultStuck": {'chaos_fault_active{scenario="s",fault="latency",chaos_target="t"}': "0x10 1x700"},
    }.items():
        at = "31m2s" if alert == "ChaosFaultStuck" else "7m2s"
        yield case(f"watching: {alert}", {**fine, **change}, fires("1m2s"), fires(at, alert))
    missing = {one: values for one, values in fine.items() if not one.startswith("up")}
    yield case("watching: ExporterMissing", missing, fires("1m2s"), fires("2m12s", "ExporterMissing"))
    yield case("watching: ExporterCollectorFailing forgives one scrape",
               {**fine, 'exporter_collector_success{collector="journal",instance="a"}': "1x40 0 1x80"},
               fires("3m27s"), fires("4m52s"))  # fmt: skip
    yield case("watching: prometheus itself cannot notify",
               {**fine, 'prometheus_notifications_errors_total{alertmanager="x"}': "0x40 3+1x80"},
               fires("1m2s"), fires("7m2s", "NotificationsFailing"))  # fmt: skip


def _file(rules: str, every: str, *cases: Iterable[Case]) -> dict[str, Any]:
    return {
        "rule_files": [f"../{rules}.yml"],
        "evaluation_interval": every,
        "tests": [one for some in cases for one in some],
    }


def is_long(one: Case) -> bool:
    return one["interval"] == "15s"


def files() -> dict[str, str]:
    """Every test file by its name, as it is written."""
    words = list(wording_cases())
    contents = {
        "recorded.yml": _file("anomalies", "2s", recorded_cases()),
        "latency_shift.yml": _file("anomalies", "2s", latency_cases()),
        "error_spike.yml": _file("anomalies", "2s", error_cases()),
        "upstream_failure.yml": _file("anomalies", "2s", upstream_cases()),
        "rate_limit_storm.yml": _file("anomalies", "2s", rate_limit_cases()),
        "traffic_drop.yml": _file("anomalies", "14s", traffic_cases(), filter(is_long, words)),
        "absent_data.yml": _file("anomalies", "2s", absence_cases()),
        "absent_series.yml": _file("anomalies", "14s", long_absence_cases()),
        "words.yml": _file("anomalies", "2s", (one for one in words if not is_long(one))),
        "budgets.yml": _file("budgets", "1s", budget_cases()),
        "playbook.yml": _file("playbook", "1s", playbook_cases()),
        "watching.yml": _file("watching", "2s", watching_cases()),
    }
    header = "# Generated by `python -m tests.prometheus.rule_cases`; edit that file, not this.\n"
    return {name: header + dump(content) for name, content in contents.items()}


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for name, text in files().items():
        (DIRECTORY / name).write_text(text)
