"""The options that name a server, and the client that they mean."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError

if TYPE_CHECKING:
    from hq.remote.client import RemoteClient

SERVER, TOKEN_FILE = "DEV_HQ_SERVER", "DEV_HQ_TOKEN_FILE"
_DEFAULT_STACK = Path("stack.yaml")


def add_server_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Adds --server and what belongs to it; the group of these options, for more of them."""
    there = parser.add_argument_group("on another machine (docs/remote.md)")
    there.add_argument("--server", metavar="URL", help=f"ask this `dev-hq serve` (default: ${SERVER}, or none)")
    there.add_argument(
        "--token-file", type=Path, metavar="FILE", help=f"the file with the token for it (default: ${TOKEN_FILE})"
    )
    there.add_argument("--ca", type=Path, metavar="FILE", help="the authority that its certificate is from, as PEM")
    there.add_argument("--cert", type=Path, metavar="FILE", help="the certificate to show, as PEM, if it wants one")
    there.add_argument("--key", type=Path, metavar="FILE", help="the key of that certificate")
    there.add_argument(
        "--insecure-http", action="store_true", help="send the token unencrypted over http:// to another machine"
    )
    return there


def remote(arguments: argparse.Namespace) -> RemoteClient | None:
    """A client of the server that is meant, or None for this machine; raises HqError."""
    url = arguments.server if arguments.server is not None else os.environ.get(SERVER, "")
    if not url:
        _refuse_without_server(arguments)
        return None
    if arguments.stack != _DEFAULT_STACK:
        source = "--server" if arguments.server else f"the variable {SERVER}"
        raise HqError(f"--stack is for this machine, and {source} names another; leave out one of them")
    if bool(arguments.cert) != bool(arguments.key):
        raise HqError("--cert and --key belong together; give both")
    from hq.remote.client import RemoteClient
    from hq.remote.server import server_at
    from stack.access import Tls

    tls = Tls(arguments.ca, arguments.cert, arguments.key) if arguments.ca or arguments.cert else None
    return RemoteClient(server_at(url, _token_file(arguments), tls, insecure_http=arguments.insecure_http))


def _token_file(arguments: argparse.Namespace) -> Path | None:
    named: Path | None = arguments.token_file
    if named is None and (variable := os.environ.get(TOKEN_FILE)):
        return Path(variable)
    return named


def _refuse_without_server(arguments: argparse.Namespace) -> None:
    for name in ("token_file", "ca", "cert", "key", "insecure_http", "patience"):
        if _is_given(arguments, name):
            raise HqError(f"--{name.replace('_', '-')} is for a server; name it with --server")


def refuse_options(arguments: argparse.Namespace, reasons: dict[str, str]) -> None:
    """Raises HqError for the first option that was given and that a server cannot do, with the reason why."""
    for name, reason in reasons.items():
        if _is_given(arguments, name):
            raise HqError(f"--{name.replace('_', '-')} cannot be used with --server: {reason}")


def _is_given(arguments: argparse.Namespace, name: str) -> bool:
    value = getattr(arguments, name, None)
    return value is not None and value is not False and value != []
