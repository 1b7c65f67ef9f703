"""`dev-hq dashboard`: the address of the anomaly dashboard, once there is something to see on it."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from prometheus.errors import PrometheusError
from stack.arguments import duration
from stack.errors import NotReadyError
from stack.placement import open_stack

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient
    from stack.model import Stack

PATH = "/d/dev-hq-anomaly-overview"
LONGEST_WAIT = 3600.0
PAUSE = 0.5
_DESCRIPTION = """\
Prints the address of the anomaly dashboard, below links.grafana of stack.yaml, when Prometheus
scrapes every target and evaluates the rules.

Grafana itself is not asked: `docker compose up` starts one (docs/containers.md), and
docs/dashboards.md says how to use yours. Without any: dev-hq anomalies --watch
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `dashboard`."""
    parser = commands.add_parser(
        "dashboard",
        help="say where Grafana has the anomaly dashboard, when there is something to see on it",
        description=_DESCRIPTION,
        epilog="exit codes: 0 the address is printed; 2 there is nothing to see yet, and one line says why",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--wait", type=duration(0, LONGEST_WAIT), default=0.0, metavar="D",
        help="how long to wait until that is so, such as 1m (default: not at all)",
    )  # fmt: skip
    parser.set_defaults(handler=_dashboard)


def _dashboard(arguments: argparse.Namespace) -> int:
    from prometheus.access import connect

    stack = open_stack(arguments.stack)
    client = connect(stack.prometheus)
    deadline = time.monotonic() + arguments.wait
    while lacking := _lacking(stack, client):
        if time.monotonic() >= deadline:
            raise NotReadyError(f"there is nothing to see on the dashboard: {lacking}")
        time.sleep(PAUSE)
    print(f"The anomaly dashboard: {stack.links.grafana.rstrip('/')}{PATH}", flush=True)
    return 0


def _lacking(stack: Stack, client: PrometheusClient) -> str | None:
    """What keeps the dashboard empty, if anything does."""
    from hq.scraped import unscraped

    try:
        if jobs := unscraped(stack, client):
            return f"Prometheus does not scrape {', '.join(sorted(jobs))}"
        if not any(alert.labels.get("alertname") == "Watchdog" for alert in client.alerts()):
            return "Prometheus evaluates no anomaly rules (the Watchdog alert is silent)"
    except PrometheusError as error:
        return str(error)
    return None
