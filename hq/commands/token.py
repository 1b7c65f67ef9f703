"""`dev-hq token`: who may call the HTTP API."""

from __future__ import annotations

import argparse


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `token`."""
