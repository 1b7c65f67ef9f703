"""A stack whose programs others have started: containers, or the services of a machine."""

from __future__ import annotations

import asyncio
import json

from exporters.admin import asked
from stack.errors import HqError
from stack.model import Stack

TIMEOUT_SECONDS = 2.0


def runs_elsewhere(stack: Stack) -> bool:
    """Whether the Envoy at the stack's admin address was started with the configuration written for this stack.

    So one of another stack, which may listen at the same address, is not taken for ours.
    """
    try:
        answer = asyncio.run(asked(stack.envoy.admin, "/server_info", TIMEOUT_SECONDS))
        options = json.loads(answer)["command_line_options"]
        return bool(options["config_path"] == str(stack.directory / "envoy.json"))
    except (HqError, ValueError, KeyError, TypeError, RecursionError):
        return False
