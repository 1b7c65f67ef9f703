"""`dev-hq generate`: the rules and the dashboards that follow from stack.yaml."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from hq.commands import generate_rules
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.generated import Generated, differing, generated_by, left_over, write
from stack.loader import load_stack

_DESCRIPTION = """\
Writes what follows from stack.yaml, beside it:
  prometheus/rules/*.yml      recording and alerting rules, for rule_files of Prometheus
  grafana/dashboards/*.json   dashboards, for Grafana 12 and 13 (docs/dashboards.md)
  grafana/provisioning/       data sources, and where the dashboards are

The same stack gives the same bytes, so they can be committed: run it after each
change of stack.yaml, and --check in CI.
"""
_EPILOG = """\
examples:
  dev-hq generate                     all of it
  dev-hq generate --check             in CI: did somebody forget to?
  dev-hq generate --only grafana --output /srv/grafana
                                      /srv/grafana/dashboards and /provisioning
  dev-hq generate --format mimir      for the ruler of Mimir, into
                                      prometheus/rules/mimir

Files are replaced whole. One in the way that was not generated stays, and then
nothing is written. None is deleted: those no longer generated are named.

exit codes: 0 done, or with --check: all files are up to date; 1 with --check:
some differ or are left over; 2 it could not be done, and one line says why
"""


@dataclass(frozen=True)
class Asked:
    """Files that are asked for, what they follow from, and what there is to say of that.

    `command` is what their comments name, `run` what to run for them.
    """

    files: tuple[Generated, ...]
    source: str
    command: str
    run: str
    notes: tuple[str, ...] = ()


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `generate`."""
    parser = commands.add_parser(
        "generate",
        help="write the rules and dashboards that follow from stack.yaml",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that differ")
    parser.add_argument("--only", choices=("rules", "grafana"), help="write one of the two (default: both)")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where that one is written (default: prometheus/rules or grafana beside stack.yaml; of other formats, "
        "prometheus/rules/FORMAT); without --only: the rules",
    )
    generate_rules.add_options(parser)
    parser.set_defaults(handler=_generate)


def _generate(arguments: argparse.Namespace) -> int:
    asked = _asked(arguments)
    if arguments.check:
        return _check(asked)
    write(asked.files)
    for files in asked.files:
        print(f"wrote {', '.join(files.texts)} to {files.directory}")
    for note in asked.notes:
        print(f"note: {note}", file=sys.stderr)
    _name_left_over(asked.files)
    return 0


def _asked(arguments: argparse.Namespace) -> Asked:
    wanted, naming = generate_rules.format_and_naming(arguments)
    parts = _parts(arguments)
    command = generate_rules.command_of(wanted, naming)
    run = command + _options(arguments)
    if wanted.name == "nab":
        return Asked((generate_rules.band_alone(arguments, wanted, naming),), "the adaptive band", command, run)
    stack = load_stack(arguments.stack)
    files: list[Generated] = []
    notes: list[str] = []
    if "rules" in parts:
        from prometheus.objectives.burn_rate import unreachable

        files.append(generate_rules.rules_of(stack, arguments, wanted, naming))
        notes = unreachable(stack)
    if "grafana" in parts:
        from hq.commands.generate_grafana import grafana_files

        files += grafana_files(stack, arguments)
    return Asked(tuple(files), str(arguments.stack), command, run, tuple(notes))


def _parts(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What to write: both, unless one is named, or an option is given that is of rules only."""
    if arguments.only == "grafana" and arguments.format != "plain":
        raise HqError(f"--format {arguments.format} is of rules, which --only grafana leaves out; drop one of them")
    if arguments.only:
        return (arguments.only,)
    return ("rules",) if arguments.output or arguments.format != "plain" else ("rules", "grafana")


def _options(arguments: argparse.Namespace) -> str:
    only = f" --only {arguments.only}" if arguments.only else ""
    return only + (f" --output {shlex.quote(str(arguments.output))}" if arguments.output else "")


def _check(asked: Asked) -> int:
    found = [path for files in asked.files for path in differing(files)]
    for path in found:
        if (other := generated_by(path)) not in ("", asked.command):
            print(
                f"{path} was written by `{other}`, not by `{asked.command}`; give --check the same options",
                file=sys.stderr,
            )
            continue
        found_wrong = f"is not what {asked.source} asks for" if path.exists() else "is missing"
        print(f"{path} {found_wrong}; run: {asked.run}", file=sys.stderr)
    return 1 if _name_left_over(asked.files) or found else 0


def _name_left_over(files: tuple[Generated, ...]) -> bool:
    found = [path for one in files for path in left_over(one)]
    for path in found:
        print(f"{path} is no longer generated, but is still loaded from there; remove it", file=sys.stderr)
    return bool(found)
