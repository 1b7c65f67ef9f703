"""`dev-hq init`: a stack.yaml to begin with, and what is generated from it."""

from __future__ import annotations

import argparse


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `init`."""
