"""Which dev-hq this is."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.core import InfoMetricFamily, Metric


class BuildCollector:
    """The versions of dev-hq and of Python."""

    name = "build"

    def collect(self, seconds: float) -> Iterable[Metric]:
        """One family, `exporter_build_info`."""
        versions = {"version": installed_version(), "python_version": platform.python_version()}
        return [InfoMetricFamily("exporter_build", "The version of dev-hq that runs.", value=versions)]


def installed_version() -> str:
    """The version of the installed distribution, or `unknown` when it runs from a bare checkout."""
    try:
        return version("dev-hq")
    except PackageNotFoundError:
        return "unknown"
