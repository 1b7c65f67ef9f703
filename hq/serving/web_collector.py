"""Whether the web configuration in force is the one on disk."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from hq.serving.web import Web


class WebCollector:
    """Tells of a certificate, or of users, that were changed and could not be read."""

    name = "web"

    def __init__(self, web: Web) -> None:
        self._web = web

    def collect(self, seconds: float) -> Iterable[Metric]:
        """One family, `web_config_last_reload_successful`."""
        self._web.refresh()
        words = "Whether the web configuration and its certificates were good when they were last read."
        return [GaugeMetricFamily("web_config_last_reload_successful", words, value=float(self._web.is_current))]
