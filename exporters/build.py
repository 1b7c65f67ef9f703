"""Which dev-hq this is."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from prometheus_client.core import InfoMetricFamily, Metric

from stack.version import installed_version


class BuildCollector:
    """The versions of dev-hq and of Python."""

    name = "build"

    def collect(self, seconds: float) -> Iterable[Metric]:
        """One family, `exporter_build_info`."""
        versions = {"version": installed_version(), "python_version": platform.python_version()}
        return [InfoMetricFamily("exporter_build", "The version of dev-hq that runs.", value=versions)]
