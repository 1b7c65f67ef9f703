"""The dashboard of one service: a module for each part of it."""

from grafana.service.board import UID, service

__all__ = ["UID", "service"]
