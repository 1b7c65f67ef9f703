"""`dev-hq completion`: what a shell needs to complete our commands."""

from __future__ import annotations

import argparse


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `completion`."""
