"""One bad collector costs its own series, and one bad series costs itself."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.samples import NativeHistogram, Sample

from exporters.cleaning import MAX_TEXT_BYTES
from exporters.exposition import OPENMETRICS, render
from exporters.registry import MAX_SAMPLES, SafeRegistry
from prometheus.server import LIMITS
from tests.exporters.exposed import Samples, Scripted, collect, samples_of, scrape

GOOD = Scripted("good", [GaugeMetricFamily("good", "Good.", 1.0)])


def gauge(name: str = "bad", value: object = 1.0, **labels: object) -> Metric:
    family = Metric(name, "Bad.", "gauge")
    family.samples.append(Sample(name, labels, value))
    return family


def dropped(samples: Samples, family: str) -> float:
    return samples.get(f'exporter_series_dropped_total{{family="{family}"}}', 0.0)


class Raising:
    name = "bad"

    def collect(self, seconds: float) -> Iterable[Metric]:
        raise ValueError("no luck")


class RaisingHalfWay:
    name = "bad"

    def collect(self, seconds: float) -> Iterator[Metric]:
        yield gauge("bad")
        raise ValueError("half of it")


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


class RaisingUnspeakably:
    name = "bad"

    def collect(self, seconds: float) -> Iterable[Metric]:
        raise UnspeakableError


class Leaving:
    name = "bad"

    def collect(self, seconds: float) -> Iterable[Metric]:
        raise SystemExit(3)


class Hanging:
    name = "bad"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.calls = 0

    def collect(self, seconds: float) -> Iterable[Metric]:
        self.calls += 1
        self.go.wait(30)
        return [gauge("bad")]


class Endless:
    name = "bad"

    def collect(self, seconds: float) -> Iterator[Metric]:
        while True:
            yield gauge("bad")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Raising(), id="19-raises"),
        pytest.param(RaisingHalfWay(), id="21-generator-raises-half-way"),
        pytest.param(RaisingUnspeakably(), id="19-raises-what-cannot-be-said"),
        pytest.param(Leaving(), id="19-raises-system-exit"),
        pytest.param(Scripted("bad", [None]), id="19-brings-no-family"),
        pytest.param(Scripted("bad", None), id="19-brings-nothing"),
        pytest.param(Endless(), id="20-never-ends"),
    ],
)
def test_a_bad_collector_costs_only_its_own_series(bad) -> None:
    samples = collect(bad, GOOD, seconds=0.3)
    assert samples["good"] == 1.0
    assert "bad" not in samples
    assert samples['exporter_collector_success{collector="good"}'] == 1.0
    failed = samples['exporter_collector_success{collector="bad"}'] == 0.0
    assert failed or dropped(samples, "invalid") == 1.0


def test_20_a_collector_that_hangs_is_left_behind_at_the_deadline_and_hangs_only_once() -> None:
    bad = Hanging()
    registry = SafeRegistry([bad, GOOD])
    began = time.monotonic()
    samples = scrape(registry, 0.3)
    assert 0.3 <= time.monotonic() - began < 1.5
    assert (samples["good"], samples['exporter_collector_success{collector="bad"}']) == (1.0, 0.0)
    assert samples['exporter_collector_duration_seconds{collector="bad"}'] >= 0.3
    threads = threading.active_count()
    began = time.monotonic()
    for _ in range(5):
        scrape(registry, 0.3)
    assert time.monotonic() - began < 1.0, "it is known to hang, so nobody waits for it again"
    assert (bad.calls, threading.active_count()) == (1, threads)
    bad.go.set()
    deadline = time.monotonic() + 5
    while "bad" not in scrape(registry, 1.0):
        assert time.monotonic() < deadline
    assert scrape(registry)['exporter_collector_success{collector="bad"}'] == 1.0


def test_12_two_scrapes_at_once_share_one_collection() -> None:
    slow = Hanging()
    registry = SafeRegistry([slow])
    results: list[Samples] = []
    scrapes = [threading.Thread(target=lambda: results.append(scrape(registry))) for _ in range(2)]
    for one in scrapes:
        one.start()
    deadline = time.monotonic() + 5
    while not slow.calls:
        assert time.monotonic() < deadline
    slow.go.set()
    for one in scrapes:
        one.join(5)
    assert [result["bad"] for result in results] == [1.0, 1.0]


def test_why_a_collector_fails_is_logged_once_and_when_it_works_again(caplog) -> None:
    bad = Raising()
    registry = SafeRegistry([bad])
    with caplog.at_level(logging.WARNING, "dev-hq.exporter"):
        scrape(registry)
        scrape(registry)
        bad.collect = lambda seconds: []
        scrape(registry)
        scrape(registry)
    assert caplog.messages == ["collector bad: ValueError: no luck", "collector bad: works again"]


def _twice() -> Metric:
    family = gauge("bad", 1.0, a="x")
    family.samples.append(Sample("bad", {"a": "x"}, 2.0))
    return family


def _strange_sample() -> Metric:
    family = gauge("bad")
    family.samples.append(Sample("other", {}, 2.0))
    return family


@pytest.mark.parametrize(
    ("families", "expected", "lost"),
    [
        pytest.param([_twice()], {'bad{a="x"}': 1.0}, {"bad": 1}, id="22-duplicate-series"),
        pytest.param([gauge(), gauge(value=2.0)], {"bad": 1.0}, {"bad": 1}, id="23-duplicate-family"),
        pytest.param([gauge(), gauge("b"), gauge(a="x")], {"bad": 1.0, "b": 1.0}, {"bad": 1}, id="24-interleaved"),
        pytest.param([_strange_sample()], {"bad": 1.0}, {"bad": 1}, id="24-sample-of-another-family"),
        pytest.param([gauge("exporter_collector_success")], {}, {"exporter_collector_success": 1}, id="23-ours"),
        pytest.param(
            [CounterMetricFamily("bad", "B.", 1.0), gauge("bad_total")],
            {"bad_total": 1.0}, {"bad_total": 1}, id="23-same-name-by-suffix",
        ),
        pytest.param([gauge(value=math.nan)], {}, {"bad": 1}, id="25-nan"),
        pytest.param([gauge(value=math.inf)], {"bad": math.inf}, {"bad": 0}, id="25-infinity-in-a-gauge"),
        pytest.param([gauge(value=-math.inf)], {"bad": -math.inf}, {"bad": 0}, id="25-minus-infinity"),
        pytest.param([gauge(value="1")], {}, {"bad": 1}, id="25-text-for-a-value"),
        pytest.param([gauge(value=None)], {}, {"bad": 1}, id="25-none-for-a-value"),
        pytest.param([gauge(value=True)], {}, {"bad": 1}, id="25-bool-for-a-value"),
        pytest.param([gauge(value=10**400)], {}, {"bad": 1}, id="25-number-beyond-floats"),
        pytest.param([CounterMetricFamily("bad", "B.", math.nan)], {}, {"bad": 1}, id="27-counter-nan"),
        pytest.param([CounterMetricFamily("bad", "B.", -1.0)], {}, {"bad": 1}, id="27-counter-negative"),
        pytest.param([CounterMetricFamily("bad", "B.", math.inf)], {}, {"bad": 1}, id="27-counter-infinite"),
        pytest.param([gauge(a="\ud800")], {'bad{a="\ufffd"}': 1.0}, {"bad": 0}, id="28-lone-surrogate"),
        pytest.param([gauge(a="x\0y")], {'bad{a="x\ufffdy"}': 1.0}, {"bad": 0}, id="28-nul"),
        pytest.param([gauge(a='x\n"\\y')], {'bad{a="x\n"\\y"}': 1.0}, {"bad": 0}, id="28-newline-quote-backslash"),
        pytest.param(
            [gauge(a="x" * 1_000_000)], {f'bad{{a="{"x" * MAX_TEXT_BYTES}"}}': 1.0}, {"bad": 0}, id="28-1-mb"
        ),
        pytest.param(
            [gauge(a="x" + "\N{PILE OF POO}" * 999)],
            {'bad{a="x' + "\N{PILE OF POO}" * 63 + '"}': 1.0}, {"bad": 0}, id="28-bytes-not-characters",
        ),
        pytest.param([gauge(a=None)], {}, {"bad": 1}, id="28-none"),
        pytest.param([gauge(a=b"x")], {}, {"bad": 1}, id="28-bytes"),
        pytest.param([gauge(a="")], {'bad{a=""}': 1.0}, {"bad": 0}, id="28-empty"),
        pytest.param([gauge(le="1")], {}, {"bad": 1}, id="30-le"),
        pytest.param([gauge(__x="1")], {}, {"bad": 1}, id="30-reserved"),
        pytest.param([gauge(**{"a-b": "1"})], {}, {"bad": 1}, id="30-dash"),
        pytest.param([gauge(**{"": "1"})], {}, {"bad": 1}, id="30-empty"),
        pytest.param([gauge(**{"a\n": "1"})], {}, {"bad": 1}, id="30-newline"),
        pytest.param([gauge("b\nc")], {}, {"invalid": 1}, id="31-newline"),
        pytest.param([gauge("b c")], {}, {"invalid": 1}, id="31-space"),
        pytest.param([gauge("b:c")], {}, {"invalid": 1}, id="31-colon"),
        pytest.param([StateSetMetricFamily("bad", "B.", {"a": True})], {}, {"bad": 1}, id="31-strange-type"),
    ],
)  # fmt: skip
def test_a_bad_series_costs_only_itself_and_is_counted(families, expected: Samples, lost: dict[str, int]) -> None:
    samples = collect(Scripted("bad", families), GOOD)
    ours = {key: value for key, value in samples.items() if not key.startswith(("exporter_", "good"))}
    assert ours == expected
    assert samples["good"] == 1.0
    assert {family: dropped(samples, family) for family in lost} == lost


def test_24_families_are_never_interleaved() -> None:
    registry = SafeRegistry([Scripted("bad", [gauge("a"), gauge("b"), gauge("a", x="1")]), GOOD])
    text = render(registry.collect(5.0), OPENMETRICS).decode()
    assert text.count("# TYPE a gauge") == 1
    assert [family.name for family in parse_openmetrics(text)].count("a") == 1


def test_26_a_counter_that_goes_down_is_a_reset_and_passed_on() -> None:
    families = [CounterMetricFamily("bad", "B.", 5.0)]
    registry = SafeRegistry([Scripted("bad", families)])
    assert scrape(registry)["bad_total"] == 5.0
    families[:] = [CounterMetricFamily("bad", "B.", 2.0)]
    assert scrape(registry)["bad_total"] == 2.0


def test_29_a_family_has_a_hard_cap_and_what_is_above_it_is_counted() -> None:
    family = GaugeMetricFamily("bad", "B.", labels=["a"])
    for number in range(10_001):
        family.add_metric([str(number)], 1.0)
    registry = SafeRegistry([Scripted("bad", [family]), GOOD], max_series=100)
    samples = scrape(registry)
    assert sum(key.startswith("bad{") for key in samples) == 100
    assert dropped(samples, "bad") == 9901
    assert dropped(scrape(registry), "bad") == 2 * 9901


def test_29_all_families_together_have_a_cap_too() -> None:
    family = GaugeMetricFamily("bad", "B.", labels=["a"])
    for number in range(50):
        family.add_metric([str(number)], 1.0)
    samples = scrape(SafeRegistry([Scripted("bad", [family]), GOOD], max_samples=49))
    assert samples["good"] == 1.0
    assert not any(key.startswith("bad") for key in samples)
    assert dropped(samples, "bad") == 50


def test_our_caps_lie_below_the_limits_of_our_prometheus() -> None:
    """A scrape that exceeds one of them is lost as a whole."""
    assert LIMITS["sample_limit"] > MAX_SAMPLES + 1000
    assert LIMITS["label_value_length_limit"] > MAX_TEXT_BYTES
    assert int(LIMITS["body_size_limit"].removesuffix("MB")) * 10**6 > MAX_SAMPLES * 4 * MAX_TEXT_BYTES


def test_29_a_histogram_is_capped_by_whole_series() -> None:
    family = HistogramMetricFamily("bad_seconds", "B.", labels=["a"])
    for number in range(5):
        family.add_metric([str(number)], [("1.0", 1.0), ("+Inf", 2.0)], 3.0)
    samples = collect(Scripted("bad", [family]), max_series=2)
    assert sum(key.startswith("bad_seconds") for key in samples) == 2 * 4
    assert dropped(samples, "bad_seconds") == 3 * 4


def test_a_histogram_that_lacks_a_bucket_is_left_out_whole() -> None:
    family = HistogramMetricFamily("bad_seconds", "B.", labels=["a"])
    family.add_metric(["x"], [("1.0", math.nan), ("+Inf", 2.0)], 3.0)
    family.add_metric(["y"], [("1.0", 1.0), ("+Inf", 2.0)], 3.0)
    samples = collect(Scripted("bad", [family]))
    assert {key for key in samples if key.startswith("bad_seconds")} == {
        'bad_seconds_bucket{a="y",le="1.0"}', 'bad_seconds_bucket{a="y",le="+Inf"}',
        'bad_seconds_count{a="y"}', 'bad_seconds_sum{a="y"}',
    }  # fmt: skip
    assert dropped(samples, "bad_seconds") == 4


def test_32_help_with_a_newline_stays_on_its_line() -> None:
    family = GaugeMetricFamily("bad", "One.\nbad 7\n\ud800", 1.0)
    text = render(SafeRegistry([Scripted("bad", [family])]).collect(5.0), OPENMETRICS).decode()
    assert "# HELP bad One.\\nbad 7\\n\ufffd\n" in text


def test_created_series_timestamps_and_native_histograms_do_not_pass() -> None:
    counter = CounterMetricFamily("bad", "B.", 1.0, created=123.0)
    timed = Metric("timed", "T.", "gauge")
    timed.samples.append(Sample("timed", {}, 1.0, timestamp=123.0))
    native = Metric("native", "N.", "histogram")
    native.samples.append(Sample("native_count", {}, 1.0, native_histogram=NativeHistogram(1.0, 1.0, 0, 0.0, 0.0)))
    text = render(SafeRegistry([Scripted("bad", [counter, timed, native])]).collect(5.0), OPENMETRICS).decode()
    assert "_created" not in text
    assert "timed 1.0\n" in text
    assert "\nnative" not in text


def test_labels_that_are_the_same_once_cleaned_are_a_duplicate() -> None:
    family = Metric("bad", "B.", "gauge")
    family.samples += [Sample("bad", {"a": "\ud800"}, 1.0), Sample("bad", {"a": "\ud801"}, 2.0)]
    samples = collect(Scripted("bad", [family]))
    assert samples['bad{a="\ufffd"}'] == 1.0
    assert dropped(samples, "bad") == 1


def test_the_families_that_are_exposed_have_a_zero_for_what_was_dropped() -> None:
    samples = collect(GOOD, Scripted("info", [InfoMetricFamily("thing", "T.", {"version": "1"})]))
    assert samples['thing_info{version="1"}'] == 1.0
    assert samples['exporter_series_dropped_total{family="good"}'] == 0.0
    assert samples['exporter_series_dropped_total{family="thing"}'] == 0.0


def test_no_collector_at_all_is_still_an_exposition() -> None:
    text = render(SafeRegistry([]).collect(1.0), OPENMETRICS).decode()
    assert text.endswith("# EOF\n")
    assert not any(key.startswith("exporter_collector") for key in samples_of(text.removesuffix("# EOF\n")))
