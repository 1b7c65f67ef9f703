"""The rules that `dev-hq generate` writes, in the format of whoever loads them, and under the names the user gave."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError
from stack.generated import Generated
from stack.model import Stack

if TYPE_CHECKING:
    from prometheus.formats.format import Format, Naming

FORMATS = ("plain", "prometheusrule", "mimir", "thanos", "vmalert", "nab")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_LABEL_NAME = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what has a meaning for rules only."""
    group = parser.add_argument_group("rules for other rulers (docs/rule-formats.md)")
    group.add_argument(
        "--format",
        choices=FORMATS,
        default="plain",
        help="who loads them (default: plain, Prometheus); nab: the adaptive band alone, for the benchmark",
    )
    group.add_argument(
        "--prefix",
        metavar="NAME",
        help="begins the names of PrometheusRules and of Mimir's namespaces (default: dev-hq)",
    )
    group.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label of each PrometheusRule, such as the one your operator selects by; can be repeated",
    )


def format_and_naming(arguments: argparse.Namespace) -> tuple[Format, Naming]:
    """The format that is asked for; raises HqError for names it has no place for, or Kubernetes would refuse."""
    if arguments.format == "nab":
        from prometheus.formats.nab import NAB

        return NAB, _naming(arguments, NAB)
    from prometheus.formats.registry import FORMATS

    wanted = FORMATS[arguments.format]
    return wanted, _naming(arguments, wanted)


def rules_of(stack: Stack, arguments: argparse.Namespace, wanted: Format, naming: Naming) -> Generated:
    """The rule files of a stack, in --output or beside the stack's own file; raises HqError."""
    from prometheus.formats.directory import rules_in
    from prometheus.rules import rule_files

    return rules_in(_directory(arguments, wanted), wanted.texts(rule_files(stack), naming), wanted)


def band_alone(arguments: argparse.Namespace, wanted: Format, naming: Naming) -> Generated:
    """What bench/nab measures: it is the same for every stack, and so needs none."""
    from prometheus.formats.directory import rules_in

    return rules_in(_directory(arguments, wanted), wanted.texts((), naming), wanted)


def command_of(wanted: Format, naming: Naming) -> str:
    """What writes these rules, as their files say it."""
    return "dev-hq generate" + ("" if wanted.name == "plain" else f" --format {wanted.name}") + naming.options


def _directory(arguments: argparse.Namespace, wanted: Format) -> Path:
    """Prometheus' own directory, or one below it: `rule_files: [rules/*.yml]` does not look there."""
    rules: Path = arguments.stack.parent / "prometheus" / "rules"
    beside = rules if wanted.name == "plain" else rules / wanted.name
    return arguments.output or beside


def _naming(arguments: argparse.Namespace, wanted: Format) -> Naming:
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
