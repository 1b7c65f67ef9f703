"""Notifications of our own, so that it is known from outside which ones were acknowledged."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

from bench.chaos_monkey.repeating import Repeating
from stack.model import Stack

KIND = "notification"


class Courier(Repeating):
    """Delivers a notification twice a second as Alertmanager does; remembers which were answered 204.

    Those that were not may be on disk or not: Alertmanager would deliver them again.
    """

    every = 0.5

    def __init__(self, stack: Stack, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.sent = 0
        self.acknowledged: list[str] = []
        self._url = f"http://{stack.exporter}/api/alerts"
        self._token = stack.webhook_token

    def look(self) -> None:
        self.sent += 1
        fingerprint = f"{self.mark}-{self.sent}"
        if self._deliver(_message(fingerprint)):
            self.acknowledged.append(fingerprint)

    def _deliver(self, message: object) -> bool:
        token = self._token.read_text().strip()
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(self._url, json.dumps(message).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 204)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            return False
        except OSError:
            return False


def hand_in(stack: Stack, name: str) -> None:
    """Gives Alertmanager an alert to notify; raises OSError when it does not take it."""
    alert = {"labels": {"alertname": name}, "startsAt": _text(time.time())}
    request = urllib.request.Request(
        f"{stack.alertmanager.url}/api/v2/alerts", json.dumps([alert]).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5):
        return


def _message(fingerprint: str) -> object:
    alert = {
        "status": "firing",
        "labels": {"alertname": "ChaosMonkeyNotification"},
        "annotations": {},
        "startsAt": _text(time.time()),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }
    return {"version": "4", "receiver": "chaos-monkey", "truncatedAlerts": 0, "alerts": [alert]}


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
