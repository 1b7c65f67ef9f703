"""`dev-hq rules record`: what the rules read and what fired, from a running Prometheus into a file."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from stack.arguments import duration, moment
from stack.errors import HqError
from stack.journal import Journal
from stack.model import Stack
from stack.placement import open_stack

AFTERWARDS = 120.0  # alerts hold on after a run, and that belongs to it
_STRETCH = duration(1, 7 * 86400)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `record`."""
    parser = commands.add_parser(
        "record",
        help="record what the rules read and what fired, for `dev-hq rules replay`",
        description="Writes the raw series that the rules read, and the alerts that fired, into one file. It holds "
        "labels and numbers, and nothing of how Prometheus is reached.",
        epilog="Exit code: 0 recorded, 2 could not.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--run", metavar="ID", help="the time of this chaos run, and what its alerts need afterwards")
    which.add_argument(
        "--since", type=moment, metavar="T", help="from then on (2026-11-22T10:00:00Z, or epoch seconds)"
    )
    which.add_argument("--last", type=_STRETCH, metavar="DURATION", help="this long until now (default: 10m)")
    parser.add_argument("--until", type=moment, metavar="T", help="with --since: until then (default: now)")
    parser.add_argument(
        "--lead", type=_STRETCH, default=600.0, metavar="DURATION", help="what comes before, to warm up (default: 10m)"
    )
    parser.add_argument("--rules", type=Path, metavar="DIR", help="record for these rules, not the stack's own")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("recording.json.gz"), metavar="FILE", help="default: %(default)s"
    )
    parser.set_defaults(handler=_record)


def _record(arguments: argparse.Namespace) -> int:
    from prometheus.access import connect
    from prometheus.replay.capture import capture
    from prometheus.replay.recorded_run import write_run
    from prometheus.replay.rule_set import read_rule_set
    from prometheus.rules import write_rules

    if arguments.until is not None and arguments.since is None:
        raise HqError("--until needs --since")
    stack = open_stack(arguments.stack)
    since, until = _stretch(arguments, stack)
    with TemporaryDirectory() as directory:
        if arguments.rules is None:
            write_rules(stack, Path(directory))
        rules = read_rule_set(arguments.rules or Path(directory), stack.prometheus.evaluation_interval)
    recorded = capture(
        connect(stack.prometheus),
        rules,
        since=since,
        until=until,
        every=stack.prometheus.evaluation_interval,
        lead=arguments.lead,
        run=arguments.run,
    )
    size = write_run(arguments.output, recorded)
    print(
        f"recorded {until - since:.0f} s and {arguments.lead:.0f} s before them: {len(recorded.series)} series, "
        f"{recorded.samples} samples, {size / 1024:.0f} KiB in {arguments.output}"
    )
    return 0


def _stretch(arguments: argparse.Namespace, stack: Stack) -> tuple[float, float]:
    now = time.time()
    if arguments.run is not None:
        since, ended = _of_run(stack, arguments.run)
        return since, min(now, ended + AFTERWARDS)
    since = now - (arguments.last or 600.0) if arguments.since is None else arguments.since
    until = now if arguments.until is None else min(now, arguments.until)
    if until - since < 1:
        raise HqError("nothing lies between --since and --until that is in the past; give at least a second")
    return since, until


def _of_run(stack: Stack, run: str) -> tuple[float, float]:
    """When a run was announced and when it ended (now, while it goes on); raises HqError for one nobody knows."""
    records = [record for record in Journal(stack.journal).read() if record.data.get("run") == run]
    announced = [record.at for record in records if record.kind == "run_announced"]
    if not announced:
        raise HqError(f'the journal {stack.journal} has no run "{run}"; {_last_run(stack)}')
    ended = [record.at for record in records if record.kind == "run_finished"]
    return announced[0], ended[-1] if ended else time.time()


def _last_run(stack: Stack) -> str:
    runs = [record.data.get("run") for record in Journal(stack.journal).read() if record.kind == "run_announced"]
    return f'the last one is "{runs[-1]}"' if runs else "there was none yet"
