"""`dev-hq generate`: the rules that follow from stack.yaml, written or compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stack.errors import HqError
from stack.loader import load_stack


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `generate`."""
    parser = commands.add_parser(
        "generate",
        help="write the Prometheus rules that follow from stack.yaml",
        epilog="Exit code with --check: 0 all files are up to date, 1 some differ.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that differ")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where the rules are (default: prometheus/rules beside stack.yaml)"
    )
    parser.set_defaults(handler=_generate)


def _generate(arguments: argparse.Namespace) -> int:
    from prometheus.rules import rule_texts, write_rules

    stack = load_stack(arguments.stack)
    directory = arguments.output or arguments.stack.parent / "prometheus" / "rules"
    if not arguments.check:
        write_rules(stack, directory)
        print(f"wrote {', '.join(rule_texts(stack))} to {directory}")
        return 0
    differing = [name for name, text in rule_texts(stack).items() if _read(directory / name) != text]
    for name in differing:
        print(f"{directory / name} is not what {arguments.stack} asks for; run: dev-hq generate", file=sys.stderr)
    return 1 if differing else 0


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HqError(f"{path} cannot be read: {error.strerror}") from None
