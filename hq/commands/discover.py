"""`dev-hq discover`: the stack.yaml that follows from what a running Prometheus has."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stack.errors import HqError

if TYPE_CHECKING:
    from stack.model import PrometheusSettings


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `discover`."""
    parser = commands.add_parser(
        "discover",
        help="propose a stack.yaml from what a running Prometheus has",
        epilog="Exit code: 0 services were found, 1 none were, 2 Prometheus could not be asked.",
    )
    parser.add_argument("--prometheus", metavar="URL", help="where it is, such as http://127.0.0.1:9090")
    parser.add_argument(
        "--access",
        type=Path,
        metavar="FILE",
        help="a file whose section `prometheus` says where it is and how to be let in, as in stack.yaml",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there; a file that exists is left alone")
    parser.add_argument(
        "--selector",
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="look only at series with this label; may be given several times",
    )
    parser.set_defaults(handler=_discover)


def _discover(arguments: argparse.Namespace) -> int:
    from prometheus.access import connect
    from prometheus.discovery.document import stack_document
    from prometheus.discovery.exposure import LOOKED_FOR
    from prometheus.discovery.proposal import propose
    from stack.replacement import replace_file

    if arguments.output and arguments.output.exists():
        raise HqError(f"{arguments.output} exists already; name another file, or remove it")
    selected = tuple(_matcher(text) for text in arguments.selector)
    settings = _settings(arguments.prometheus, arguments.access)
    proposal = propose(connect(settings), selected)
    if not proposal.services:
        metrics = ", ".join(dict.fromkeys(convention.total for convention in LOOKED_FOR.values()))
        narrowed = f" with {', '.join(arguments.selector)}" if selected else ""
        print(
            f"dev-hq: Prometheus at {settings.url} has no series{narrowed} of what was looked for: {metrics}. "
            "Count requests by one of these names, or write your own as PromQL in stack.yaml (docs/presets.md).",
            file=sys.stderr,
        )
        return 1
    text = stack_document(proposal, settings.url, guarded=arguments.access is not None)
    if arguments.output is None:
        print(text, end="")
        return 0
    replace_file(arguments.output, text.encode())
    print(f"wrote {arguments.output}; read it, then: dev-hq generate --stack {arguments.output}")
    return 0


def _matcher(text: str) -> tuple[str, str, str]:
    from stack.selector import is_label

    label, equals, value = text.partition("=")
    if not (equals and value and is_label(label)):
        raise HqError(f'--selector "{text}" does not say what to look at; write it like job=shop')
    return label, "=", value.removeprefix('"').removesuffix('"')


def _settings(url: str | None, access: Path | None) -> PrometheusSettings:
    from dataclasses import replace

    from stack.document import read_document
    from stack.loader import read_prometheus
    from stack.model import PrometheusSettings

    settings = PrometheusSettings()
    if access:
        keys = read_document(access).mapping()
        if "prometheus" not in keys:
            raise HqError(f"{access} has no section prometheus, where how to be let in would stand")
        settings = read_prometheus(keys["prometheus"], access.parent)
    elif url is None:
        raise HqError("say which Prometheus to look at: --prometheus URL, or --access FILE")
    return replace(settings, url=_usable(url)) if url is not None else settings


def _usable(url: str) -> str:
    """The URL as stack.yaml takes it, so that what is proposed can be loaded; no complaint shows what may be secret."""
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        raise HqError("--prometheus must be a URL such as http://127.0.0.1:9090") from None
    if "@" in url:
        raise HqError("--prometheus must not hold credentials; keep them in a file, and name it with --access")
    if wrong or parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise HqError("--prometheus must be a URL such as http://127.0.0.1:9090, with nothing behind ? or #")
    return url.rstrip("/")
