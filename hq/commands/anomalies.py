"""`dev-hq anomalies`: what is anomalous now."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from stack.placement import open_stack
from stack.quantity import QuantityError, parse_duration


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `anomalies`."""
    parser = commands.add_parser(
        "anomalies",
        help="print what is anomalous now",
        epilog="Exit code: 0 nothing is anomalous, 1 something is, 2 nobody can say.",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="go on until Ctrl-C")
    how.add_argument("--json", action="store_true", help="one JSON list instead of text")
    parser.add_argument("--every", type=_duration, default=2.0, help="how often with --watch (default: 2s)")
    parser.set_defaults(handler=_anomalies)


def _duration(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if seconds < 0.1:
        raise argparse.ArgumentTypeError(f'"{text}" is too short; 100ms is the least')
    return seconds


def _anomalies(arguments: argparse.Namespace) -> int:
    from hq.terminal import AnomalyDashboard
    from prometheus.access import connect

    dashboard = AnomalyDashboard(connect(open_stack(arguments.stack).prometheus))
    if arguments.watch:
        dashboard.display_real_time_anomalies(every=arguments.every)
        return 0
    if arguments.json:
        anomalies = dashboard.anomalies()
        print(json.dumps([asdict(anomaly) for anomaly in anomalies], indent=2))
    else:
        anomalies = dashboard.display_anomalies()
    return 1 if anomalies else 0
