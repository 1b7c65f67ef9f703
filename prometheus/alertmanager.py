"""The configuration of Alertmanager: who is told, how alerts are grouped, and which of them explains which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus.catalogue import CATALOGUE, SEVERITIES
from prometheus.objectives.burn_alerts import ALERT
from stack.model import Stack
from stack.quantity import format_duration

Config = dict[str, Any]

MAX_ALERTS = 200


def alertmanager_config(stack: Stack, credentials_file: Path) -> Config:
    """A configuration that notifies the webhook of `dev-hq serve`, with the bearer token in `credentials_file`."""
    settings = stack.alertmanager
    return {
        "route": {
            "receiver": "dev-hq",
            "group_by": ["alertname", "service", "pool"],
            "group_wait": format_duration(settings.group_wait),
            "group_interval": format_duration(settings.group_interval),
            "repeat_interval": format_duration(settings.repeat_interval),
            "routes": [_heartbeat()],
        },
        "receivers": [
            {"name": "dev-hq", "webhook_configs": [_webhook(stack, credentials_file)]},
            {"name": "heartbeat"},
        ],
        "inhibit_rules": list(_inhibitions()),
    }


def _heartbeat() -> Config:
    """The dead man's switch goes to a receiver that does nothing: replace it by a heartbeat of another system."""
    return {
        "receiver": "heartbeat",
        "matchers": ['alertname="Watchdog"'],
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": "1m",
    }


def _webhook(stack: Stack, credentials_file: Path) -> Config:
    return {
        "url": f"http://{stack.exporter.near}/api/alerts",
        "send_resolved": True,
        "max_alerts": MAX_ALERTS,
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": str(credentials_file)},
            "follow_redirects": False,
        },
    }


def _inhibitions() -> Iterator[Config]:
    """A label that is missing on both sides counts as equal, so every matcher names an anomaly_type or an alert."""
    severities = list(SEVERITIES)
    for index, severity in enumerate(severities[1:], start=1):
        yield _inhibition(
            'anomaly_type=~".+"', severity, 'anomaly_type=~".+"', severities[:index], "pool", "slo", "anomaly_type"
        )
        burning = f'alertname="{ALERT}"'
        yield _inhibition(burning, severity, burning, severities[:index], "slo")
    others = "|".join(name for name in CATALOGUE if name != "absent_data")
    yield _inhibition('anomaly_type="absent_data"', "critical", f'anomaly_type=~"{others}"', severities)
    for cause in CATALOGUE.values():
        if cause.explains:
            consequences = f'anomaly_type=~"{"|".join(cause.explains)}"'
            for index, severity in enumerate(severities, start=1):
                # What is worse than its cause is not explained by it.
                yield _inhibition(f'anomaly_type="{cause.name}"', severity, consequences, severities[:index])


def _inhibition(source: str, severity: str, target: str, severities: list[str], *equal: str) -> Config:
    return {
        "source_matchers": [source, f'severity="{severity}"'],
        "target_matchers": [target, f'severity=~"{"|".join(severities)}"'],
        "equal": ["service", *equal],
    }
