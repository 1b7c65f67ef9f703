"""GET /api/anomalies and its stream, over a Prometheus that says what a test wants."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import hq.api.anomalies
import hq.api.anomaly_watch
from hq.terminal.json_lines import json_line
from hq.terminal.round import Rounds
from prometheus.client import PrometheusClient
from stack.waiting import wait_for
from tests.hq.api.listening import Heard, listening
from tests.hq.fake_prometheus import WATCHDOG, FakePrometheus, alert, fake_prometheus, sample
from tests.hq.serving import Served, serving

pytestmark = pytest.mark.e2e

NOW = "/api/anomalies"
STREAM = "/api/anomalies/stream"
SINCE = {"activeAt": "2026-11-22T09:00:00Z"}
SPIKE = {**alert("error_spike", "high"), **SINCE}
FAILURE = {**alert("upstream_failure", "critical", pool="proxies"), **SINCE}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hq.api.anomalies, "EVERY", 0.05)


@pytest.fixture
def fake() -> Iterator[FakePrometheus]:
    with fake_prometheus() as fake:
        yield fake


@pytest.fixture
def served(tmp_path: Path, fake: FakePrometheus) -> Iterator[Served]:
    with serving(tmp_path, more=f"prometheus: {{url: {fake.url}}}") as served:
        yield served


def follow(served: Served, last: str | None = None):
    return listening(served.address, STREAM, served.bearer("read"), last)


def names(heard: list[Heard]) -> list[str]:
    return [one.name for one in heard]


def test_calm(served: Served) -> None:
    answer = served.ask("read", "GET", NOW)
    assert answer.status == 200
    found = answer.json
    assert (found["state"], found["reason"], found["anomalies"]) == ("calm", None, [])


def test_it_says_what_the_command_says(served: Served, fake: FakePrometheus) -> None:
    fake.alerts = [WATCHDOG, SPIKE, FAILURE, alert("EnvoyDown", "critical", anomaly_type="", service="")]
    fake.samples = [
        sample("exporter_collector_success", 1, collector="journal"),
        sample("chaos_fault_active", 1, fault="failure", chaos_target="proxies", scenario="wave"),
        sample("service:requests:rate1m", 50, service="storefront"),
        sample("slo:error_budget_remaining:ratio", 0.5, service="storefront", slo="success_rate"),
        sample("quality_gate_verdict", 0, service="storefront", gate="success_rate"),
        sample("pool:members:healthy", 2, service="storefront", pool="proxies"),
    ]
    fake.series = [
        (
            {"__name__": "chaos_fault_active", "fault": "failure", "chaos_target": "proxies", "scenario": "wave"},
            [1] * 60,
        )
    ]
    found = served.ask("read", "GET", NOW).json
    line = json.loads(json_line(Rounds(PrometheusClient(fake.url)).observe()))
    assert found == line | {"at": found["at"]}
    assert [anomaly["explained_by"] for anomaly in found["anomalies"]] == [
        {"kind": "failure", "target": "proxies", "scenario": "wave", "injected": True}
    ] * 2
    assert all(found[part] for part in ("faults", "services", "budgets", "gates", "troubles"))


def test_a_prometheus_that_gives_no_answer_is_an_answer_and_no_calm(served: Served, fake: FakePrometheus) -> None:
    fake.refuses = 503
    answer = served.ask("read", "GET", NOW)
    found = answer.json
    assert (answer.status, found["state"]) == (200, "blind")
    assert f"Prometheus at {fake.url}" in found["reason"]
    unknown = ("anomalies", "faults", "services", "budgets", "gates", "troubles")
    assert [found[part] for part in unknown] == [None] * 6


def test_a_prometheus_that_evaluates_no_rules_is_blind(served: Served, fake: FakePrometheus) -> None:
    fake.alerts = []
    found = served.ask("read", "GET", NOW).json
    reason = "Prometheus evaluates no anomaly rules (the Watchdog alert is silent); load prometheus/rules/*.yml"
    assert (found["state"], found["reason"]) == ("blind", reason)


def test_credentials_that_cannot_be_read_are_in_the_log_and_not_in_the_answer(
    tmp_path: Path, fake: FakePrometheus, caplog: pytest.LogCaptureFixture
) -> None:
    more = f"prometheus: {{url: {fake.url}, auth: {{bearer_file: missing-token}}}}"
    with serving(tmp_path, more=more) as served, caplog.at_level(logging.WARNING, "dev-hq.api"):
        answers = [served.ask("read", "GET", NOW) for _ in range(3)]
    for answer in answers:
        assert answer.json["reason"] == "Prometheus cannot be asked; the log of dev-hq serve says why"
        assert str(tmp_path).encode() not in answer.body
    assert caplog.text.count("missing-token") == 1


@pytest.mark.parametrize(
    ("observe", "error"), [(lambda self: 1 / 0, "ZeroDivisionError"), (lambda self: "not a look", "AttributeError")]
)
def test_a_mistake_of_ours_is_blind_and_not_the_end(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    observe: Callable[[Rounds], object],
    error: str,
) -> None:
    with follow(served) as listener:
        assert names(listener.take(1)) == ["snapshot"]
        monkeypatch.setattr(Rounds, "observe", observe)
        (event,) = listener.take(1)
        reason = "something went wrong while looking; the log of dev-hq serve says what"
        assert (event.name, event.data["reason"]) == ("blind", reason)
        assert error in caplog.text
        monkeypatch.undo()
        assert names(listener.take(1)) == ["seeing"]


@pytest.mark.parametrize("path", [NOW, STREAM])
def test_a_token_is_needed(served: Served, path: str) -> None:
    assert served.get(path).error == (401, "unauthorized", "a bearer token is needed")
    assert served.get(path, authorization="Bearer dev-hq-nobody").status == 401


@pytest.mark.parametrize("scope", ["quality", "chaos"])
def test_whoever_may_check_or_break_may_look(served: Served, scope: str) -> None:
    assert served.ask(scope, "GET", NOW).status == 200


def test_many_who_ask_at_once_are_one_look(served: Served, fake: FakePrometheus) -> None:
    served.bearer("read")
    fake.answering.clear()
    with ThreadPoolExecutor(10) as pool:
        asking = [pool.submit(served.ask, "read", "GET", NOW) for _ in range(10)]
        wait_for(lambda: fake.asked, 5, "nobody asked")
        assert served.get("/-/healthy").status == 200
        fake.answering.set()
        assert {answer.result().status for answer in asking} == {200}
    assert fake.asked.count("alerts") <= 2


def test_the_stream_begins_with_all_that_is_so(served: Served, fake: FakePrometheus) -> None:
    fake.alerts = [WATCHDOG, SPIKE]
    with follow(served) as listener:
        (snapshot,) = listener.take(1)
        assert (snapshot.name, listener.retry) == ("snapshot", 2000)
        assert snapshot.data == served.ask("read", "GET", NOW).json | {"at": snapshot.data["at"]}


def test_a_stream_may_not_be_kept_or_held_back(served: Served) -> None:
    with follow(served) as listener:
        headers = listener.response.headers
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


def test_what_starts_changes_and_ends_is_told(served: Served, fake: FakePrometheus) -> None:
    with follow(served) as listener:
        assert listener.take(1)[0].data["state"] == "calm"
        fake.alerts = [WATCHDOG, SPIKE]
        (started,) = listener.take(1)
        assert (started.name, started.data["state"]) == ("started", "anomalous")
        assert (started.data["anomaly"]["type"], started.data["anomaly"]["severity"]) == ("error_spike", "high")
        fake.alerts = [WATCHDOG, SPIKE, {**alert("error_spike", "critical"), **SINCE}]
        (changed,) = listener.take(1)
        assert (changed.name, changed.data["fields"]) == ("changed", ["severity"])
        fake.alerts = [WATCHDOG]
        (ended,) = listener.take(1)
        assert (ended.name, ended.data["state"], ended.data["anomaly"]["severity"]) == ("ended", "calm", "critical")


def test_prometheus_goes_away_and_comes_back(served: Served, fake: FakePrometheus) -> None:
    fake.alerts = [WATCHDOG, SPIKE]
    with follow(served) as listener:
        listener.take(1)
        fake.refuses = 503
        (blind,) = listener.take(1)
        assert (blind.name, blind.data["state"]) == ("blind", "blind")
        fake.alerts = [WATCHDOG]
        fake.refuses = 0
        seeing, ended = listener.take(2)
        assert (seeing.name, seeing.data["state"], seeing.data["anomalies"]) == ("seeing", "calm", [])
        assert (ended.name, ended.data["anomaly"]["type"]) == ("ended", "error_spike")


def test_who_comes_back_is_told_exactly_what_was_missed(served: Served, fake: FakePrometheus) -> None:
    with follow(served) as stays:
        with follow(served) as leaves:
            (snapshot,) = leaves.take(1)
        stays.take(1)
        fake.alerts = [WATCHDOG, SPIKE]
        (started,) = stays.take(1)
        fake.alerts = [WATCHDOG]
        (ended,) = stays.take(1)
        with follow(served, snapshot.id) as back:
            assert back.take(2) == [started, ended]
        with follow(served, started.id) as back:
            assert back.take(1) == [ended]


def test_what_changed_while_nobody_listened_is_told_as_the_difference(served: Served, fake: FakePrometheus) -> None:
    fake.alerts = [WATCHDOG, SPIKE]
    with follow(served) as listener:
        (snapshot,) = listener.take(1)
    rested(fake)
    fake.alerts = [WATCHDOG, FAILURE]
    with follow(served, snapshot.id) as listener:
        ended, started = listener.take(2)
    assert [(one.name, one.data["anomaly"]["type"]) for one in (ended, started)] == [
        ("ended", "error_spike"), ("started", "upstream_failure"),
    ]  # fmt: skip


@pytest.mark.parametrize("last", ["", "nonsense", "00000000-1", "-1", "\u00e9", "x" * 2000], ids=ascii)
def test_an_id_that_leads_nowhere_leads_to_a_snapshot(served: Served, last: str) -> None:
    with follow(served, last) as listener:
        assert names(listener.take(1)) == ["snapshot"]


def test_an_id_of_another_process_leads_to_a_snapshot(tmp_path: Path, fake: FakePrometheus) -> None:
    more = f"prometheus: {{url: {fake.url}}}"
    with serving(tmp_path / "before", more=more) as before, follow(before) as listener:
        (snapshot,) = listener.take(1)
    with serving(tmp_path / "after", more=more) as after, follow(after, snapshot.id) as listener:
        (again,) = listener.take(1)
    assert (again.name, again.id == snapshot.id) == ("snapshot", False)


def test_one_watcher_asks_for_all_and_none_for_nobody(served: Served, fake: FakePrometheus) -> None:
    with follow(served) as first:
        first.take(1)
        with follow(served) as second, follow(served) as third:
            second.take(1)
            third.take(1)
            fake.answering.clear()
            rested(fake)  # whoever asks has to wait
            before = len(fake.asked)
            with follow(served) as fourth:
                assert names(fourth.take(1)) == ["snapshot"]
                assert served.ask("read", "GET", NOW).status == 200
                rested(fake)
                assert len(fake.asked) == before
            fake.answering.set()
    rested(fake)


def test_a_listener_who_reads_nothing_holds_up_nobody(served: Served, fake: FakePrometheus) -> None:
    with follow(served) as stuck, follow(served) as listener:
        listener.take(1)
        for number in range(20):
            fake.alerts = [WATCHDOG, *([SPIKE] if number % 2 == 0 else [])]
            assert names(listener.take(1)) == ["started" if number % 2 == 0 else "ended"]
        assert names(stuck.take(21)) == ["snapshot", *["started", "ended"] * 10]


def test_a_server_that_stops_ends_its_streams_at_once(tmp_path: Path, fake: FakePrometheus) -> None:
    with stopping(tmp_path, fake) as (served, stop), follow(served) as listener:
        listener.take(1)
        fake.answering.clear()  # not even a look that is under way holds it up
        stop()
        assert listener.next() is None


def test_who_waits_for_a_look_is_told_that_the_server_stops(tmp_path: Path, fake: FakePrometheus) -> None:
    with stopping(tmp_path, fake) as (served, stop), ThreadPoolExecutor(1) as pool:
        served.bearer("read")
        fake.answering.clear()
        asking = pool.submit(served.ask, "read", "GET", NOW)
        wait_for(lambda: fake.asked, 5, "nobody asks")
        stop()
        message = "dev-hq serve was stopped before this was done; ask again when it runs"
        assert asking.result().error == (503, "unavailable", message)


@contextmanager
def stopping(directory: Path, fake: FakePrometheus) -> Iterator[tuple[Served, Callable[[], None]]]:
    """An API, and what stops it."""
    context = serving(directory, more=f"prometheus: {{url: {fake.url}}}")
    with ThreadPoolExecutor(1) as pool:
        served = context.__enter__()
        stopped = []

        def stop() -> None:
            stopped.append(pool.submit(context.__exit__, None, None, None))

        yield served, stop
        stopped[0].result(10)


def rested(fake: FakePrometheus) -> None:
    """Returns when nobody has asked for a while."""
    asked: list[int] = []

    def unchanged() -> bool:
        asked.append(len(fake.asked))
        return len(asked) > 6 and len(set(asked[-6:])) == 1

    wait_for(unchanged, 10, "somebody goes on asking", every=0.06)
