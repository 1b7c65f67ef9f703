"""The unit tests of the band: what is learnt of a series, and what is said of a value beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.prometheus.rule_case import BUCKET, SERVICE, Case, case, counter, firing, histogram, look, score

SHOP = 'service="storefront"'
LATENCY = f'anomaly_type="latency_shift", {SHOP}'
BOUNDS = ("0.1", "0.15", "0.19", "0.3", "0.4", "1.0", "1.5", "+Inf")


def band(centre: float, width: float, samples: int, kind: str = "latency_shift") -> dict[str, str]:
    labels = f'{{anomaly_type="{kind}",service="storefront"}}'
    return {
        f"anomaly:band_centre{labels}": f"{centre:g}x{samples}",
        f"anomaly:band_width{labels}": f"{width:g}x{samples}",
    }


def slow(within: str, samples: int = 40, rate: float = 10) -> dict[str, str]:
    return {SERVICE % 200: counter((rate, samples)), **histogram(BUCKET, rate, BOUNDS, within, samples)}


def unusual_cases() -> Iterator[Case]:
    """A usual latency of 100 ms, give or take 50; the limit is 500 ms."""
    for within, expected, severity in (("0.15", 0.95, ""), ("0.19", 1.76, "medium"), ("0.4", 1.99, "medium"),
                                       ("1.5", 2.95, "high")):  # fmt: skip
        yield case(
            f"unusual: everything in the bucket up to {within} s",
            {**slow(within), **band(0.1, 0.05, 40)},
            look('round(anomaly:threshold{anomaly_type="latency_shift"}, 0.01)', "3m2s", {f"{{{LATENCY}}}": 0.15}),
            score("latency_shift", "3m2s", expected), firing("3m2s", "LatencyShift", severity),
        )  # fmt: skip
    yield case("unusual: a band above the limit leaves the limit",
               {**slow("1.0"), **band(0.6, 0.5, 40)},
               look('round(anomaly:threshold{anomaly_type="latency_shift"}, 0.01)', "3m2s", {f"{{{LATENCY}}}": 0.5}),
               look('round(anomaly:band_score{anomaly_type="latency_shift"}, 0.01)', "3m2s", {f"{{{LATENCY}}}": 0.74}),
               score("latency_shift", "3m2s", 1.94), firing("3m2s", "LatencyShift", "medium"))  # fmt: skip
    drift = {f"anomaly:drift{{{LATENCY}}}": "0.06x40", f"anomaly:drift_width{{{LATENCY}}}": "0.05x40"}
    yield case("unusual: two hours that were all a little slower, and no minute of them alone",
               {**slow("0.15"), **band(0.1, 0.05, 40), **drift},
               score("latency_shift", "3m2s", 1.2), firing("3m2s", "LatencyShift", "low"))  # fmt: skip
    yield case("unusual: few requests prove nothing", {**slow("0.4", rate=0.3), **band(0.1, 0.05, 40)},
               score("latency_shift", "3m2s", 0), firing("3m2s"))  # fmt: skip
    yield case("unusual: a band that nobody has recorded for 10 minutes holds no more",
               {**slow("0.4", 160), **band(0.1, 0.05, 2)},
               score("latency_shift", "8m2s", 1.99), score("latency_shift", "12m2s", 0.79),
               firing("12m2s"))  # fmt: skip
    started = 'process_start_time_seconds{job="storefront",instance="a"}'
    yield case("unusual: what has just been started may be slow, for two minutes",
               {**slow("+Inf", 80), started: "_x30 150x50"},
               look("service:restarted:bool", "3m2s", {f"service:restarted:bool{{{SHOP}}}": 1}),
               score("latency_shift", "3m2s", 0), score("latency_shift", "4m42s", 3), firing("3m2s"),
               firing("4m42s", "LatencyShift", "critical"))  # fmt: skip


def unusual_restart_cases() -> Iterator[Case]:
    loop = {
        f'process_start_time_seconds{{job="storefront",instance="{number}"}}':
        f"_x{number * 20} {number * 100}x19 stale" for number in range(1, 8)
    }  # fmt: skip
    yield case("unusual: a crash loop in which every start is a new instance is excused for four minutes",
               {**slow("+Inf", 150), **loop},
               score("latency_shift", "4m32s", 0), firing("4m32s"),
               score("latency_shift", "9m2s", 3), firing("9m2s", "LatencyShift", "critical"))  # fmt: skip


def unusual_traffic_cases() -> Iterator[Case]:
    yield case("traffic: half as much as is usual is a little odd",
               {SERVICE % 200: counter((10, 280), (4, 40), step=15), **band(10, 5, 340, "traffic_drop")},
               look('round(anomaly:threshold{anomaly_type="traffic_drop"}, 0.1)', "75m1s",
                    {f'{{anomaly_type="traffic_drop", {SHOP}}}': 5}),
               score("traffic_drop", "75m1s", 1.2), firing("75m1s", "TrafficDrop", "low"), step="15s")  # fmt: skip


def band_cases() -> Iterator[Case]:
    """A sample every 4 minutes, an evaluation every 5."""
    actual = f"anomaly:actual{{{LATENCY}}}"
    learnt = {"level": 0.1, "same_time_of_day": 0.1, "band_centre": 0.1, "standard_deviation": 0, "least_width": 0.05,
              "band_width": 0.05, "learned": 0.1, "level_residual": 0, "same_time_of_day_residual": 0, "drift": 0,
              "drift_width": 0.05}  # fmt: skip
    yield case("bands: four days that were all the same", {actual: "0.1x1440"},
               *(look(f"round(anomaly:{name}, 0.001)", "95h2m", {f"{{{LATENCY}}}": value})
                 for name, value in learnt.items()), step="4m")  # fmt: skip
    yield case("bands: half a day is no history", {actual: "0.1x400"},
               look("anomaly:band_centre", "5h2m", {}), look("anomaly:band_width", "5h2m", {}), step="4m")  # fmt: skip
    hour = {actual: "0.1x450 5x14 0.1x10"}
    yield case("bands: an incident of an hour doubles them, once", hour,
               look("round(anomaly:band_width, 0.001)", "31h32m", {f"{{{LATENCY}}}": 0.105}), step="4m")  # fmt: skip
    yield case("bands: a level that lasts is learnt within hours", {actual: "0.1x450 0.4x150"},
               look("0.4 - anomaly:band_width - anomaly:band_centre <= bool 0", "39h32m", {f"{{{LATENCY}}}": 1}),
               step="4m")  # fmt: skip
    yield case("bands: what is beyond the limit is not learnt",
               {**hour, f"anomaly:limit_score{{{LATENCY}}}": "0.2x450 10x14 0.2x10"},
               look("round(anomaly:band_width, 0.001)", "31h32m", {f"{{{LATENCY}}}": 0.05}), step="4m")  # fmt: skip
    yield case("bands: nothing is learnt of a service while a fault of ours is in it",
               {actual: "0.1x450 5x20 0.1x10", f"service:chaos:active{{{SHOP}}}": "0x449 1x21 0x10"},
               look("max(max_over_time(anomaly:learned[1d]))", "31h32m", {"{}": 0.1}),
               look("round(anomaly:band_width, 0.001)", "31h32m", {f"{{{LATENCY}}}": 0.05}), step="4m")  # fmt: skip
