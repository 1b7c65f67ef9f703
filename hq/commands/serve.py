"""`dev-hq serve`: the exporter and the webhook, in one process, until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hq.credentials import ensure_credentials
from stack.address import Address, AddressError
from stack.errors import MissingToolError
from stack.model import Stack
from stack.placement import open_stack

if TYPE_CHECKING:
    from exporters.journal import Configured

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
    serve.add_argument(
        "--web.config.file", type=Path, metavar="FILE", dest="web_config",
        help="TLS, client certificates and users with passwords, as Prometheus' exporters read them (docs/security.md)",
    )  # fmt: skip
    serve.add_argument("--enable-chaos-api", action="store_true", help="let tokens of the scope chaos start runs")
    serve.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; raises HqError."""
    try:
        from hq.api.application import Serving, create_app
        from hq.serving.listening import bound, is_loopback, refuse_strangers
        from hq.serving.server import Server
        from hq.serving.web import Web
    except ImportError:
        raise MissingToolError("dev-hq serve needs fastapi and uvicorn: pip install 'dev-hq[api]'") from None
    stack = open_stack(args.stack)
    address: Address = args.listen or stack.exporter
    credentials: Path = args.credentials or stack.webhook_token
    ensure_credentials(credentials)
    tokens: Path = args.tokens or stack.tokens
    own_host = [] if address.host in _EVERYWHERE else [address.host]
    with bound(address) as listener:
        open_to_all = is_loopback(listener)
        web = Web(args.web_config, lambda config: None if open_to_all else refuse_strangers(address, tokens, config))
        app = create_app(
            Serving(
                stack, configured(stack, args.gates), credentials, tokens, [*own_host, *args.allow_host],
                gates=args.gates, chaos=args.enable_chaos_api or stack.chaos_api, open=open_to_all, web=web,
            )
        )  # fmt: skip
        server = Server(app, web)
        for number in (signal.SIGTERM, signal.SIGINT):  # the server raises them again when it has stopped
            signal.signal(number, lambda *_: None)
        print(f"serving {web.scheme}://{address}/metrics", flush=True)
        if not open_to_all and web.scheme == "http":
            print("tokens and passwords can be read on their way here; --web.config.file has TLS", file=sys.stderr)
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

    return [(gate.name, gate.service) for gate in read_checklist(stack.file, gates, {}, "--gates").gates]


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
