"""`dev-hq configure`: what `dev-hq up` writes before it starts anything, for programs that others start."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path

from stack.errors import HqError
from stack.loader import load_stack
from stack.model import Stack
from stack.placement import read_placement

_DESCRIPTION = """\
Writes what `dev-hq up` would write into var/: the configuration of Envoy, Prometheus and
Alertmanager, the rules, and the webhook's token, which is kept when it is there. It is for
programs that others start, as docker-compose.yml does (docs/containers.md).
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `configure`."""
    parser = commands.add_parser(
        "configure",
        help="write the configuration of Envoy, Prometheus and Alertmanager into var/, and start nothing",
        description=_DESCRIPTION,
        epilog="exit codes: 0 written; 2 it could not be done, and one line says why",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--group-reads", action="store_true",
        help="let the group of the secrets' files read them too, such as an Alertmanager of another user",
    )  # fmt: skip
    parser.add_argument(
        "--grafana-password", type=Path, metavar="FILE",
        help="where the password of Grafana's administrator is; a random one is made if it is missing",
    )  # fmt: skip
    parser.set_defaults(handler=_configure)


def _configure(arguments: argparse.Namespace) -> int:
    from hq.claim import written_in
    from hq.credentials import ensure_credentials
    from hq.programs import write_configuration

    stack = load_stack(arguments.stack)
    _refuse_running(stack)
    secrets = [stack.webhook_token]
    with written_in(stack.directory):
        stack.directory.mkdir(parents=True, exist_ok=True)
        write_configuration(stack)
        if arguments.grafana_password:
            ensure_credentials(arguments.grafana_password)
            secrets.append(arguments.grafana_password)
        if arguments.group_reads:
            for secret in secrets:
                secret.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP)
    print(f"wrote the configuration of {stack.file} to {stack.directory}")
    return 0


def _refuse_running(stack: Stack) -> None:
    """What `dev-hq up` wrote may name other addresses than stack.yaml does."""
    if placement := read_placement(stack.directory):
        raise HqError(
            f"the stack of {stack.file} runs (pid {placement.process.pid}) and wrote its configuration itself; "
            "`dev-hq down` stops it"
        )
