"""The same services, watched by Prometheus and by vmalert on VictoriaMetrics: the same alerts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field
from typing import Any

import pytest
import requests

from prometheus.formats.directory import write_files
from prometheus.formats.format import Naming
from prometheus.formats.registry import FORMATS
from prometheus.rules import rule_files
from stack.dataclass import dataclass
from stack.errors import NotReadyError
from stack.waiting import wait_for
from tests.gates.history import prometheus_with
from tests.gates.victoria import remember, victoria_metrics
from tests.prometheus.stacks import stack_of
from tests.prometheus.vmalert import running_vmalert
from tests.prometheus.world import SERVICES, Stage, exposed

pytestmark = pytest.mark.e2e

LOOK = 32
"""Seconds after the troubles began, when the recorded series are compared: most lie wholly within the past minute."""
OBJECTIVES = "objectives: {success_rate: {target: 99.9%}, latency: {under: 300ms, target: 99%}}"
STACK = f"""
services:
{
    "".join(
        f"  {name}: {{sli: {{preset: prometheus-http, selector: {{job: {name}}}}}, {OBJECTIVES}}}" + chr(10)
        for name in SERVICES
        if name != "full"
    )
}
  full:
    sli: {{preset: prometheus-http, selector: {{job: full}}}}
    saturation: {{used: 'connections{{job="full"}}', limit: 50}}
    {OBJECTIVES}
