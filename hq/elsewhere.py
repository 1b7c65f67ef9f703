"""A stack whose programs others have started: containers, or the services of a machine."""

from __future__ import annotations

from stack.errors import HqError, StackNotRunningError
from stack.model import Stack
from stack.placement import read_placement

TIMEOUT_SECONDS = 2.0


def refuse_somebody_elses(stack: Stack) -> None:
    """Raises HqError unless an Envoy on this machine is this stack's: at the same address another's may listen."""
    if not stack.envoy.admin.is_loopback or read_placement(stack.directory):
        return
    if not runs_elsewhere(stack):
        raise StackNotRunningError(f"the stack of {stack.file} does not run; `dev-hq up` starts it")


def is_up(stack: Stack) -> bool:
    """Whether the stack runs, on this machine or elsewhere, so that a run of it makes sense."""
    try:
        refuse_somebody_elses(stack)
    except HqError:
        return False
    return True


def runs_elsewhere(stack: Stack) -> bool:
    """Whether the Envoy at the stack's admin address was started with the configuration written for this stack.

    So one of another stack, which may listen at the same address, is not taken for ours.
    """
    import asyncio
    import json

    from exporters.admin import asked

    try:
        answer = asyncio.run(asked(stack.envoy.admin, "/server_info", TIMEOUT_SECONDS))
        options = json.loads(answer)["command_line_options"]
        return bool(options["config_path"] == str(stack.directory / "envoy.json"))
    except (HqError, ValueError, KeyError, TypeError, RecursionError):
        return False
