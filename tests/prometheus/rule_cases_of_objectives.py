"""The unit tests of budgets, burn rates, their alerts, and the prediction of a budget's end.

They are evaluated every 20 s, as often as the demo's tiles come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus.catalogue import CATALOGUE
from tests.prometheus.rule_case import (
    ALL_FINITE,
    BUCKET,
    LADDER,
    SERVICE,
    Case,
    case,
    counter,
    finite,
    firing,
    histogram,
    look,
    score,
)

BURN = "ErrorBudgetBurn"
BOUNDS = ("0.1", "0.3", "0.5", "+Inf")
REQUESTS_COME = 'service:requests:rate1m{service="storefront"}'


def of(slo: str, name: str = "", **more: str) -> str:
    labels = {"service": "storefront", "slo": slo, **more}
    written = ", ".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{written}}}"


def served(*phases: tuple[float, float, int], step: float = 15) -> dict[str, str]:
    """Requests: so many a second, of which such a share fails, for so many samples."""
    return {
        SERVICE % 200: counter(*((rate * (1 - bad), samples) for rate, bad, samples in phases), step=step),
        SERVICE % 503: counter(*((rate * bad, samples) for rate, bad, samples in phases), step=step),
    }


def budget_cases() -> Iterator[Case]:
    yield from _recorded()
    yield from _severities()
    yield from _windows()
    yield from _unmeasured()
    yield from _predicted()
    yield from _words()


def _recorded() -> Iterator[Case]:
    series = {
        SERVICE % 200: counter((9.98, 160)), SERVICE % 503: counter((0.02, 160)),
        BUCKET % "0.1": counter((9, 160)), BUCKET % "0.3": counter((9.8, 160)),
        BUCKET % "0.5": counter((10, 160)), BUCKET % "+Inf": counter((10, 160)),
    }  # fmt: skip
    both = "success_rate", "latency"

    def all_windows(values: tuple[float, float]) -> list[dict[str, Any]]:
        return [
            look(f"round(slo:burn_rate:ratio_rate{window}, 0.001)", "12m2s",
                 dict(zip(map(of, both), values, strict=True)))
            for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
        ]  # fmt: skip

    yield case(
        "budget: 0.2% errors and 2% slow", series,
        *all_windows((0.4, 2)),
        look("round(slo:requests:increase5m)", "12m2s", {of(slo): 3000 for slo in both}),
        look("round(slo:bad:increase5m)", "12m2s", {of("success_rate"): 6, of("latency"): 60}),
        look("count_over_time(slo:requests:tile5m[1m])", "12m2s", {of(slo): 3 for slo in both}),
        look("count_over_time(slo:bad:tile5m[1m])", "12m2s", {of(slo): 3 for slo in both}),
        look("slo:error_budget:ratio", "12m2s",
             {of("success_rate", "slo:error_budget:ratio"): 0.005, of("latency", "slo:error_budget:ratio"): 0.01}),
        look("slo:window:seconds", "12m2s", {of(slo, "slo:window:seconds"): 2592000 for slo in both}),
        look("round(slo:error_budget_remaining:ratio, 0.001)", "12m2s", {of("success_rate"): 0.6, of("latency"): -1}),
        look("round(slo:coverage:ratio * 2592000, 20)", "12m2s", {of(slo): 720 for slo in both}),
        look("round((1 - slo:error_budget_unspent:ratio) * 2592000)", "12m2s",
             {of("success_rate"): 288, of("latency"): 1440}),
        look("round(service:error_budget_remaining:ratio, 0.001)", "12m2s", {'{service="storefront"}': -1}),
        finite("12m2s"),
    )  # fmt: skip
    yield case(
        "budget: without requests none is spent, and none is left: nothing is known",
        {SERVICE % 200: "100x120", SERVICE % 503: "9x120", **histogram(BUCKET, 0, BOUNDS, "0.3", 120)},
        look("slo:burn_rate:ratio_rate5m or slo:burn_rate:ratio_rate1h or slo:burn_rate:ratio_rate1d", "9m2s", {}),
        look("slo:error_budget_remaining:ratio", "9m2s", {}),
    )
    yield case("budget: without a metric there is nothing", {'up{job="storefront"}': "1x120"},
               look('{__name__=~"slo:.+"}', "9m2s", {}), finite("9m2s", None))  # fmt: skip
    yield case("budget: what is promised is still known when the series are gone", served((10, 0.001, 60)),
               look("slo:requests:increase5m", "40m2s", {}),
               look("slo:error_budget:ratio", "40m2s", {of("success_rate", "slo:error_budget:ratio"): 0.005}),
               look("round(slo:burn_rate:ratio_rate1h, 0.01)", "40m2s", {of("success_rate"): 0.2}),
               look("round(slo:burn_rate:ratio_rate6h, 0.01)", "40m2s", {of("success_rate"): 0.2}),
               look("round(slo:error_budget_remaining:ratio, 0.01)", "40m2s", {of("success_rate"): 0.8}),
               finite("40m2s"), step="15s")  # fmt: skip


def _severities() -> Iterator[Case]:
    for share, severity in ((0.004, ""), (0.0075, "low"), (0.02, "medium"), (0.05, "high"), (0.1, "critical")):
        name = severity or "no alert"
        yield case(f"burn rate: {share / 0.005:g} times is {name}", served((10, share, 80)),
                   firing("18m2s", BURN, severity), finite("18m2s"), step="15s")  # fmt: skip
    yield case("burn rate: what burns too fast is recorded with its window", served((10, 0.1, 80)),
               look("round(slo:budget_burning:ratio)", "18m2s", {
                   of("success_rate", window=window, severity=severity): 20
                   for window, severity in zip(("3d", "1d", "6h", "1h"), LADDER, strict=True)
               }), step="15s")  # fmt: skip
    yield case("burn rate: too slow burns like too many failures",
               {BUCKET % "0.1": counter((5, 80), step=15), BUCKET % "0.3": counter((8, 80), step=15),
                BUCKET % "0.5": counter((10, 80), step=15), BUCKET % "+Inf": counter((10, 80), step=15)},
               look("round(slo:burn_rate:ratio_rate5m)", "18m2s", {of("latency"): 20}),
               firing("18m2s", BURN, "critical"), step="15s")  # fmt: skip


def day_cases() -> Iterator[Case]:
    """A whole day: evaluated less often, since shares do not depend on that."""
    day, night, idle = (1000 / 60, 0.001, 2880), (2 / 60, 0.5, 2880), (0, 0, 40)
    true = {of("success_rate"): 20}
    yield case("windows: a busy day and a quiet night count by their requests; ten idle minutes are no NaN",
               served(day, night, idle),
               look("round(slo:burn_rate:ratio_rate1d * 0.005 * 10000, 0.5)", "24h0m31s", true),
               look("round((1 - slo:error_budget_remaining:ratio) * 0.005 * 10000, 0.5)", "24h8m31s", true),
               look("slo:burn_rate:ratio_rate5m", "24h8m31s", {}),
               look(ALL_FINITE, "24h8m31s", {"{}": 1}), step="15s")  # fmt: skip


def _windows() -> Iterator[Case]:
    quiet = {SERVICE % 200: counter((10 / 3600, 720), step=15), SERVICE % 503: "0x400 1x320"}
    yield case("windows: one failure in an hour of ten requests is chance", quiet,
               look("slo:burn_rate:ratio_rate1h > bool 14.4", "1h43m2s", {of("success_rate"): 1}),
               look("slo:burn_rate:ratio_rate5m > bool 14.4", "1h43m2s", {of("success_rate"): 1}),
               firing("1h43m2s"), firing("2h30m2s"), step="15s")  # fmt: skip
    yield case("windows: half an hour after an incident nothing urgent is left of it",
               served((10, 0, 160), (10, 0.3, 80), (10, 0, 400)),
               firing("59m2s", BURN, "critical"), firing("1h8m2s", BURN, "high"), firing("1h45m2s", BURN, "medium"),
               step="15s")  # fmt: skip
    yield case("windows: an outage is seen as soon as the window allows", served((10, 0, 240), (10, 1, 60)),
               firing("1h0m2s"), firing("1h4m2s", BURN, "medium"), firing("1h5m2s", BURN, "critical"),
               step="15s")  # fmt: skip


def _unmeasured() -> Iterator[Case]:
    def fires(at: str, *slos: str) -> dict[str, Any]:
        return look('count by (alertname, severity) (ALERTS{alertname="ObjectiveUnmeasured",alertstate="firing"})', at,
                    {'{alertname="ObjectiveUnmeasured", severity="medium"}': len(slos)} if slos else {})  # fmt: skip

    counted, come = {SERVICE % 200: counter((10, 160))}, {REQUESTS_COME: "10x160"}
    yield case("unmeasured: a histogram without the objective's bucket",
               {**counted, **come, **histogram(BUCKET, 10, ("0.25", "+Inf"), "0.25", 160)},
               fires("4m2s"), fires("9m2s", "latency"),
               look("slo:burn_rate:ratio_rate5m", "9m2s",
                    {of("success_rate", "slo:burn_rate:ratio_rate5m"): 0}),
               look("slo:error_budget_remaining:ratio", "9m2s",
                    {of("success_rate", "slo:error_budget_remaining:ratio"): 1}))  # fmt: skip
    old = histogram(BUCKET.replace("le=", 'instance="old",le='), 10, ("0.25", "+Inf"), "0.25", 160)
    yield case("a deploy brings the objective's bucket: what the old version serves is not slow",
               {**counted, **come, **old, BUCKET % "0.3": counter((9.8, 160)), BUCKET % "+Inf": counter((10, 160))},
               look('round(slo:requests:increase5m{slo="latency"})', "9m2s", {of("latency"): 3000}),
               look('round(slo:bad:increase5m{slo="latency"})', "9m2s", {of("latency"): 60}),
               fires("9m2s"))  # fmt: skip
    yield case("unmeasured: no histogram at all", {**counted, **come}, fires("9m2s", "latency"))
    yield case("unmeasured: requests without the label that tells bad ones",
               {'http_requests_total{job="storefront",status="200"}': counter((10, 160)), **come,
                **histogram(BUCKET, 10, BOUNDS, "0.3", 160)},
               look("round(slo:untold:increase5m)", "9m2s", {of("success_rate"): 3000}),
               fires("9m2s", "success_rate"))  # fmt: skip
    yield case("unmeasured: all is counted", {**counted, **come, **histogram(BUCKET, 10, BOUNDS, "0.3", 160)},
               fires("9m2s"), look("slo:untold:increase5m", "9m2s", {}))  # fmt: skip
    yield case("unmeasured: without requests nothing has to be counted",
               {**counted, REQUESTS_COME: "0x160"}, fires("9m2s"))  # fmt: skip


def _predicted() -> Iterator[Case]:
    def worst(at: str, value: float | None) -> dict[str, Any]:
        return look("round(service:error_budget_exhaustion:score, 0.1)", at,
                    {} if value is None else {'{service="storefront"}': value})  # fmt: skip

    yield case("prediction: ten times too fast is gone in a tenth of the window", served((10, 0.05, 600)),
               worst("50m2s", None), worst("2h20m2s", 1),
               look("round(service:error_budget_exhaustion:seconds / 86400, 0.1)", "2h20m2s",
                    {'{service="storefront"}': 2.9}),
               look("round(slo:error_budget_exhaustion:score, 0.1)", "2h20m2s", {of("success_rate"): 1}),
               look("round(slo:error_budget_unspent:fitted, 0.01)", "2h20m2s", {of("success_rate"): 0.97}),
               look("round(slo:error_budget_unspent:predicted, 0.01)", "2h20m2s", {of("success_rate"): -0.03}),
               finite("2h20m2s"), step="15s")  # fmt: skip
    yield case("prediction: all requests fail", served((10, 1, 600)), worst("2h20m2s", 10), step="15s")
    yield case("prediction: half as fast as it may says nothing", served((10, 0.0025, 600)),
               worst("2h20m2s", None), step="15s")  # fmt: skip
    yield case("prediction: an incident that is over says nothing", served((10, 0, 320), (10, 0.5, 40), (10, 0, 240)),
               worst("1h29m2s", 0.2), worst("2h20m2s", None), step="15s")  # fmt: skip
    yield case("prediction: four failures prove nothing",
               {SERVICE % 200: counter((40 / 3600, 600), step=15), SERVICE % 503: "0x200 1x100 2x50 3x50 4x200"},
               worst("1h50m2s", None), step="15s")  # fmt: skip


def _words() -> Iterator[Case]:
    told = [
        {
            "exp_labels": {"severity": severity, "window": window, "service": "storefront", "slo": "success_rate"},
            "exp_annotations": {
                "summary": "storefront spends the error budget of its success_rate too fast",
                "description": (
                    f"In the last {window} or less, storefront has spent the error budget of its success_rate 20 times "
                    "as fast as would make it last for 30d. "
                    "0.8179% of it is gone; at this rate the rest is gone in 1d 11h 42m 19s."
                ),
                "recommendation": (
                    "Find what fails and undo the last change that touches it. Release nothing but the repair until "
                    "the burn rate is below 1."
                ),
                "budget_left": "99.18%",
                "time_to_exhaustion": "1d 11h 42m 19s",
                "runbook_url": "https://dev-hq.example/runbooks/error_budget_burn.md",
                "dashboard_url": "http://127.0.0.1:3000/d/dev-hq-anomaly-overview?var-service=storefront",
            },
        }
        for severity, window in zip(LADDER, ("3d", "1d", "6h", "1h"), strict=True)
    ]
    alert = {"eval_time": "18m2s", "alertname": BURN, "exp_alerts": told}
    yield case("words: a budget that burns", served((10, 0.1, 80)), step="15s", alerts=[alert])


def exhaustion_cases() -> Iterator[Case]:
    """The anomaly, from what is recorded of the budgets."""

    def predicted(worst: float | None) -> dict[str, str]:
        series = {
            'service:error_budget_remaining:ratio{service="storefront"}': "0.5x40",
            of("success_rate", "slo:window:seconds"): "2592000x40",
        }
        if worst is None:
            return series
        seconds = 259200 / worst
        return {
            **series,
            'service:error_budget_exhaustion:score{service="storefront"}': f"{worst}x40",
            'service:error_budget_exhaustion:seconds{service="storefront"}': f"{seconds:g}x40",
        }

    for worst, severity in ((0.9, ""), (1.1, "low"), (1.6, "medium"), (2.5, "high"), (10, "critical")):
        yield case(f"exhaustion: a score of {worst} is {severity or 'no anomaly'}", predicted(worst),
                   score("budget_exhaustion", "2m2s", worst), firing("2m2s", "BudgetExhaustion", severity))  # fmt: skip
    yield case("exhaustion: what cannot be judged is no anomaly", predicted(None),
               score("budget_exhaustion", "2m2s", 0), firing("2m2s"))  # fmt: skip
    labels = {"anomaly_type": "budget_exhaustion", "metric": "service:error_budget_exhaustion:seconds"}
    told = {
        "exp_labels": {**labels, "severity": "low", "service": "storefront"},
        "exp_annotations": {
            "summary": "storefront will have spent its error budget soon",
            "description": (
                "At the pace of the past 6 hours, an error budget of storefront is gone in 2d 9h 36m; "
                "3d, a tenth of its window, is the limit."
            ),
            "recommendation": CATALOGUE["budget_exhaustion"].recommendation,
            "actual": "2d 9h 36m",
            "threshold": "3d",
            "runbook_url": "https://dev-hq.example/runbooks/budget_exhaustion.md",
            "dashboard_url": (
                "http://127.0.0.1:3000/d/dev-hq-anomaly-overview"
                "?var-service=storefront&var-anomaly_type=budget_exhaustion"
            ),
        },
    }
    yield case("words: budget_exhaustion", predicted(1.25), alerts=[
        {"eval_time": "2m2s", "alertname": "BudgetExhaustion", "exp_alerts": [told]}
    ])  # fmt: skip
