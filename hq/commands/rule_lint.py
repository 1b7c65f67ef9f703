"""`dev-hq rules lint`: what Prometheus accepts although it can never do what its author believes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus.lint.problem import CHECKS
from stack.arguments import duration
from stack.errors import HqError

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient
    from prometheus.lint.lint import Circumstances
    from prometheus.lint.metric import Metric
    from prometheus.lint.rule_file import RuleSource
    from stack.model import Stack

WEEK = 7 * 86400.0
EPILOG = """checks:
{checks}

A comment in a rule, or right above it, switches checks off for it:  # dev-hq lint: ignore series

Exit code: 0 no problems, 1 problems, 2 the files cannot be used."""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `rules lint`."""
    parser = verbs.add_parser(
        "lint",
        help="find rules that can never do what their author believes",
        description="Checks rules without a Prometheus: plain files, PrometheusRule resources, Mimir's and Thanos'.",
        epilog=EPILOG.format(checks="\n".join(f"  {name:12} {what}" for name, what in CHECKS.items())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="FILE|DIR", help="rule files (default: prometheus/rules by stack.yaml)"
    )
    parser.add_argument(
        "--metrics", type=Path, action="append", default=[], metavar="FILE", help="a saved /metrics page; repeatable"
    )
    parser.add_argument("--prometheus", metavar="URL", help="ask this Prometheus which metrics and labels there are")
    parser.add_argument(
        "--scrape-interval",
        type=duration(0.1, WEEK),
        metavar="15s",
        help="how often the metrics are scraped (default: 15s)",
    )
    parser.add_argument(
        "--disable", action="append", default=[], choices=tuple(CHECKS), metavar="CHECK", help="leave out a check"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")
    parser.set_defaults(handler=_lint)


def _lint(arguments: argparse.Namespace) -> int:
    from prometheus.lint.lint import lint
    from prometheus.lint.report import as_json, report

    stack = _stack(arguments)
    paths = arguments.paths or [arguments.stack.parent / "prometheus" / "rules"]
    found = lint(tuple(_files(paths)), _circumstances(arguments, stack))
    sys.stdout.write(as_json(found) if arguments.json else report(found))
    return 1 if found.problems else 0


def _stack(arguments: argparse.Namespace) -> Stack | None:
    """The stack beside which rules are linted; files can be linted without any."""
    from stack.loader import load_stack

    return load_stack(arguments.stack) if arguments.stack.exists() or not arguments.paths else None


def _files(paths: Sequence[Path]) -> Iterator[RuleSource]:
    from prometheus.lint.rule_file import read_rule_file

    seen: set[Path] = set()
    for path in paths:
        for file in rule_files_in(path):
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield read_rule_file(file)


def rule_files_in(path: Path) -> Iterable[Path]:
    """A file itself, or the rule files directly in a directory; raises HqError when there are none."""
    from prometheus.lint.rule_file import is_test_file

    if not path.is_dir():
        return [path]
    files = [file for file in sorted(path.iterdir()) if file.suffix in (".yml", ".yaml") and file.is_file()]
    rules = [file for file in files if not is_test_file(file)]
    if not rules:
        raise HqError(f"there are no rule files (*.yml, *.yaml) in {path}")
    return rules


def _circumstances(arguments: argparse.Namespace, stack: Stack | None) -> Circumstances:
    from exporters.families import exposed_families
    from prometheus.lint.asked import asked
    from prometheus.lint.elsewhere import elsewhere
    from prometheus.lint.lint import Circumstances
    from prometheus.lint.metric import series_of
    from prometheus.lint.of_stack import counted, of_targets, recorded
    from prometheus.lint.page import page

    exposed: list[Metric] = [metric for path in arguments.metrics for metric in page(path)]
    label_names = None
    if arguments.prometheus:
        client = _client(arguments.prometheus, stack)
        exposed += asked(client)
        label_names = client.label_names()
    exposed += [metric for family in exposed_families() for metric in series_of(*family)]
    exposed += [*elsewhere(), *((*counted(stack), *of_targets()) if stack else ())]
    return Circumstances(
        exposed=tuple(exposed),
        recorded=recorded(stack) if stack else (),
        label_names=label_names,
        is_asked=bool(arguments.metrics or arguments.prometheus),
        scrape_interval=arguments.scrape_interval or (stack.prometheus.scrape_interval if stack else 15.0),
        disabled=frozenset(arguments.disable),
    )


def _client(url: str, stack: Stack | None) -> PrometheusClient:
    """A client of that Prometheus, with the stack's credentials only where the stack means the same one."""
    from prometheus.access import connect
    from prometheus.client import PrometheusClient

    if stack and stack.prometheus.url == url.rstrip("/"):
        return connect(replace(stack.prometheus, url=url.rstrip("/")))
    return PrometheusClient(url)
