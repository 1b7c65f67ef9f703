"""`dev-hq anomalies --server`: what is anomalous over there."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from typing import Any, TextIO

from hq.remote.answer import AnswerError, read_as, read_rows
from hq.remote.client import RemoteClient
from hq.terminal.json_lines import json_line
from hq.terminal.observation import Blind, BlindError, Observation
from hq.terminal.plain_dashboard import PlainDashboard
from prometheus.anomalies import Anomaly
from prometheus.catalogue import SEVERITIES
from stack.errors import HqError

STATES = ("calm", "anomalous", "blind")


class RemoteDashboard(PlainDashboard):
    """What a server says is anomalous; there is no full screen of it, for that asks Prometheus itself."""

    def __init__(self, client: RemoteClient, output: TextIO | None = None) -> None:
        super().__init__(output)
        self._client = client

    def anomalies(self) -> list[Anomaly]:
        """What fires there now, the worst first; raises ServerError, and BlindError when the server cannot say."""
        document = self._document()
        if document["state"] == "blind":
            raise BlindError(f"{self._client.name} says: {self._client.quoted(document.get('reason'))}")
        with self._client.reading():
            return _anomalies(document)

    def display_real_time_anomalies(self, every: float, stopping: threading.Event | None = None) -> int:
        """Writes a report every `every` seconds until KeyboardInterrupt or `stopping`; a lost server is blind."""
        return self._repeat(self._screenful, every, stopping)

    def write_json_lines(self, every: float, stopping: threading.Event | None = None) -> int:
        """Writes what the server says as one JSON object a line; else as `display_real_time_anomalies`."""
        return self._repeat(lambda: [self._line()], every, stopping)

    def _line(self) -> str:
        try:
            document = self._document()
            with self._client.reading():
                found = [] if document["state"] == "blind" else _anomalies(document)
        except HqError as error:
            self._last = Blind(time.time(), str(error))
            return json_line(self._last)
        blind = document["state"] == "blind"
        self._last = Blind(time.time(), "") if blind else Observation(time.time(), tuple(found))
        return json.dumps(document)

    def _document(self) -> dict[str, Any]:
        document = self._client.get("/api/anomalies", patience=0)
        with self._client.reading():
            if not isinstance(document, dict) or document.get("state") not in STATES:
                raise AnswerError("something else than what is anomalous")
        return document


def print_anomalies(client: RemoteClient, *, as_json: bool) -> int:
    """What `dev-hq anomalies` prints once; its exit code."""
    dashboard = RemoteDashboard(client)
    if as_json:
        anomalies = dashboard.anomalies()
        print(json.dumps([asdict(anomaly) for anomaly in anomalies], indent=2))
    else:
        anomalies = dashboard.display_anomalies()
    return 1 if anomalies else 0


def _anomalies(document: dict[str, Any]) -> list[Anomaly]:
    rows = read_rows(document.get("anomalies"), "anomalies")
    found = [read_as(Anomaly, row, "an anomaly") for row in rows]
    if any(anomaly.severity not in SEVERITIES for anomaly in found) or bool(found) != (document["state"] != "calm"):
        raise AnswerError("anomalies that contradict each other")
    return found
