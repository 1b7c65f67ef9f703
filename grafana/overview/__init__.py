"""The anomaly overview: a module for each part of it."""

from grafana.overview.board import UID, overview

__all__ = ["UID", "overview"]
