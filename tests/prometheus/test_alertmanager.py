"""The configuration of Alertmanager, and what the real one makes of it."""

from __future__ import annotations

import subprocess
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from prometheus.alertmanager import alertmanager_config
from prometheus.catalogue import CATALOGUE, SEVERITIES
from prometheus.formats.text import dump
from stack.process import find_program
from stack.waiting import wait_for
from tests.prometheus.live import running_alertmanager
from tests.prometheus.stacks import demo_stack


def config(directory: Path) -> dict[str, Any]:
    (directory / "token").write_text("secret")
    return alertmanager_config(demo_stack(), directory / "token")


def test_who_is_told_and_when(tmp_path: Path) -> None:
    made = config(tmp_path)
    assert made["route"] == {
        "receiver": "dev-hq",
        "group_by": ["alertname", "service", "pool"],
        "group_wait": "1s",
        "group_interval": "2s",
        "repeat_interval": "1h",
        "routes": [
            {
                "receiver": "heartbeat",
                "matchers": ['alertname="Watchdog"'],
                "group_wait": "0s",
                "group_interval": "1m",
                "repeat_interval": "1m",
            }
        ],
    }
    (webhook,) = made["receivers"][0]["webhook_configs"]
    assert webhook == {
        "url": "http://127.0.0.1:9464/api/alerts",
        "send_resolved": True,
        "max_alerts": 200,
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": str(tmp_path / "token")},
            "follow_redirects": False,
        },
    }


def test_no_inhibition_can_match_alerts_that_are_no_anomalies(tmp_path: Path) -> None:
    for rule in config(tmp_path)["inhibit_rules"]:
        assert rule["equal"][0] == "service"
        for side in ("source_matchers", "target_matchers"):
            assert any(one.startswith("anomaly_type") or one == 'alertname="ErrorBudgetBurn"' for one in rule[side])


def test_causes_mute_their_consequences_as_far_as_they_are_no_worse(tmp_path: Path) -> None:
    rules = config(tmp_path)["inhibit_rules"]
    for cause in CATALOGUE.values():
        found = [rule for rule in rules if rule["source_matchers"][0] == f'anomaly_type="{cause.name}"']
        if cause.name == "absent_data":
            (critical,) = found
            assert critical["source_matchers"][1] == 'severity="critical"'
            assert set(critical["target_matchers"][0].split('"')[1].split("|")) == set(CATALOGUE) - {cause.name}
        elif not cause.explains:
            assert found == []
        else:
            levels = list(SEVERITIES)
            assert [rule["target_matchers"] for rule in found] == [
                [f'anomaly_type=~"{"|".join(cause.explains)}"', f'severity=~"{"|".join(levels[: index + 1])}"']
                for index in range(len(levels))
            ]


