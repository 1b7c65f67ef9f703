"""`dev-hq serve`: the exporter and the webhook, in one process, until it is told to stop."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from hq.credentials import ensure_credentials
from stack.address import Address, AddressError
from stack.errors import HqError, MissingToolError
from stack.model import Stack
from stack.placement import open_stack

if TYPE_CHECKING:
    from exporters.journal import Configured

STOP_SECONDS = 5
KEEP_ALIVE_SECONDS = 75  # longer than scrapes are apart, so that each finds its connection open
_EVERYWHERE = ("0.0.0.0", "[::]")  # noqa: S104 - to be recognised, not to be listened on


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `serve`."""
    serve = commands.add_parser("serve", help="expose metrics, and receive what Alertmanager notifies")
    serve.add_argument("--listen", type=_address, metavar="ADDRESS", help="default: the exporter's in stack.yaml")
    serve.add_argument(
        "--credentials", type=Path, metavar="FILE",
        help="the bearer token of the webhook, made if missing (default: var/webhook-token beside stack.yaml)",
    )  # fmt: skip
    serve.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="another name in the Host header under which this may be called; can be given again",
    )  # fmt: skip
    serve.add_argument(
        "--tokens", type=Path, metavar="FILE",
        help="who may call the API, as `dev-hq token` writes it (default: var/tokens.yaml beside stack.yaml)",
    )  # fmt: skip
    serve.add_argument(
        "--gates", type=Path, metavar="FILE",
        help="a gates file, instead of the gates of stack.yaml, for checks over the API; read anew at each",
    )  # fmt: skip
    serve.add_argument("--enable-chaos-api", action="store_true", help="let tokens of the scope chaos start runs")
    serve.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; raises HqError."""
    try:
        import uvicorn

        from hq.api.application import Serving, create_app
        from hq.api.server import Server
    except ImportError:
        raise MissingToolError("dev-hq serve needs fastapi and uvicorn: pip install 'dev-hq[api]'") from None
    stack = open_stack(args.stack)
    address: Address = args.listen or stack.exporter
    credentials: Path = args.credentials or stack.webhook_token
    ensure_credentials(credentials)
    own_host = [] if address.host in _EVERYWHERE else [address.host]
    tokens: Path = args.tokens or stack.directory / "tokens.yaml"
    hosts = [*own_host, *args.allow_host]
    app = create_app(
        Serving(
            stack, configured(stack, args.gates), credentials, tokens, hosts,
            gates=args.gates, chaos=args.enable_chaos_api,
        )
    )  # fmt: skip
    with _bound(address) as listener:
        server = Server(
            uvicorn.Config(
                app,
                http="h11",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                log_level="warning",
                ws="none",
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            ),
            app.state.streams,
        )
        for number in (signal.SIGTERM, signal.SIGINT):  # the server raises them again when it has stopped
            signal.signal(number, lambda *_: None)
        print(f"serving http://{address}/metrics", flush=True)
        server.run(sockets=[listener])
    return 0


def configured(stack: Stack, gates: Path | None = None) -> Configured:
    """Every fault that a shipped scenario can inject on this stack, and every gate of it, or of the file `gates`."""
    from exporters.journal import Configured

    return Configured(_faults(stack), _gates(stack, gates))


def _faults(stack: Stack) -> list[tuple[str, str, str]]:
    from chaos.scenario_file import shipped_scenarios

    return sorted(
        {
            (scenario.name, fault.kind, target)
            for scenario in shipped_scenarios().values()
            for fault in scenario.faults
            for target in scenario.targets(stack)
        }
    )


def _gates(stack: Stack, gates: Path | None) -> list[tuple[str, str]]:
    from gates.configuration.reading import read_checklist

    return [(gate.name, gate.service) for gate in read_checklist(stack.file, gates, {}).gates]


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _bound(address: Address) -> socket.socket:
    """A socket that listens at `address`; raises HqError when it cannot."""
    family = socket.AF_INET6 if address.host.startswith("[") else socket.AF_INET
    try:
        return socket.create_server((address.host.strip("[]"), address.port), family=family, backlog=512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HqError(f"{address} is taken; stop what listens there or choose another with --listen") from None
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # a name has none
        raise HqError(f"{address} cannot be listened on: {reason}") from None