pools: {{vendor-proxies: {{used_by: storefront, listen: 127.0.0.1:10100, members: 4, upstream: "http://127.0.0.1:8100"}}}}
prometheus: {{scrape_interval: 1s, evaluation_interval: 1s}}
anomalies: {{hold: 2s, keep_firing_for: 3s}}
"""
EXPECTED = {
    ("ErrorSpike", "storefront", ""), ("LatencyShift", "slow", ""), ("UpstreamFailure", "storefront", "vendor-proxies"),
    ("RateLimitStorm", "storefront", "vendor-proxies"), ("TrafficDrop", "quiet", ""), ("TrafficSpike", "busy", ""),
    ("Saturation", "full", ""), ("Flapping", "flappy", ""), ("AbsentData", "gone", ""),
}  # fmt: skip
LASTING = {"Watchdog", "Flapping", "ErrorBudgetBurn", "BudgetExhaustion"}
"""What does not end while the test looks on: flaps are counted for ten minutes, and a budget is spent for good."""

SLOW = re.compile("slo:|service:error_budget")
"""What is recorded less often than every second begins with one of these."""

Name = tuple[str, str, str, str]
Recorded = dict[tuple[tuple[str, str], ...], list[float]]


@dataclass(frozen=True)
class Watched:
    """What one of the two has seen: every alert that ever fired, with its words, and the recorded series."""

    url: str
    firing: set[Name] = field(default_factory=set)
    fired: dict[Name, dict[str, str]] = field(default_factory=dict)
    recorded: Recorded = field(default_factory=dict)
    recorded_slowly: Recorded = field(default_factory=dict)
    bad: dict[tuple[str, str], float] = field(default_factory=dict)

    def look(self) -> None:
        """Notes what fires now."""
        alerts = _data(f"{self.url}/api/v1/alerts")["alerts"] or ()
        now = {_name(one): one["annotations"] for one in alerts if one["state"] == "firing"}
        self.firing.clear()
        self.firing.update(now)
        self.fired.update(now)

    def types(self) -> set[tuple[str, str, str]]:
        """Which alerts ever fired, whatever their severity."""
        return {(alert, service, pool) for alert, _, service, pool in self.fired}

    def has_calmed(self) -> bool:
        return {name[0] for name in self.firing} <= LASTING


def _name(alert: dict[str, Any]) -> Name:
    labels = alert["labels"]
    return labels["alertname"], labels.get("severity", ""), labels.get("service", ""), labels.get("pool", "")


def _data(url: str, **parameters: str | float) -> dict[str, Any]:
    answer = requests.get(url, params=parameters, timeout=20)
    answer.raise_for_status()
    data: dict[str, Any] = answer.json()["data"]
    return data


def _recorded(url: str, at: float) -> Recorded:
    """Every recorded series at this time, but for what is learned: once in five minutes, and not at the same moment."""
    learned = "anomaly:(band|drift|learned|least|level|same|standard).*"
    query = f'{{__name__=~".+:.+",__name__!~"{learned}"}}'
    result = _data(f"{url}/api/v1/query", query=query, time=at, nocache=1)["result"]
    return {tuple(sorted(one["metric"].items())): [float(one["value"][1])] for one in result}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watched, Watched]]:
    """Prometheus and VictoriaMetrics after all troubles have come and, but for the flaps, gone."""
    directory = tmp_path_factory.mktemp("both")
    stack = stack_of(STACK, directory)
    for name in ("plain", "vmalert"):
        write_files(FORMATS[name].texts(rule_files(stack), Naming()), directory / name, FORMATS[name])
    stage = Stage(time.time())
    past = stage.world.history()
    (directory / "victoria").mkdir()
    with exposed(stage) as config:
        plain = f"{config}rule_files: ['{directory}/plain/*.yml']\n"
        with (
            prometheus_with(past, directory / "prometheus", plain) as url,
            victoria_metrics(directory / "victoria", config) as database,
        ):
            remember(database, past)
            _make_known(database, url)
            with running_vmalert(directory / "vmalert", database, directory) as vmalert:
                one, other = Watched(url), Watched(vmalert)
                wait_for(lambda: _firing(one) and _firing(other), 30, "the watchdog should fire in both")
                _watch(one, other, database, stage.begin_troubles())
                yield one, other


def _firing(watched: Watched) -> set[Name]:
    watched.look()
    return watched.firing


def _make_known(database: str, url: str) -> None:
    """What Prometheus has recorded so far, VictoriaMetrics shall know too.

    It finds a series that it never had before only after 10 s, so that a chain of rules would take half a minute to
    begin.
    """

    def scored() -> bool:
        return bool(_data(f"{url}/api/v1/query", query="count(anomaly:score) > 40")["result"])

    wait_for(scored, 20, "Prometheus should record")
    now = time.time()
    lines = (
        json.dumps({"metric": dict(series), "values": values, "timestamps": [int(now * 1000)]})
        for series, values in _recorded(url, now).items()
    )
    requests.post(f"{database}/api/v1/import", data="\n".join(lines), timeout=20).raise_for_status()
    requests.get(f"{database}/internal/force_flush", timeout=20).raise_for_status()


def _watch(one: Watched, other: Watched, database: str, began: float) -> None:
    def has_happened() -> bool:
        one.look()
        other.look()
        if not one.recorded and time.time() >= began + LOOK + 1:
            other.recorded.update(_recorded(database, began + LOOK))
            one.recorded.update(_recorded_before(one.url, began + LOOK, range(12)))
        return one.types() >= EXPECTED and other.types() >= EXPECTED and one.has_calmed() and other.has_calmed()

    try:
        wait_for(has_happened, 130, "every alert should have fired and ended in both", every=0.3)
    except NotReadyError as error:
        missing = {which.url: (EXPECTED - which.types(), which.firing) for which in (one, other)}
        raise AssertionError(f"{error}: not fired, and still firing: {missing}") from None

    def has_caught_up() -> bool:
        """What looks furthest back is evaluated once a minute, and vmalert began its minute later."""
        now = time.time()
        other.recorded_slowly.clear()
        other.recorded_slowly.update(_recorded(database, now))
        one.recorded_slowly.clear()
        one.recorded_slowly.update(_recorded_before(one.url, now, range(0, 60, 5)))
        return _slow(one) == _slow(other)

    with suppress(NotReadyError):  # the tests say what differs
        wait_for(has_caught_up, 90, "both should record the same", every=1)
    now = time.time()
    other.bad.update(_bad_requests(database, now))
    one.bad.update(_bad_requests(one.url, now))


def _bad_requests(url: str, at: float) -> dict[tuple[str, str], float]:
    """How many bad requests were counted in the last five minutes, by service and objective."""
    result = _data(f"{url}/api/v1/query", query="slo:bad:increase5m", time=at, nocache=1)["result"]
    return {(one["metric"]["service"], one["metric"]["slo"]): float(one["value"][1]) for one in result}


def _recorded_before(url: str, at: float, seconds: range) -> Recorded:
    """Every recorded series, with what it was so many seconds before."""
    found: Recorded = {}
    for back in seconds:
        for series, values in _recorded(url, at - back).items():
            found.setdefault(series, []).extend(values)
    return found


def test_the_same_alerts_fire_with_the_same_severities_and_end(both: tuple[Watched, Watched]) -> None:
    """A scrape that a busy machine loses in one of the two is a flap of a service that does not flap."""
    prometheus, vmalert = both
    fired, elsewhere = ({name for name in one.fired if name[0] != "Flapping" or name[2] == "flappy"} for one in both)
    assert fired == elsewhere
    assert {one for one in prometheus.types() & vmalert.types() if one[0] not in LASTING - {"Flapping"}} == EXPECTED
    assert {service for _, _, service, _ in fired} == {*SERVICES, ""} - {"steady"}


def test_the_same_series_are_recorded_with_the_same_values(both: tuple[Watched, Watched]) -> None:
    """What vmalert records it reads a few evaluations later, so it is held against what Prometheus had by then."""
    prometheus, vmalert = (
        {series: values for series, values in one.recorded.items() if not _is_slow(series)} for one in both
    )
    assert len(vmalert) > 200
    assert vmalert.keys() == prometheus.keys()
    assert {series: told for series in vmalert if (told := _difference(series, prometheus, vmalert))} == {}


def test_what_is_recorded_less_often_counts_the_same_bad_requests(both: tuple[Watched, Watched]) -> None:
    """On ratios the two do not agree: each began to add up what budgets stand on at its own moment, a minute ago."""
    prometheus, vmalert = both
    assert _slow(prometheus) == _slow(vmalert)
    assert prometheus.bad["storefront", "success_rate"] == pytest.approx(120, rel=0.1)
    assert prometheus.bad["slow", "latency"] == pytest.approx(160, rel=0.1)
    assert vmalert.bad == pytest.approx(prometheus.bad, rel=0.1, abs=2)


def _slow(watched: Watched) -> set[tuple[tuple[str, str], ...]]:
    return {series for series in watched.recorded_slowly if _is_slow(series)}


def _is_slow(series: tuple[tuple[str, str], ...]) -> bool:
    return bool(SLOW.match(dict(series)["__name__"])) or ("anomaly_type", "budget_exhaustion") in series


def _difference(series: tuple[tuple[str, str], ...], prometheus: Recorded, vmalert: Recorded) -> str:
    (value,), others = vmalert[series], prometheus[series]
    lost = 0.002  # two do not ask at the same moments, and may each lose a scrape, or a fall and rise of `up` or two
    for pattern, most in (("absent_data|_lost", 0.5), ("flap", 4.0)):
        lost = most if re.search(pattern, str(series)) else lost
    goes_on = (max(others) - min(others)) / 2  # vmalert is a few evaluations later, and more of them on a busy machine
    slack = max(0.05 * max(map(abs, others)), lost, goes_on)
    return "" if min(others) - slack <= value <= max(others) + slack else f"{value}, but {min(others)} to {max(others)}"


def test_the_words_of_the_alerts_are_the_same_but_for_their_numbers(both: tuple[Watched, Watched]) -> None:
    prometheus, vmalert = both
    for name, words in prometheus.fired.items():
        others = vmalert.fired.get(name, words)
        assert words.get("threshold") != "unknown"
        for key, text in words.items():
            assert _without_numbers(others[key]) == _without_numbers(text), (name, key)


def _without_numbers(text: str) -> str:
    return re.sub(r"[\d.]+(e[+-]?\d+)?[a-zµ%]*( \d[\d.]*[a-z]+)*", "#", text)
