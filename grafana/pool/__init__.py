"""The dashboard of one pool: a module for each part of it."""

from grafana.pool.board import UID, pool

__all__ = ["UID", "pool"]
