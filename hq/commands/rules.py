"""`dev-hq rules`: what can be done with rules, generated ones and those that a user wrote."""

from __future__ import annotations

import argparse
from types import ModuleType

from hq.commands import rule_lint, rule_record, rule_replay, rule_test

VERBS: tuple[ModuleType, ...] = (rule_lint, rule_test, rule_record, rule_replay)
"""A module of hq/commands for each verb."""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `rules`, with a subcommand for each of VERBS."""
    rules = commands.add_parser("rules", help="lint rules, test them, and replay recorded runs through them")
    verbs = rules.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in VERBS:
        verb.register(verbs)