def test_amtool_accepts_it(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(dump(config(tmp_path)))
    subprocess.run([find_program("amtool"), "check-config", tmp_path / "alertmanager.yml"], check=True, timeout=60)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [("alertname=Watchdog", "heartbeat"), ("alertname=ErrorSpike", "dev-hq"), ("alertname=ExporterDown", "dev-hq")],
)
def test_routes(labels: str, receiver: str, tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(dump(config(tmp_path)))
    ran = subprocess.run(
        [find_program("amtool"), "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yml'}", labels],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert ran.stdout.strip() == receiver


def alert(kind: str, severity: str, service: str = "shop", pool: str = "") -> dict[str, str]:
    labels = {"alertname": CATALOGUE[kind].alert, "anomaly_type": kind, "severity": severity, "service": service}
    return {**labels, **({"pool": pool} if pool else {})}


def heard(url: str, sent: list[dict[str, str]]) -> set[tuple[str, str, str, str]]:
    """Which of the alerts would be notified: those that Alertmanager keeps active."""
    now = datetime.now(UTC)
    body = [
        {"labels": labels, "startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=5)).isoformat()}
        for labels in sent
    ]
    with requests.Session() as session:
        session.trust_env = False
        session.post(f"{url}/api/v2/alerts", json=body, timeout=5).raise_for_status()

        def shown() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = session.get(f"{url}/api/v2/alerts", timeout=5).json()
            known = [one for one in found if one["status"]["state"] != "unprocessed"]
            return known if len(known) == len(sent) else []

        looks: deque[set[tuple[str, str, str, str]]] = deque(maxlen=20)

        def settled() -> bool:
            """Its inhibitor hears of the alerts a moment after its API does."""
            looks.append(_active(shown()))
            return len(looks) == looks.maxlen and bool(looks[0]) and all(look == looks[0] for look in looks)

        wait_for(settled, 20, "Alertmanager did not settle")
    return looks[0]


def _active(alerts: list[dict[str, Any]]) -> set[tuple[str, str, str, str]]:
    return {
        (labels.get("anomaly_type", ""), labels.get("severity", ""), labels.get("service", ""), labels.get("pool", ""))
        for labels in (one["labels"] for one in alerts if one["status"]["state"] == "active")
    }


CASES = {
    "the higher severity mutes the lower": (
        [alert("error_spike", severity) for severity in SEVERITIES],
        {("error_spike", "critical", "shop", "")},
    ),
    "but not those of another service, pool or type": (
        [alert("error_spike", "low"), alert("error_spike", "high", "till"), alert("latency_shift", "medium"),
         alert("upstream_failure", "low", "desk", "a"), alert("upstream_failure", "high", "desk", "b")],
        {("error_spike", "low", "shop", ""), ("error_spike", "high", "till", ""),
         ("latency_shift", "medium", "shop", ""),
         ("upstream_failure", "low", "desk", "a"), ("upstream_failure", "high", "desk", "b")},
    ),
    "all data lost mutes every other type of the service": (
        [*(alert(kind, "critical") for kind in CATALOGUE), alert("upstream_failure", "low", pool="a"),
         alert("error_spike", "low", "till")],
        {("absent_data", "critical", "shop", ""), ("error_spike", "low", "till", "")},
    ),
    "some data lost mutes nothing": (
        [alert("absent_data", "high"), alert("error_spike", "low")],
        {("absent_data", "high", "shop", ""), ("error_spike", "low", "shop", "")},
    ),
    "a failing upstream explains errors and latency that are no worse": (
        [alert("upstream_failure", "high", pool="a"), alert("error_spike", "high"), alert("latency_shift", "low"),
         alert("rate_limit_storm", "low", pool="a"), alert("error_spike", "high", "till")],
        {("upstream_failure", "high", "shop", "a"), ("rate_limit_storm", "low", "shop", "a"),
         ("error_spike", "high", "till", "")},
    ),
    "a failing upstream does not hide what is worse": (
        [alert("upstream_failure", "low", pool="a"), alert("error_spike", "low"), alert("error_spike", "critical")],
        {("upstream_failure", "low", "shop", "a"), ("error_spike", "critical", "shop", "")},
    ),
    "limited and asked for more than it can take": (
        [alert("traffic_spike", "high"), alert("saturation", "high"), alert("saturation", "low", pool="a"),
         alert("latency_shift", "medium"), alert("rate_limit_storm", "medium", pool="a"), alert("error_spike", "low")],
        # Latency by saturation, errors by the limit on requests: what is muted itself still mutes.
        {("traffic_spike", "high", "shop", "")},
    ),
    "nearly full is no cause of more requests": (
        [alert("saturation", "critical"), alert("traffic_spike", "high"), alert("latency_shift", "critical")],
        {("saturation", "critical", "shop", ""), ("traffic_spike", "high", "shop", "")},
    ),
    "what comes and goes explains what is lost meanwhile": (
        [alert("flapping", "medium"), alert("error_spike", "medium"), alert("latency_shift", "low"),
         alert("traffic_drop", "high"), alert("absent_data", "medium")],
        {("flapping", "medium", "shop", ""), ("traffic_drop", "high", "shop", ""),
         ("absent_data", "medium", "shop", "")},
    ),
    "errors explain the budget that they eat": (
        [alert("error_spike", "medium"), alert("budget_exhaustion", "medium"),
         alert("budget_exhaustion", "low", "till")],
        {("error_spike", "medium", "shop", ""), ("budget_exhaustion", "low", "till", "")},
    ),
    "the watchers mute nobody": (
        [{"alertname": "ExporterDown", "severity": "critical"}, {"alertname": "ChaosFaultStuck", "severity": "low"},
         {"alertname": "Watchdog"}],
        {("", "critical", "", ""), ("", "low", "", ""), ("", "", "", "")},
    ),
}  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize("name", CASES)
def test_what_a_real_alertmanager_mutes(name: str, tmp_path: Path) -> None:
    sent, expected = CASES[name]
    with running_alertmanager(dump(config(tmp_path)), tmp_path) as url:
        assert heard(url, sent) == expected
