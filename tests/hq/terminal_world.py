"""What the screen is drawn from in tests: a stack that is calm, anomalous, blind or broken at a fixed time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hq.terminal.asking import Latest
from hq.terminal.cells import UNICODE, Glyphs
from hq.terminal.observation import Blind, Budget, Fault, Gate, Observation, Service, Trouble
from hq.terminal.picture import Picture, picture
from hq.terminal.trends import ERRORS, P95, POINTS, RATE, SCORE, Points, Trends
from hq.terminal.view import View
from prometheus.anomalies import Anomaly
from prometheus.catalogue import CATALOGUE

NOON = 1_800_014_400.0  # 12:00:00 UTC


def anomaly(kind: str, severity: str, since: float, actual: str, threshold: str, **where: str) -> Anomaly:
    return Anomaly(
        type=kind,
        severity=severity,
        service=where.get("service", "storefront"),
        pool=where.get("pool", ""),
        metric=where.get("metric", "service:errors:ratio_rate1m"),
        threshold=threshold,
        actual=actual,
        recommendation=where.get("recommendation", CATALOGUE[kind].recommendation if kind in CATALOGUE else ""),
        summary="",
        since=NOON - since,
        runbook_url=f"https://dev-hq.example/runbooks/{kind}.md",
        dashboard_url="",
    )


POOL_FAILS = anomaly(
    "upstream_failure", "critical", 72, "34.2%", "5%", pool="vendor-proxies", metric="pool:errors:ratio_rate1m"
)
ERRORS_SPIKE = anomaly("error_spike", "medium", 41, "1.898%", "1%")
FAULT = Fault("failure", "vendor-proxies", "proxy-failure-wave", began=NOON - 90)


def rising(top: float, flat: int = 50) -> Points:
    steps = POINTS - flat
    return (*[0.0] * flat, *[top * (step + 1) / steps for step in range(steps)])


def level(value: float, known: int = POINTS) -> Points:
    return (*[None] * (POINTS - known), *[value] * known)


def calm() -> Observation:
    return Observation(
        at=NOON,
        anomalies=(),
        services=(Service("storefront", 49.96, 0.0, 0.0231),),
        budgets=(Budget("storefront", "latency", 1.0), Budget("storefront", "success_rate", 0.982)),
        gates=(
            Gate("error_budget", "storefront", "UNDECIDED", NOON - 62),
            Gate("latency", "storefront", "PASS", NOON - 62),
            Gate("success_rate", "storefront", "PASS", NOON - 62),
        ),
        pools={"storefront": frozenset({"vendor-proxies"})},
        trends=Trends(
            NOON,
            {
                (RATE, "storefront"): level(49.9, known=30),
                (ERRORS, "storefront"): level(0.0),
                (P95, "storefront"): level(0.023),
            },
        ),
    )


def anomalous() -> Observation:
    return replace(
        calm(),
        anomalies=(POOL_FAILS, ERRORS_SPIKE),
        faults=(FAULT,),
        services=(Service("storefront", 50.1, 0.01898, 0.0742),),
        budgets=(Budget("storefront", "latency", 1.0), Budget("storefront", "success_rate", -0.125, "critical")),
        gates=(
            Gate("error_budget", "storefront", "UNDECIDED", NOON - 12),
            Gate("latency", "storefront", "PASS", NOON - 12),
            Gate("success_rate", "storefront", "FAIL", NOON - 12),
        ),
        trends=Trends(
            NOON,
            {
                (SCORE, "upstream_failure", "storefront", "vendor-proxies"): rising(6.8),
                (SCORE, "error_spike", "storefront", ""): rising(1.9),
                (RATE, "storefront"): level(49.9),
                (ERRORS, "storefront"): rising(0.019),
                (P95, "storefront"): rising(0.074, flat=40),
            },
        ),
    )


def broken() -> Observation:
    return replace(
        calm(),
        faults=None,
        gates=None,
        troubles=(
            Trouble("EnvoyDown", "critical", "Envoy does not answer"),
            Trouble("ExporterDown", "high", "the exporter of dev-hq does not answer"),
        ),
    )


def crowd(services: int = 50, anomalies: int = 200) -> Observation:
    """A large stack on a bad day."""
    names = [f"service-{number:02}" for number in range(services)]
    kinds, severities = list(CATALOGUE), ("critical", "high", "medium", "low")
    return Observation(
        at=NOON,
        anomalies=tuple(
            anomaly(
                kinds[number % len(kinds)],
                severities[number * 4 // anomalies],
                60 + number,
                f"{number}%",
                "5%",
                service=names[number % services],
                pool=f"pool-{number:03}" if number % 3 else "",
            )
            for number in range(anomalies)
        ),
        services=tuple(Service(name, 10.0 * number, 0.001 * number, 0.02) for number, name in enumerate(names)),
        budgets=tuple(Budget(name, "success_rate", 1 - number / 60) for number, name in enumerate(names)),
        gates=tuple(
            Gate("success_rate", name, "FAIL" if number % 10 == 0 else "PASS", NOON - number)
            for number, name in enumerate(names)
        ),
    )


def seen(
    observation: Observation | None, view: View | None = None, glyphs: Glyphs = UNICODE, age: float = 0
) -> Picture:
    """What is drawn `age` seconds after it was seen."""
    good_at = 1000.0
    return picture(
        Latest(observation, observation, good_at),
        view or View(),
        glyphs=glyphs,
        encoding="utf-8",
        every=2.0,
        monotonic=good_at + age,
        clock=NOON + age,
    )


REFUSED = "Prometheus at http://127.0.0.1:9090 refused the connection; is it running?"


def blind(before: Observation | None = None, reason: str = REFUSED) -> Picture:
    """Since half a minute nobody can say; `before` was seen three quarters of a minute ago."""
    return picture(
        Latest(Blind(NOON, reason), before, 1000.0, blind_since=1015.0),
        View(),
        glyphs=UNICODE,
        encoding="utf-8",
        every=2.0,
        monotonic=1045.0,
        clock=NOON + 45,
    )


def identities(anomalies: Sequence[Anomaly]) -> list[str]:
    return [f"{one.type} {one.service} {one.pool}".rstrip() for one in anomalies]
