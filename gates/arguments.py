"""The options of `python -m gates.check` and of `dev-hq quality check`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from gates.formats import FORMATS
from stack.arguments import duration, moment
from stack.dataclass import dataclass
from stack.model import LONGEST_GATE_WINDOW

STACK = Path("stack.yaml")  # the file that is read unless another is named
_WINDOW = duration(0.001, LONGEST_GATE_WINDOW)
_PAUSE = duration(0.001, 86400)
DESCRIPTION = "May this release go out? Asks Prometheus, says what was measured, and answers with its exit code."
SYNOPSIS = "%(prog)s [--stack FILE | -c FILE] [option ...]; --help names them all"
EPILOG = """\
examples:
  %(prog)s
      the objectives in stack.yaml, over the last 10 minutes
  %(prog)s --config gates.yaml --since 2026-11-22T10:00:00Z --wait 30m
      only what came after the release, until there is enough of it to decide
  %(prog)s --config gates.yaml --output junit=gates.xml --output markdown=summary.md
      reports for a pipeline, besides what is printed
  %(prog)s --config gates.yaml --explain
      what each gate demands, and the PromQL that it asks
  %(prog)s --config gates.yaml --evidence evidence.json
  %(prog)s --replay evidence.json
      the same verdict again, from the same answers

exit codes:
  0  every required gate passes (or warns, unless --strict)
  1  a required gate failed
  2  the command line or the configuration is wrong
  3  undecided: there is not enough evidence to pass
  4  error: Prometheus could not answer, or answered with what no verdict may rest on
  5  a gate failed, and what on_fail does about it failed too
"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Leaves examples as they are; the width is fixed, for argparse asks the terminal's once for each option."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=110)


@dataclass(frozen=True)
class Output:
    """A report to write: in which format, and where."""

    format: str
    path: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options, all but --stack."""
    what = parser.add_argument_group("what is judged")
    what.add_argument("-c", "--config", type=Path, metavar="FILE", help="a gates file, instead of stack.yaml's gates")
    what.add_argument(
        "--var", type=_variable, action="append", default=[], metavar="NAME=VALUE", help="a variable of the gates file"
    )
    what.add_argument("--service", nargs="+", action="extend", metavar="NAME", help="only these services")
    what.add_argument("--gate", nargs="+", action="extend", metavar="NAME", help="only these gates")
    when = parser.add_argument_group("which moment is judged")
    when.add_argument("--window", type=_WINDOW, metavar="DURATION", help="judge so much of the past, such as 10m")
    when.add_argument("--at", type=moment, metavar="TIME", help="judge this moment: 2026-11-22T10:00:00Z or 1795341600")
    when.add_argument("--since", type=moment, metavar="TIME", help="the release: nothing before it counts")
    when.add_argument("--wait", type=_PAUSE, metavar="DURATION", help="look again, for so long, until it is decided")
    when.add_argument("--every", type=_PAUSE, metavar="DURATION", help="with --wait: how often (default: 15s)")
    how = parser.add_argument_group("what is done with the verdict")
    how.add_argument("--strict", action="store_true", help="a warning stops the release too")
    how.add_argument("--dry-run", action="store_true", help="say the verdict and stop nothing: exit code 0")
    how.add_argument("--format", choices=FORMATS, default="text", help="what is printed (default: %(default)s)")
    how.add_argument(
        "-o", "--output", type=_output, action="append", default=[], metavar="FORMAT=PATH", help="a report to write"
    )
    how.add_argument("--evidence", type=Path, metavar="PATH", help="write down all that was asked and answered")
    how.add_argument("--replay", type=Path, metavar="PATH", help="judge such evidence again, without Prometheus")
    how.add_argument("--run-id", type=_run_id, metavar="ID", help="the name of this check; one remediation for each")
    how.add_argument("--no-remediate", dest="remediate", action="store_false", help="start no remediation")
    how.add_argument("--no-record", dest="record", action="store_false", help="leave the verdicts out of the journal")
    instead = parser.add_argument_group("instead of judging").add_mutually_exclusive_group()
    instead.add_argument("--validate", action="store_true", help="only read the configuration")
    instead.add_argument("--explain", action="store_true", help="say what each gate demands and asks")
    instead.add_argument("--self-test", action="store_true", help="play what can go wrong, and say each gate's verdict")


def _variable(words: str) -> tuple[str, str]:
    name, equals, value = words.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        raise argparse.ArgumentTypeError(f'"{words}" is not a variable; write it like service=checkout')
    return name, value


def _output(words: str) -> Output:
    name, equals, path = words.partition("=")
    if not equals or not path or name not in FORMATS:
        formats = ", ".join(FORMATS)
        raise argparse.ArgumentTypeError(f'"{words}" is not FORMAT=PATH, like junit=gates.xml; formats are {formats}')
    return Output(name, Path(path))


def _run_id(words: str) -> str:
    if not re.fullmatch(r"[!-~]{1,200}", words, re.ASCII):
        raise argparse.ArgumentTypeError("a run id has 1 to 200 visible ASCII characters and no spaces")
    return words
