"""What is anomalous on another machine: once, as JSON, and watched."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from hq.remote.anomalies import RemoteDashboard
from hq.remote.client import RemoteClient
from hq.remote.server import server_at
from stack.waiting import wait_for
from tests.hq.remote.conftest import Hq
from tests.hq.remote.fake_server import FakeHq, Says, refuses, token_file

PATH = "GET /api/anomalies"
ANOMALY = {
    "type": "error_spike", "severity": "high", "service": "shop", "pool": "", "metric": "errors", "threshold": "5%",
    "actual": "12%", "recommendation": "Look at the vendor.", "summary": "Errors of shop", "since": 1795341600.0,
    "runbook_url": "https://runbooks/error_spike", "dashboard_url": "https://grafana/d/x",
}  # fmt: skip
UNKNOWN = dict.fromkeys(("anomalies", "faults", "services", "budgets", "gates", "troubles"))
CALM = {**UNKNOWN, "at": "2026-11-22T10:00:00Z", "state": "calm", "reason": None, "anomalies": [], "faults": []}
ANOMALOUS = {**CALM, "state": "anomalous", "anomalies": [{**ANOMALY, "explained_by": None}]}
BLIND = {**UNKNOWN, "at": "2026-11-22T10:00:00Z", "state": "blind", "reason": "Prometheus refused the connection"}


def test_calm(fake: FakeHq, hq: Hq) -> None:
    fake.on(PATH, Says(body=CALM))
    code, out, err = hq("anomalies")
    assert (code, out[8:], err) == (0, "  nothing is anomalous\n", "")
    assert hq("anomalies", "--json") == (0, "[]\n", "")


def test_anomalous(fake: FakeHq, hq: Hq) -> None:
    fake.on(PATH, Says(body=ANOMALOUS))
    code, out, _ = hq("anomalies")
    lines = out.splitlines()
    assert (code, lines[0][8:]) == (1, "  1 anomaly")
    assert lines[2:] == ["           errors is 12%, the threshold 5%", "           Look at the vendor."]
    code, out, _ = hq("anomalies", "--json")
    assert (code, json.loads(out)) == (1, [ANOMALY])


def test_blind(fake: FakeHq, hq: Hq) -> None:
    fake.on(PATH, Says(body=BLIND))
    told = f"dev-hq: the server {fake.url} says: Prometheus refused the connection\n"
    assert hq("anomalies") == (2, "", told)
    assert hq("anomalies", "--json") == (2, "", told)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {**CALM, "state": "fine"},
        {**CALM, "anomalies": [ANOMALY]},
        {**ANOMALOUS, "anomalies": []},
        {**ANOMALOUS, "anomalies": None},
        {**ANOMALOUS, "anomalies": [{**ANOMALY, "severity": "fatal"}]},
        {**ANOMALOUS, "anomalies": [{**ANOMALY, "since": "now"}]},
    ],
)
def test_what_makes_no_sense_is_not_calm(body: object, fake: FakeHq, hq: Hq) -> None:
    fake.on(PATH, Says(body=body))
    for words in (["anomalies"], ["anomalies", "--json"]):
        code, out, err = hq(*words)
        assert (code, out) == (2, "")
        assert err.startswith(f"dev-hq: the server {fake.url} answered with ")


def watched(fake: FakeHq, directory: Path, enough: int, *, as_json: bool) -> tuple[int, str]:
    """What is written until there are so many lines, and the exit code."""
    output, stopping, codes = io.StringIO(), threading.Event(), []
    dashboard = RemoteDashboard(RemoteClient(server_at(fake.url, token_file(directory))), output)
    show = dashboard.write_json_lines if as_json else dashboard.display_real_time_anomalies
    thread = threading.Thread(target=lambda: codes.append(show(0.02, stopping)))
    thread.start()
    try:
        wait_for(lambda: output.getvalue().count("\n") >= enough, 10, "it was not written")
    finally:
        stopping.set()
        thread.join(10)
    return codes[0], output.getvalue()


def test_watching_goes_on_when_the_server_is_lost(fake: FakeHq, tmp_path: Path) -> None:
    fake.on(PATH, Says(body=CALM), Says(breaks=True), refuses(503, "busy"), Says(body=BLIND), Says(body=ANOMALOUS))
    code, out = watched(fake, tmp_path, 8, as_json=False)
    lines = [line[10:] for line in out.splitlines()[:5]]
    name = f"the server {fake.url}"
    assert lines == [
        "nothing is anomalous",
        f"blind: {name} broke off the connection",
        f"blind: {name} says: busy",
        f"blind: {name} says: Prometheus refused the connection",
        "1 anomaly",
    ]
    assert code == 1


def test_watching_as_json_says_all_that_the_server_says(fake: FakeHq, tmp_path: Path) -> None:
    fake.on(PATH, Says(body=ANOMALOUS), Says(breaks=True), Says(body=[]), Says(body=BLIND))
    code, out = watched(fake, tmp_path, 4, as_json=True)
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()[:4]]
    assert (lines[0], lines[3]) == (ANOMALOUS, BLIND)
    assert [one["state"] for one in lines[1:3]] == ["blind", "blind"]
    assert lines[1]["anomalies"] is None
    assert lines[1]["reason"] == f"the server {fake.url} broke off the connection"
    assert code == 2
