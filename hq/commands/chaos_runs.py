"""`dev-hq chaos runs`: the runs that there were, and what came of them."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from hq.chaos_output import print_runs
from hq.remote.options import add_server_options, remote
from stack.errors import HqError
from stack.placement import open_stack

if TYPE_CHECKING:
    from chaos.known_run import KnownRun, KnownRuns

LIMIT = 20


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `runs`."""
    runs = verbs.add_parser("runs", help="the last runs, the newest first")
    runs.add_argument("--limit", metavar="N", default=str(LIMIT), help=f"how many at most (default: {LIMIT})")
    runs.add_argument("--json", action="store_true", help="print them as JSON")
    add_server_options(runs)
    runs.set_defaults(handler=_list)


def _list(arguments: argparse.Namespace) -> int:
    limit = _limit(arguments.limit)
    if client := remote(arguments):
        from hq.remote.runs import list_runs

        return list_runs(client, limit, as_json=arguments.json)
    from chaos.known_run import KnownRuns

    known = KnownRuns(open_stack(arguments.stack).journal)
    known.read()
    known.lost()  # reads what they wrote just before they went
    runs = [_described(run, known) for run in known.newest(limit)]
    if arguments.json:
        print(json.dumps(runs, indent=2))
    else:
        print_runs(runs)
    return 0


def _described(run: KnownRun, known: KnownRuns) -> dict[str, object]:
    return {
        "run": run.run,
        "at": run.since,
        "scenario": run.scenario,
        "target": run.target,
        "state": run.state(known.journal).value,
        "outcome": run.outcome,
        "score": run.score,
    }


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1000):
        raise HqError(f'--limit wants a whole number from 1 to 1000, not "{text}"')
    return int(text)
