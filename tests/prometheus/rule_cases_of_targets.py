"""The unit tests of what scrape targets show: those that come and go, and those that have just been started."""

from __future__ import annotations

from collections.abc import Iterator

from tests.prometheus.rule_case import BUCKET, SERVICE, UP, Case, case, counter, finite, firing, histogram, look, score

STARTED = 'process_start_time_seconds{job="storefront",instance="%d"}'
FAULT = 'chaos_fault_active{scenario="s",fault="%s",chaos_target="%s"}'


def changes(number: int, samples: int = 100) -> str:
    """A target that goes for a sample and comes back for five, which is two changes, until there were so many."""
    return " ".join(["1x19", *["0 1x4"] * (number // 2), f"1x{samples - 21 - 6 * (number // 2)}"])


def starts(number: int, samples: int = 100) -> str:
    """A process that starts again every 50 seconds, until it has done so often enough."""
    last = samples - 20 - 10 * number - 1
    return " ".join(
        ["-900x19", *[f"{100 + 50 * each}x9" for each in range(number)], f"{100 + 50 * number - 50}x{last}"]
    )


def flapping_cases() -> Iterator[Case]:
    kind, alert, at = "flapping", "Flapping", "8m12s"
    for number, severity in ((2, ""), (4, "low"), (6, "medium"), (8, "high"), (12, "critical")):
        series = {UP % 0: changes(number), UP % 1: "1x99"}
        yield case(f"flapping: a target goes and comes back, {number} changes", series,
                   score(kind, at, number / 4), firing(at, alert, severity), finite(at))  # fmt: skip
    for number, severity in ((1, ""), (3, ""), (4, "low"), (6, "medium")):
        series = {UP % 0: "1x99", STARTED % 0: starts(number)}
        yield case(f"flapping: {number} starts that no scrape has missed", series,
                   score(kind, at, number / 4), firing(at, alert, severity), finite(at))  # fmt: skip
    deploy = {}
    for target in range(12):
        before, after = 24 + 4 * target, 74 - 4 * target
        deploy[UP % target] = f"1x{before} 0 1x{after}"
        deploy[STARTED % target] = f"-900x{before} _ {5 * before + 8}x{after}"
    yield case("flapping: a rolling deploy of twelve targets is none", deploy,
               score(kind, at, 0.5), firing(at), finite(at))  # fmt: skip
    yield case("flapping: what was ten minutes ago is forgotten, and the alert let go", {UP % 0: changes(4, 240)},
               firing("2m8s"), firing("2m24s", alert, "low"), score(kind, "11m32s", 1), score(kind, "13m2s", 0),
               firing("13m2s"), finite("13m2s"))  # fmt: skip
    yield case("flapping: without a target nothing is known", {SERVICE % 200: counter((10, 100))},
               score(kind, at, None), look("service:flaps:changes10m", at, {}), firing(at))  # fmt: skip


def restart_cases() -> Iterator[Case]:
    restarted = 'service:restarted:bool{service="storefront"}'

    def young(at: str, value: int) -> dict[str, object]:
        return look("service:restarted:bool", at, {restarted: value})

    slow = {SERVICE % 200: counter((9, 120)), SERVICE % 503: counter((1, 120)),
            **histogram(BUCKET, 10, ("0.3", "0.5", "0.75", "+Inf"), "0.75", 120)}  # fmt: skip
    yield case(
        "restart: of half the targets, which mutes latency for two minutes and errors not at all",
        {**slow, STARTED % 0: "-900x59 301x59", STARTED % 1: "-900x119"},
        young("4m58s", 0), score("latency_shift", "4m58s", 1.48), young("5m2s", 1), score("latency_shift", "5m2s", 0),
        score("error_spike", "5m2s", 10), young("6m58s", 1), young("7m4s", 0), score("latency_shift", "7m4s", 1.48),
        firing("5m32s", "ErrorSpike", "critical"), finite("5m2s"),
    )  # fmt: skip
    yield case("restart: of one target in three mutes nothing",
               {**slow, STARTED % 0: "-900x59 301x59", STARTED % 1: "-900x119", STARTED % 2: "-900x119"},
               young("5m2s", 0), score("latency_shift", "5m2s", 1.48))  # fmt: skip
    yield case("restart: the third in ten minutes is excused no more", {**slow, STARTED % 0: starts(3, 120)},
               young("2m28s", 1), score("latency_shift", "2m28s", 0), young("3m28s", 0),
               score("latency_shift", "3m28s", 1.48))  # fmt: skip
    yield case("restart: a clock that is hours ahead excuses nothing", {**slow, STARTED % 0: "9000x119"},
               young("5m2s", 0), score("latency_shift", "5m2s", 1.48))  # fmt: skip
    yield case("restart: where no start is told, nothing is muted", slow,
               look("service:restarted:bool", "5m2s", {}), score("latency_shift", "5m2s", 1.48))  # fmt: skip


def fault_cases() -> Iterator[Case]:
    active = 'service:chaos:active{service="storefront"}'
    for target in ("storefront", "vendor-proxies"):
        series = {FAULT % ("latency", target): "0x9 1x9 0x9", FAULT % ("failure", "elsewhere"): "1x29"}
        yield case(f"faults: on {target}", series,
                   *(look("service:chaos:active", at, {active: on})
                     for at, on in (("0m42s", 0), ("0m52s", 1), ("1m38s", 1), ("1m42s", 0))))  # fmt: skip
    yield case("faults: on somebody else, or unknown", {FAULT % ("failure", "elsewhere"): "1x29"},
               look("service:chaos:active", "0m52s", {}))  # fmt: skip
