"""The unit tests of what alerts say, and of budgets, playbook and the alerts that watch the watchers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus.catalogue import CATALOGUE
from tests.prometheus.rule_case import (
    BUCKET,
    FRONT,
    HEALTHY,
    LADDER,
    LIMITED,
    SERVICE,
    UP,
    Case,
    case,
    counter,
    histogram,
    look,
)
from tests.prometheus.rule_cases_of_load import MOST, OPEN
from tests.prometheus.rule_cases_of_targets import changes


def wording_cases() -> Iterator[Case]:
    """One alert of each type, with every label and annotation as a person reads them."""
    bounds = ("0.3", "0.5", "0.75", "+Inf")
    pool = {"service": "storefront", "pool": "vendor-proxies"}
    service = {"service": "storefront"}
    limited = {FRONT % 2: counter((9, 40)), FRONT % 4: counter((1, 40)), LIMITED: counter((1, 40))}
    failing = {FRONT % 2: counter((9, 40)), FRONT % 5: counter((1, 40)), HEALTHY: "3x40"}
    risen = {SERVICE % 200: counter((10, 280), (40, 40), step=15)}
    dropped = {SERVICE % 200: counter((10, 280), (0.75, 40), step=15)}
    for kind, labels, series, actual, threshold, metric, step, at, levels in (
        ("latency_shift", service, {SERVICE % 200: counter((10, 40)), **histogram(BUCKET, 10, bounds, "0.75")},
         "737.5ms", "500ms", "service:latency:p95_1m", "5s", "3m2s", LADDER[:1]),
        ("error_spike", service, {SERVICE % 200: counter((9, 40)), SERVICE % 502: counter((1, 40))},
         "10%", "1%", "service:errors:ratio_rate1m", "5s", "3m2s", LADDER),
        ("upstream_failure", pool, failing, "10%", "5%", "pool:errors:ratio_rate1m", "5s", "3m2s", LADDER[:3]),
        ("rate_limit_storm", pool, limited, "10%", "5%", "pool:throttled:ratio_rate1m", "5s", "3m2s", LADDER[:3]),
        ("traffic_drop", service, dropped, "0.75/s", "1/s", "service:requests:rate1m", "15s", "75m1s", LADDER[:1]),
        ("traffic_spike", service, risen, "40/s", "30/s", "service:requests:rate1m", "15s", "75m1s", LADDER[:1]),
        ("saturation", service, {OPEN % 0: "820x40", MOST % 0: "1000x40"},
         "82%", "80%", "service:saturation:ratio", "5s", "3m2s", LADDER[:1]),
        ("flapping", service, {UP % 0: changes(4)}, "4 changes", "4 changes", "service:flaps:changes10m", "5s", "3m2s",
         LADDER[:1]),
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
                    "dashboard_url": (
                        "http://127.0.0.1:3000/d/dev-hq-anomaly-overview"
                        f"?var-service=storefront&var-anomaly_type={kind}"
                    ),
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
        "10% of the requests to storefront fail; 1% is the limit.",
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
        "storefront gets 0.75/s; the limit is 1/s: 10% of the past hour's mean, or the edge of what is usual if that "
        "is nearer.",
    ),
    "traffic_spike": (
        "storefront gets far more requests than before",
        "storefront gets 40/s; the limit is 30/s: 3 times the past hour's mean, or the edge of what is usual if that "
        "is nearer.",
    ),
    "saturation": (
        "storefront is nearly full",
        "82% of what storefront can take at once is in use; 80% is the limit. What fires below the limit will be "
        "full within 5 minutes if it goes on like this.",
    ),
    "flapping": (
        "storefront comes and goes",
        "4 changes in 10 minutes: a target of storefront goes and comes back, or starts again. 4 changes is the limit.",
    ),
    "absent_data": (
        "nobody can see how storefront is",
        "100% of what storefront should tell of itself is missing; 33% is the limit. As long as all of it is, "
        "no other alert of this service says anything.",
    ),
}


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
        'up{job="envoy",instance="b"}': "1x700",
        'exporter_collector_success{collector="journal",instance="a"}': "1x700",
        'prometheus_rule_evaluation_failures_total{rule_group="anomalies"}': "3x700",
        'alertmanager_notifications_failed_total{integration="webhook"}': "2x700",
        'chaos_fault_active{scenario="s",fault="latency",chaos_target="t"}': "0x10 1x50 0x640",
    }
    yield case("watching: all is well", fine, fires("0m2s"), fires("4m2s"), fires("50m2s"))
    for alert, change in {
        "EnvoyDown": {'up{job="envoy",instance="b"}': "1x40 0x80"},
        "ExporterDown": {'up{job="dev-hq",instance="a"}': "1x40 0x80"},
        "ExporterCollectorFailing": {'exporter_collector_success{collector="journal",instance="a"}': "1x40 0x80"},
        "RuleEvaluationFailing": {'prometheus_rule_evaluation_failures_total{rule_group="anomalies"}': "3x80 4x40"},
        "NotificationsFailing": {'alertmanager_notifications_failed_total{integration="webhook"}': "2x40 3+1x80"},
        "ChaosFaultStuck": {'chaos_fault_active{scenario="s",fault="latency",chaos_target="t"}': "0x10 1x700"},
    }.items():
        at = "31m2s" if alert == "ChaosFaultStuck" else "7m2s"
        yield case(f"watching: {alert}", {**fine, **change}, fires("1m2s"), fires(at, alert))
    missing = {one: values for one, values in fine.items() if "dev-hq" not in one}
    yield case("watching: ExporterMissing", missing, fires("1m2s"), fires("2m12s", "ExporterMissing"))
    yield case("watching: ExporterCollectorFailing forgives one scrape",
               {**fine, 'exporter_collector_success{collector="journal",instance="a"}': "1x40 0 1x80"},
               fires("3m27s"), fires("4m52s"))  # fmt: skip
    yield case("watching: prometheus itself cannot notify",
               {**fine, 'prometheus_notifications_errors_total{alertmanager="x"}': "0x40 3+1x80"},
               fires("1m2s"), fires("7m2s", "NotificationsFailing"))  # fmt: skip
