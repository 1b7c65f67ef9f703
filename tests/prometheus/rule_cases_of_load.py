"""The unit tests of too much: far more requests than before, and what is nearly full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.prometheus.rule_case import SERVICE, Case, case, counter, finite, firing, look, score

OPEN = 'process_open_fds{job="storefront",instance="%d"}'
MOST = 'process_max_fds{job="storefront",instance="%d"}'
AT_ONCE = 'envoy_cluster_upstream_rq_active{envoy_cluster_name="pool_vendor-proxies"}'
HEALTHY = 'envoy_cluster_membership_healthy{envoy_cluster_name="pool_vendor-proxies"}'
MEMBERS = 'envoy_cluster_membership_total{envoy_cluster_name="pool_vendor-proxies"}'


def spike_cases() -> Iterator[Case]:
    """70 minutes of samples every 15 s, then 10 more; looked at 75 minutes and one second."""
    kind, alert, at = "traffic_spike", "TrafficSpike", "75m1s"
    for rate, severity in ((29, ""), (32, "low"), (46, "medium"), (62, "high"), (9000, "critical")):
        yield case(f"spike: from 10/s to {rate}/s", {SERVICE % 200: counter((10, 280), (rate, 40), step=15)},
                   score(kind, at, round(rate / 30, 2)), firing(at, alert, severity), finite(at),
                   step="15s")  # fmt: skip
    yield case("spike: the threshold follows the past", {SERVICE % 200: counter((10, 320), step=15)},
               look('round(anomaly:threshold{anomaly_type="traffic_spike"}, 0.01)', at,
                    {'{anomaly_type="traffic_spike", service="storefront"}': 30}), step="15s")  # fmt: skip
    yield case("spike: what had less than a request in two seconds cannot rise",
               {SERVICE % 200: counter((0.4, 280), (50, 40), step=15)},
               score(kind, at, 0), firing(at), step="15s")  # fmt: skip
    yield case("spike: 12 minutes are no past", {SERVICE % 200: counter((10, 48), (100, 40), step=15)},
               score(kind, "14m0s", 0), firing("14m0s"), step="15s")  # fmt: skip
    yield case("spike: a restart is none: its counter begins again",
               {SERVICE % 200: f"{counter((10, 290), step=15)} {counter((10, 40), step=15)}"},
               score(kind, "74m1s", 0.33), firing("74m1s"), step="15s")  # fmt: skip


def full(at: str, value: float | None, pool: bool = False) -> dict[str, Any]:
    """The score of saturation, of the service or of the pool."""
    of = 'pool="vendor-proxies", ' if pool else ""
    samples = {} if value is None else {f'{{anomaly_type="saturation", {of}service="storefront"}}': value}
    which = f'{{anomaly_type="saturation",pool{"!=" if pool else "="}""}}'
    return look(f"round(anomaly:score{which}, 0.01)", at, samples)


def saturation_cases() -> Iterator[Case]:
    alert = "Saturation"
    for used, severity, expected in (
        (79, "", 0.95), (81, "low", 1.05), (87, "medium", 1.54), (91, "high", 2.22), (94, "critical", 3.33),
        (100, "critical", 10), (120, "critical", 10),
    ):  # fmt: skip
        series = {OPEN % 0: f"{used}0x40", MOST % 0: "1000x40", OPEN % 1: "10x40", MOST % 1: "1000x40"}
        yield case(f"saturation: {used}% of the worst target's files", series,
                   full("3m2s", expected), firing("3m2s", alert, severity), finite("3m2s"))  # fmt: skip
    rising = {MOST % 0: "1200x200"}
    yield case("saturation: at this pace full in less than five minutes, and in more",
               {**rising, OPEN % 0: "120+5x200"},
               full("12m2s", 0.67), firing("12m2s"), full("13m32s", 1), firing("13m32s", alert, "low"),
               full("14m58s", 1.3), finite("13m32s"))  # fmt: skip
    yield case("saturation: a step is no pace, whichever half of ten minutes it is in",
               {**rising, OPEN % 0: "240x119 930x79"},
               *(full(at, 0.89) for at in ("10m22s", "11m2s", "12m32s", "14m2s", "15m32s")),
               firing("14m2s"))  # fmt: skip
    yield case("saturation: ten minutes have to be known", {**rising, OPEN % 0: "498+6x72 930x20"},
               full("6m2s", 0.89), firing("6m2s"))  # fmt: skip
    yield case("saturation: a process without a limit, and one that tells none",
               {OPEN % 0: "900x40", MOST % 0: "0x40", OPEN % 1: "900x40"},
               full("3m2s", None), look("service:saturation:ratio", "3m2s", {}), firing("3m2s"),
               finite("3m2s", None))  # fmt: skip
    yield from _pool_cases()


def _pool_cases() -> Iterator[Case]:
    ratio = 'pool:saturation:ratio{pool="vendor-proxies", service="storefront"}'
    for requests, healthy, severity, expected in (
        (790_000, 4, "", 0.95), (910_000, 4, "high", 2.22), (455_000, 2, "high", 2.22), (940_000, 4, "critical", 3.33),
    ):  # fmt: skip
        series = {AT_ONCE: f"{requests}x40", HEALTHY: f"{healthy}x40", MEMBERS: "4x40"}
        yield case(f"saturation: {requests} requests at once, {healthy} of 4 members in rotation", series,
                   full("3m2s", expected, pool=True), look("pool:saturation:ratio", "3m2s",
                   {ratio: requests / 1_000_000 * 4 / healthy}),
                   firing("3m2s", "Saturation", severity), finite("3m2s"))  # fmt: skip
    yield case("saturation: no member in rotation is another matter",
               {AT_ONCE: "5x40", HEALTHY: "0x40", MEMBERS: "4x40"},
               full("3m2s", None, pool=True), look("pool:saturation:ratio", "3m2s", {}),
               firing("3m2s", "UpstreamFailure", "critical"), finite("3m2s"))  # fmt: skip
