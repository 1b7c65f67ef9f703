"""`dev-hq up`, `dev-hq down` and `dev-hq status`: the stack on this machine."""

from __future__ import annotations

import argparse
import signal
import time
from types import FrameType

from stack.errors import NotReadyError, StackNotRunningError
from stack.loader import load_stack
from stack.model import Stack
from stack.placement import Placement, open_stack, read_placement
from stack.waiting import wait_for

STOP_SECONDS = 20.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `up`, `down` and `status`."""
    up = commands.add_parser("up", help="start the stack on this machine and keep it running until Ctrl-C")
    up.add_argument("--fresh", action="store_true", help="forget what Prometheus and Alertmanager remember first")
    up.add_argument(
        "--enable-chaos-api", action="store_true",
        help="let tokens of the scope chaos start runs over HTTP, as `exporter: {chaos_api: true}` in stack.yaml does",
    )  # fmt: skip
    up.set_defaults(handler=_up)
    down = commands.add_parser("down", help="stop the stack that `dev-hq up` started")
    down.set_defaults(handler=_down)
    status = commands.add_parser("status", help="say where the running stack listens")
    status.set_defaults(handler=_status)


def _up(arguments: argparse.Namespace) -> int:
    from hq.local import running

    signals = _StopSignals()
    try:
        with running(
            arguments.stack, _say, lambda: signals.received, fresh=arguments.fresh, chaos_api=arguments.enable_chaos_api
        ) as local:
            _say("the stack is up; Ctrl-C or `dev-hq down` stops it")
            while not signals.received:
                local.watch()
                time.sleep(0.1)
    except KeyboardInterrupt:
        _say("stopped before it was up")
        return 128 + signal.SIGINT
    _say("stopped")
    return 0


class _StopSignals:
    """Notes SIGINT and SIGTERM. An exception out of nowhere could be swallowed, or cut the stopping short."""

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True


def _down(arguments: argparse.Namespace) -> int:
    directory = load_stack(arguments.stack).directory
    placement = read_placement(directory)
    if placement is None:
        _say("no stack runs here")
        return 0
    placement.process.signal(signal.SIGTERM)
    try:
        wait_for(lambda: not placement.process.is_alive, STOP_SECONDS, "the stack did not stop")
    except NotReadyError:
        _say(f"the stack did not stop within {STOP_SECONDS:g} s; killing it")
        placement.process.signal(signal.SIGKILL)  # the kernel ends its children with it
        wait_for(lambda: not placement.process.is_alive, STOP_SECONDS, "the killed stack is still there")
    _say("stopped")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    stack = open_stack(arguments.stack)
    placement = read_placement(stack.directory)
    if placement is None:
        raise StackNotRunningError(f"the stack of {stack.file} does not run; `dev-hq up` starts it")
    addresses = _addresses(stack, placement)
    width = max(map(len, addresses)) + 2
    for name, where in addresses.items():
        _say(f"{name:<{width}}{where}")
    return 0


def _addresses(stack: Stack, placement: Placement) -> dict[str, str]:
    return {
        "supervisor": f"pid {placement.process.pid}",
        **{process.name: f"http://{process.listen}" for process in stack.processes.values()},
        **{
            f"{service.name}'s front": f"http://{service.listen}"
            for service in stack.services.values()
            if service.listen
        },
        **{pool.name: f"http://{pool.listen}" for pool in stack.pools.values()},
        "envoy": f"http://{stack.envoy.admin}",
        "exporter": f"http://{stack.exporter.near}/metrics",
        "prometheus": stack.prometheus.url,
        "alertmanager": stack.alertmanager.url,
    }


def _say(line: str) -> None:
    print(line, flush=True)
