"""Which dev-hq this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed distribution, or `unknown` when it runs from a bare checkout."""
    try:
        return version("dev-hq")
    except PackageNotFoundError:
        return "unknown"
