"""`dev-hq rules replay`: what rules would have said to a recorded run, and whether that is what was said."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from stack.loader import load_stack

if TYPE_CHECKING:
    from prometheus.replay.episodes import Comparison, Episode
    from prometheus.replay.rule_set import RuleSet

SHOWN_EARLIER = 0.05


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `replay`."""
    parser = commands.add_parser(
        "replay",
        help="replay a recorded run through rules, and compare what fires",
        description="Evaluates rules on a recorded run in simulated time, by promtool, and compares the alerts with "
        "those that really fired then, or with those of other rules. Alerts that begin and end within two evaluations "
        "of each other are the same.",
        epilog="Exit code: 0 the same alerts, 1 different ones, 2 the recording or the rules cannot be used.",
    )
    parser.add_argument("recording", type=Path, metavar="FILE", help="made by: dev-hq rules record")
    parser.add_argument("--rules", type=Path, metavar="DIR", help="these rules (default: those of stack.yaml)")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="compare with what these rules say, not with what really fired"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(handler=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    from prometheus.replay.recorded_run import read_run
    from prometheus.replay.replay import differences, recorded_episodes, remembers_more, replayed_episodes, unrecorded

    run = read_run(arguments.recording)
    with ExitStack() as stack:
        rules = _rules(arguments.rules, run.every, arguments.stack, stack)
        other = _rules(arguments.against, run.every, arguments.stack, stack) if arguments.against else None
        for selector in unrecorded(run, rules):
            print(f"dev-hq: the recording has nothing of {selector}, which these rules read", file=sys.stderr)
        before = replayed_episodes(run, other) if other else recorded_episodes(run)
        after = replayed_episodes(run, rules)
    all_found = differences(run, before, after, rules)
    found = [one for one in all_found if other or not remembers_more(run, rules, one.shown)]
    differ = [one for one in found if one.differs]
    for name in sorted({one.shown.labels.get("alertname", "") for one in all_found if one not in found}):
        print(f"dev-hq: {name} is not compared: it stands on more history than the recording has", file=sys.stderr)
    if arguments.json:
        print(json.dumps(_document(found), indent=2))
    else:
        _print(found, "with the other rules" if other else "then")
        print(_sentence(found, differ))
    return 1 if differ else 0


def _rules(directory: Path | None, every: float, stack_file: Path, stack: ExitStack) -> RuleSet:
    from prometheus.replay.rule_set import read_rule_set
    from prometheus.rules import write_rules

    if directory is None:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        write_rules(load_stack(stack_file), directory)
    return read_rule_set(directory, every)


def _print(found: list[Comparison], before: str) -> None:
    rows: list[tuple[str, ...]] = [("alert", "severity", "of", "since", "until", f"as {before}")]
    rows += [_row(one) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip())


def _row(one: Comparison) -> tuple[str, ...]:
    labels = one.shown.labels
    where = "/".join(filter(None, (labels.get("service"), labels.get("pool"))))
    return (
        labels.get("anomaly_type") or labels.get("alertname", ""),
        labels.get("severity", ""),
        where,
        f"{one.shown.since:.1f} s",
        f"{one.shown.until:.1f} s",
        _difference(one),
    )


def _difference(one: Comparison) -> str:
    if one.before is None or one.after is None:
        return one.verdict.value
    words = [
        _apart("begins", one.after.since - one.before.since),
        _apart("ends", one.after.until - one.before.until),
    ]
    told = ", ".join(filter(None, words))
    return f"{one.verdict.value}{': ' if told else ''}{told}"


def _apart(what: str, seconds: float) -> str:
    if abs(seconds) < SHOWN_EARLIER:
        return ""
    return f"{what} {abs(seconds):.1f} s {'later' if seconds > 0 else 'earlier'}"


def _sentence(found: list[Comparison], differ: list[Comparison]) -> str:
    if not found:
        return "The same: no alert fired."
    if not differ:
        return f"The same {len(found)} alerts." if len(found) > 1 else "The same alert."
    counts = {verdict: sum(one.verdict.value == verdict for one in differ) for verdict in ("new", "gone", "shifted")}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"Different: {told}, of {len(found)} alerts."


def _document(found: list[Comparison]) -> dict[str, Any]:
    return {
        "same": not any(one.differs for one in found),
        "episodes": [
            {
                **one.shown.labels,
                "verdict": one.verdict.value,
                "before": _span(one.before),
                "after": _span(one.after),
            }
            for one in found
        ],
    }


def _span(episode: Episode | None) -> dict[str, float] | None:
    return None if episode is None else {"since": round(episode.since, 3), "until": round(episode.until, 3)}
