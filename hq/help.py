"""What `--help` teaches of each command beside its options: what it is for, examples, and what its exit code says.

Commands that say all of this themselves are not listed here; what a command says itself is kept.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping

from hq.command_tree import every_command
from stack.dataclass import dataclass

DONE_OR_NOT = "0 done; 2 it could not be done, and one line says why"
WIDTH = 79


@dataclass(frozen=True)
class Help:
    """Examples, each with what it does; and a description and exit codes, where the command says none itself."""

    examples: Mapping[str, str]
    description: str = ""
    exit_codes: str = ""

    @property
    def example_lines(self) -> str:
        width = max((len(command) for command in self.examples if len(command) <= 44), default=30)
        return "examples:\n" + "\n".join(self._line(command, width) for command in self.examples)

    def _line(self, command: str, width: int) -> str:
        if len(command) > width:
            return f"  {command}\n  {'':<{width}}  {self.examples[command]}"
        return f"  {command:<{width}}  {self.examples[command]}"


HELP: Mapping[str, Help] = {
    "": Help(
        {
            "dev-hq init": "a stack.yaml to begin with: the demo's",
            "dev-hq up": "all of it on this machine, until Ctrl-C",
            "dev-hq chaos run proxy-failure-wave": "break something, and score how it is taken",
            "dev-hq anomalies --watch": "what is wrong now, on a full screen",
            "dev-hq quality check": "may this release go out?",
        },
        "Chaos jobs, anomaly rules and release gates as one closed loop on Prometheus,\n"
        "Alertmanager, Envoy and Grafana. stack.yaml names services and what is promised\n"
        "of them; everything else follows from it.",
        "0 done, or all is well; 1 no: something was found wrong; 2 it could not be done, and one line says why. "
        "Some have more: dev-hq COMMAND --help",
    ),
    "up": Help(
        {
            "dev-hq up": "in the directory of stack.yaml",
            "dev-hq up --fresh": "without what an earlier one has seen",
            "dev-hq --stack shop/stack.yaml up": "another directory's",
        },
        "Starts the stack on this machine: the processes of stack.yaml, Envoy, the\n"
        "exporter, and Prometheus and Alertmanager unless they are elsewhere. Each is\n"
        "started again when it dies. An address that is taken is moved, and dev-hq status\n"
        "says where to; all that is written lies in var/ beside stack.yaml.",
        "0 it was stopped; 2 it could not be started, or a program keeps dying; 130 it was stopped before it was up",
    ),
    "down": Help(
        {"dev-hq down": "from any terminal"},
        "Stops what `dev-hq up` started from this stack.yaml, and waits until it has ended.",
        "0 nothing runs any more; 2 it could not be done, and one line says why",
    ),
    "status": Help(
        {"dev-hq status": "the addresses, one a line"},
        "Says where each part of the running stack listens: an address that was taken when\n"
        "it started is another than in stack.yaml.",
        "0 it runs; 2 it does not",
    ),
    "demo": Help(
        {"dev-hq demo": "in a directory where `dev-hq init` was"},
        "Shows the closed loop in a few minutes: a stack comes up, proxies fail one after\n"
        "another, an anomaly is seen and notified, the gate blocks, all recovers, and the\n"
        "run gets its score. Everything is stopped in the end.",
        "0 every step happened; 1 one did not, and one line says which; 2 the stack cannot show it",
    ),
    "chaos": Help(
        {
            "dev-hq chaos list": "what can be broken",
            "dev-hq chaos run network-latency --dry-run": "what would be done, when",
            "dev-hq chaos run network-latency": "do it, measure, and write a report",
            "dev-hq chaos stop": "withdraw every fault now",
        },
        "Breaks things on purpose, and scores how the system takes it. A fault is a lease:\n"
        "it ends within 3 seconds when the run that injected it ends, in whatever way.",
        "those of each command; dev-hq chaos run --help",
    ),
    "chaos list": Help(
        {"dev-hq chaos list": "name and title, one a line"}, "Lists the scenarios that come with dev-hq.", DONE_OR_NOT
    ),
    "chaos show": Help(
        {
            "dev-hq chaos show proxy-failure-wave": "one of those that come with dev-hq",
            "dev-hq chaos show nightly.yaml": "one of your own (docs/scenarios.md)",
        },
        "Says what a scenario breaks, what it expects to be seen, and what it supposes.",
        DONE_OR_NOT,
    ),
    "chaos run": Help(
        {
            "dev-hq chaos run proxy-failure-wave": "as it is written",
            "dev-hq chaos run proxy-failure-wave --dry-run": "what would be broken when",
            "dev-hq chaos run network-latency --set intensity=900ms --duration 30s": "changed",
            "dev-hq chaos run network-latency --target storefront --json": "its result as JSON",
        },
        "Waits for a steady state, injects the faults of a scenario, measures the impact,\n"
        "whether the right alerts fired and how long recovery took, and scores that. The\n"
        "report lies in var/reports. Ctrl-C withdraws the faults at once.",
    ),
    "chaos runs": Help(
        {"dev-hq chaos runs": "the newest first", "dev-hq chaos runs --limit 5 --json": "for programs"},
        "Lists the runs that the journal has, and how each ended.",
        DONE_OR_NOT,
    ),
    "chaos stop": Help(
        {"dev-hq chaos stop": "from any terminal"},
        "Stops the run that is going on: its faults are withdrawn, and it ends without a score.",
        DONE_OR_NOT,
    ),
    "chaos verify": Help(
        {
            "dev-hq chaos verify": "every scenario, target and size",
            "dev-hq chaos verify --scenario network-latency": "some of them",
        },
        "Would anyone have been told? Injects faults just below, above and far above each\n"
        "threshold into a running stack, and compares what fired with what was due.",
    ),
    "quality": Help(
        {"dev-hq quality check": "by the objectives in stack.yaml"},
        "Judges whether a release may go out, by what Prometheus has counted; the same as\npython -m gates.check.",
        "those of the command; dev-hq quality check --help",
    ),
    "dashboard": Help(
        {"dev-hq dashboard": "its address", "dev-hq dashboard --wait 1m": "as soon as there is something to see"}
    ),
    "discover": Help(
        {
            "dev-hq discover --prometheus http://127.0.0.1:9090": "print a stack.yaml",
            "dev-hq discover --access stack.yaml --output new.yaml": "where a login is needed",
            "dev-hq discover --prometheus http://127.0.0.1:9090 --selector job=shop": "one job",
        },
        "Looks at what a running Prometheus has, and proposes the services, indicators and\n"
        "objectives of a stack.yaml. docs/discover.md says what it recognises.",
    ),
    "configure": Help({"dev-hq configure": "before programs that others start"}),
    "rules": Help(
        {
            "dev-hq rules lint": "what can never work, in the rules of stack.yaml",
            "dev-hq rules test": "promtool's tests, and what none touches",
            "dev-hq rules record --last 10m": "keep what the rules have read",
            "dev-hq rules replay recording.json.gz": "judge it again by changed rules",
        },
        "Checks recording and alerting rules, yours too, before they are loaded.",
        "those of each command; dev-hq rules lint --help",
    ),
    "rules lint": Help(
        {
            "dev-hq rules lint": "those beside stack.yaml",
            "dev-hq rules lint rules/ --metrics page.txt": "yours, and what you expose",
            "dev-hq rules lint rules/ --disable template --json": "for programs",
        }
    ),
    "rules test": Help(
        {"dev-hq rules test": "those beside stack.yaml", "dev-hq rules test tests/shop.yml": "yours"},
    ),
    "rules record": Help(
        {
            "dev-hq rules record --last 30m": "the last half hour",
            "dev-hq rules record --since 2026-11-22T10:00:00Z --output incident.json.gz": "from then on",
        }
    ),
    "rules replay": Help(
        {
            "dev-hq rules replay recording.json.gz": "by the rules of stack.yaml",
            "dev-hq rules replay recording.json.gz --rules new --against old": "two versions",
        }
    ),
    "serve": Help(
        {
            "dev-hq serve": "at the address in stack.yaml",
            "dev-hq serve --listen 127.0.0.1:9500 --enable-chaos-api": "and let callers start runs",
        },
        "Exposes what the journal and the pools say as metrics, takes what Alertmanager\n"
        "notifies, and answers the HTTP API (docs/api.md). `dev-hq up` starts one.",
        "0 it was stopped; 2 it could not be started, and one line says why",
    ),
    "token": Help(
        {
            "dev-hq token add ci --scope quality": "a pipeline that asks for verdicts",
            "dev-hq token list": "whose there are",
            "dev-hq token revoke ci": "it opens nothing any more",
        },
        exit_codes=DONE_OR_NOT,
    ),
    "token add": Help(
        {
            "dev-hq token add grafana --scope read": "print it once",
            "dev-hq token add ci --scope quality --scope chaos --output ci.token": "into a file",
        },
        "Makes a token, and prints it: only its digest is kept.",
        DONE_OR_NOT,
    ),
    "token list": Help(
        {"dev-hq token list": "names and scopes"}, "Lists whose tokens there are, and what each opens.", DONE_OR_NOT
    ),
    "token revoke": Help(
        {"dev-hq token revoke ci": "at once, also in a running serve"},
        "Forgets a token: it opens nothing any more.",
        DONE_OR_NOT,
    ),
}


def teach(top: argparse.ArgumentParser) -> None:
    """Adds what is written here to the help of each command."""
    for command, parser in every_command(top):
        if known := HELP.get(command):
            wraps = parser.formatter_class is argparse.HelpFormatter
            parser.description = known.description or _wrapped(parser.description or "", wraps)
            exit_codes = _wrapped(f"exit codes: {known.exit_codes}", True) if known.exit_codes else ""
            parser.epilog = f"{known.example_lines}\n\n{exit_codes or _wrapped(parser.epilog or '', wraps)}"
            parser.formatter_class = argparse.RawDescriptionHelpFormatter


def _wrapped(text: str, wraps: bool) -> str:
    return textwrap.fill(text, WIDTH) if wraps else text
