"""The unit tests of the anomaly rules: each type at each severity, its guards, its hold, cold starts and restarts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.prometheus.rule_case import (
    BUCKET,
    FRONT,
    GIVEN_UP,
    HEALTHY,
    LIMITED,
    POOL_BUCKET,
    SERVICE,
    UP,
    Case,
    case,
    counter,
    finite,
    firing,
    histogram,
    look,
    score,
)
from tests.prometheus.rule_cases_of_load import AT_ONCE, MEMBERS, MOST, OPEN


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
        "absence: what answers again is back, however long it was gone in the last minute",
        {UP % 0: "1x30 0x7 1x30"},
        look("round(service:targets_lost:ratio_1m, 0.01)", "3m7s", {'{service="storefront"}': 0.58}),
        look("service:targets_lost:ratio_1m", "3m16s", {'service:targets_lost:ratio_1m{service="storefront"}': 0}),
    )
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
        OPEN % 0: "100x40", MOST % 0: "1000x40", AT_ONCE: "200000x40", MEMBERS: "4x40",
    }  # fmt: skip
    service, pool = 'service="storefront"', 'pool="vendor-proxies", service="storefront"'
    yield case(
        "a calm stack: what is recorded", series,
        look("round(service:requests:rate1m, 0.01)", "3m2s", {f"{{{service}}}": 10}),
        look("service:errors:ratio_rate1m", "3m2s", {f"service:errors:ratio_rate1m{{{service}}}": 0}),
        look("round(service:latency:p95_1m, 0.001)", "3m2s", {f"{{{service}}}": 0.195}),
        look("service:errors:rate1m", "3m2s", {f"service:errors:rate1m{{{service}}}": 0}),
        look("service:throttled:rate1m", "3m2s", {f"service:throttled:rate1m{{{service}}}": 0}),
        look("service:throttled:ratio_rate1m", "3m2s", {f"service:throttled:ratio_rate1m{{{service}}}": 0}),
        look("service:targets_lost:ratio_1m", "3m2s", {f"service:targets_lost:ratio_1m{{{service}}}": 0}),
        look("service:data_lost:ratio", "3m2s", {f"service:data_lost:ratio{{{service}}}": 0}),
        look("service:file_descriptors:ratio", "3m2s", {f"service:file_descriptors:ratio{{{service}}}": 0.1}),
        look("service:saturation:ratio", "3m2s", {f"service:saturation:ratio{{{service}}}": 0.1}),
        look("service:flaps:changes10m", "3m2s", {f"service:flaps:changes10m{{{service}}}": 0}),
        look("pool:saturation:ratio", "3m2s", {f"pool:saturation:ratio{{{pool}}}": 0.2}),
        look("round(pool:requests:rate1m, 0.01)", "3m2s", {f"{{{pool}}}": 4}),
        look("pool:errors:ratio_rate1m", "3m2s", {f"pool:errors:ratio_rate1m{{{pool}}}": 0}),
        look("pool:throttled:ratio_rate1m", "3m2s", {f"pool:throttled:ratio_rate1m{{{pool}}}": 0}),
        look("round(pool:latency:p95_1m, 0.0001)", "3m2s", {f"{{{pool}}}": 0.0975}),
        look("pool:members:healthy", "3m2s", {f"pool:members:healthy{{{pool}}}": 4}),
        look("round(anomaly:actual, 0.001)", "3m2s", {
            f'{{anomaly_type="latency_shift", {service}}}': 0.195, f'{{anomaly_type="error_spike", {service}}}': 0,
            f'{{anomaly_type="upstream_failure", {pool}}}': 0, f'{{anomaly_type="rate_limit_storm", {pool}}}': 0,
            f'{{anomaly_type="traffic_drop", {service}}}': 10, f'{{anomaly_type="absent_data", {service}}}': 0,
            f'{{anomaly_type="traffic_spike", {service}}}': 10, f'{{anomaly_type="flapping", {service}}}': 0,
            f'{{anomaly_type="saturation", {service}}}': 0.1, f'{{anomaly_type="saturation", {pool}}}': 0.2,
        }),
        look("anomaly:limit", "3m2s", {
            f'anomaly:limit{{anomaly_type="{kind}", {of}}}': limit
            for kind, of, limit in (
                ("latency_shift", service, 0.5), ("error_spike", service, 0.01), ("upstream_failure", pool, 0.05),
                ("rate_limit_storm", pool, 0.05), ("flapping", service, 4), ("saturation", service, 0.8),
                ("saturation", pool, 0.8), ("absent_data", service, 0.33),
            )
        }),
        *(look(f'anomaly:limit{{anomaly_type="{kind}"}}', "3m2s", {})  # there is no past, and no budget
          for kind in ("traffic_drop", "traffic_spike", "budget_exhaustion")),
        look("round(anomaly:limit_score, 0.01)", "3m2s", {
            f'{{anomaly_type="{kind}", {of}}}': reached
            for kind, of, reached in (
                ("latency_shift", service, 0.39), ("error_spike", service, 0), ("upstream_failure", pool, 0),
                ("rate_limit_storm", pool, 0), ("traffic_drop", service, 0), ("traffic_spike", service, 0),
                ("flapping", service, 0), ("saturation", service, 0.22), ("saturation", pool, 0.25),
                ("absent_data", service, 0),
            )
        }),
        *(look(f'anomaly:{each}{{anomaly_type="budget_exhaustion"}}', "3m2s", {})
          for each in ("actual", "limit_score")),
        look("anomaly:threshold", "3m2s", {
            f'anomaly:threshold{{anomaly_type="latency_shift", {service}}}': 0.5,
            f'anomaly:threshold{{anomaly_type="error_spike", {service}}}': 0.01,
            f'anomaly:threshold{{anomaly_type="upstream_failure", {pool}}}': 0.05,
            f'anomaly:threshold{{anomaly_type="rate_limit_storm", {pool}}}': 0.05,
            f'anomaly:threshold{{anomaly_type="absent_data", {service}}}': 0.33,
            f'anomaly:threshold{{anomaly_type="flapping", {service}}}': 4,
            f'anomaly:threshold{{anomaly_type="saturation", {service}}}': 0.8,
            f'anomaly:threshold{{anomaly_type="saturation", {pool}}}': 0.8,
        }),
        firing("3m2s"), finite("3m2s"),
    )  # fmt: skip
