"""`dev-hq anomalies`: what is anomalous now."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from hq.remote.options import add_server_options, remote
from stack.arguments import duration
from stack.errors import HqError
from stack.placement import open_stack

if TYPE_CHECKING:
    from hq.remote.anomalies import RemoteDashboard
    from hq.terminal import AnomalyDashboard

DESCRIPTION = """\
What is anomalous now: type, severity, since when, actual against threshold, and what to do.

With --watch on a terminal it is a full screen that goes on until q or Ctrl-C (? shows all keys):
anomalies, how they went, the fault that explains them, error budgets, verdicts of gates.
It needs rich: pip install 'dev-hq[terminal]'. Piped, with TERM=dumb, without rich
or with --server, it is plain text.
"""
EPILOG = """\
examples:
  dev-hq anomalies                         once, as text
  dev-hq anomalies --json | jq '.[].type'  once, as one JSON list
  dev-hq anomalies --watch                 the full screen
  dev-hq anomalies --watch --json          one JSON object a line, for each round

Exit code: 0 nothing is anomalous, 1 something is, 2 nobody can say (Prometheus gives no answer, or
evaluates no rules). With --watch it is what was seen last; 143 and 129 after SIGTERM and SIGHUP.
NO_COLOR=1 leaves out colours. docs/terminal.md has the screen, the keys and the JSON.
"""

SHORTEST, LONGEST = 0.1, 86400.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `anomalies`."""
    parser = commands.add_parser(
        "anomalies",
        help="show what is anomalous now, once or on a full screen",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--watch", action="store_true", help="go on until q or Ctrl-C, on a full screen if there is one"
    )
    parser.add_argument(
        "--json", action="store_true", help="a JSON list instead of text; with --watch, an object a line"
    )
    parser.add_argument(
        "--every", type=duration(SHORTEST, LONGEST), default=2.0, metavar="D",
        help="how often with --watch, such as 10s (default: 2s)",
    )  # fmt: skip
    add_server_options(parser)
    parser.set_defaults(handler=_anomalies)


def _anomalies(arguments: argparse.Namespace) -> int:
    if client := remote(arguments):
        from hq.remote.anomalies import RemoteDashboard, print_anomalies

        if arguments.watch:
            return _watch(RemoteDashboard(client), arguments)
        return print_anomalies(client, as_json=arguments.json)
    from hq.terminal import AnomalyDashboard
    from prometheus.access import connect

    dashboard = AnomalyDashboard(connect(open_stack(arguments.stack).prometheus))
    if arguments.watch:
        return _watch(dashboard, arguments)
    if arguments.json:
        anomalies = dashboard.anomalies()
        print(json.dumps([asdict(anomaly) for anomaly in anomalies], indent=2))
    else:
        anomalies = dashboard.display_anomalies()
    return 1 if anomalies else 0


def _watch(dashboard: AnomalyDashboard | RemoteDashboard, arguments: argparse.Namespace) -> int:
    if not sys.stdout:
        raise HqError("there is nothing to write to: stdout is closed")
    show = dashboard.write_json_lines if arguments.json else dashboard.display_real_time_anomalies
    try:
        return show(every=arguments.every)
    except KeyboardInterrupt:
        return dashboard.exit_code
