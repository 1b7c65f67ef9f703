"""`dev-hq generate`: the rules that follow from stack.yaml, in the format of whoever loads them."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError
from stack.loader import load_stack

if TYPE_CHECKING:
    from prometheus.formats.format import Format, Naming

NAMES = ("plain", "prometheusrule", "mimir", "thanos", "vmalert", "nab")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_LABEL_NAME = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `generate`."""
    parser = commands.add_parser(
        "generate",
        help="write the alerting and recording rules that follow from stack.yaml",
        epilog="Exit code with --check: 0 all files are up to date, 1 some differ or are left over.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that differ")
    parser.add_argument(
        "--format",
        choices=NAMES,
        default="plain",
        help="who loads them (default: plain, Prometheus); nab: the adaptive band alone, for the benchmark",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where they are (default: prometheus/rules beside stack.yaml; of other formats, prometheus/rules/FORMAT)",
    )
    parser.add_argument(
        "--prefix",
        metavar="NAME",
        help="begins the names of PrometheusRules and of Mimir's namespaces (default: dev-hq)",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label of each PrometheusRule, such as the one your operator selects by; can be repeated",
    )
    parser.set_defaults(handler=_generate)


def _generate(arguments: argparse.Namespace) -> int:
    if arguments.format == "nab":
        return _generate_nab(arguments)
    from prometheus.formats.directory import write_files
    from prometheus.formats.registry import FORMATS
    from prometheus.objectives.burn_rate import unreachable
    from prometheus.rules import rule_files

    wanted = FORMATS[arguments.format]
    naming = _naming(arguments, wanted)
    stack = load_stack(arguments.stack)
    texts = wanted.texts(rule_files(stack), naming)
    directory = arguments.output or _default_directory(arguments.stack, wanted)
    if arguments.check:
        return _check(texts, directory, arguments.stack, f"dev-hq generate{_options(wanted, naming)}")
    write_files(texts, directory, wanted)
    print(f"wrote {', '.join(texts)} to {directory}")
    for note in unreachable(stack):
        print(f"note: {note}", file=sys.stderr)
    _name_left_over(texts, directory)
    return 0


def _generate_nab(arguments: argparse.Namespace) -> int:
    """The band alone, as bench/nab measures it: it is the same for every stack, and so needs none."""
    from prometheus.formats.directory import write_files
    from prometheus.formats.nab import NAB

    texts = NAB.texts((), _naming(arguments, NAB))
    directory = arguments.output or _default_directory(arguments.stack, NAB)
    if arguments.check:
        return _check(texts, directory, "the adaptive band", "dev-hq generate --format nab")
    write_files(texts, directory, NAB)
    print(f"wrote {', '.join(texts)} to {directory}")
    return 0


def _check(texts: dict[str, str], directory: Path, stack: Path | str, command: str) -> int:
    from prometheus.formats.directory import differing, generated_by

    found = differing(texts, directory)
    for path in found:
        if (other := generated_by(path)) not in ("", command):
            print(
                f"{path} was written by `{other}`, not by `{command}`; give --check the same options", file=sys.stderr
            )
            continue
        print(f"{path} is not what {stack} asks for; run: {command}", file=sys.stderr)
    return 1 if _name_left_over(texts, directory) or found else 0


def _name_left_over(texts: dict[str, str], directory: Path) -> bool:
    from prometheus.formats.directory import left_over

    found = left_over(texts, directory)
    for path in found:
        print(f"{path} is no longer generated, but is still loaded from there; remove it", file=sys.stderr)
    return bool(found)


def _default_directory(stack: Path, wanted: Format) -> Path:
    """Prometheus' own directory, or one below it: `rule_files: [rules/*.yml]` does not look there."""
    rules: Path = stack.parent / "prometheus" / "rules"
    return rules if wanted.name == "plain" else rules / wanted.name


def _options(wanted: Format, naming: Naming) -> str:
    return ("" if wanted.name == "plain" else f" --format {wanted.name}") + naming.options


def _naming(arguments: argparse.Namespace, wanted: Format) -> Naming:
    """What the user named; raises HqError for what Kubernetes would refuse, or the format has no place for."""
    from prometheus.formats.format import Naming

    given = {"prefix": arguments.prefix is not None, "label": bool(arguments.label)}
    for option, is_given in given.items():
        if is_given and option not in wanted.options:
            raise HqError(f"--{option} has no meaning in the format {wanted.name}; leave it out")
    prefix = Naming().prefix if arguments.prefix is None else arguments.prefix
    if not _PREFIX.fullmatch(prefix):
        raise HqError(f"--prefix is {prefix!r}; it must be up to 40 lower case letters, digits and hyphens inside")
    return Naming(prefix, dict(map(_label, arguments.label)))


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and _LABEL_NAME.fullmatch(name) and _LABEL_VALUE.fullmatch(value)):
        raise HqError(f"--label is {text!r}; it must be a label of Kubernetes, such as release=kube-prometheus-stack")
    return name, value
