"""A stack whose programs others have started: containers, or the services of a machine."""

from __future__ import annotations

import requests

from stack.model import Stack

TIMEOUT_SECONDS = 2.0


def runs_elsewhere(stack: Stack) -> bool:
    """Whether the Envoy at the stack's admin address was started with the configuration written for this stack.

    So one of another stack, which may listen at the same address, is not taken for ours.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                f"http://{stack.envoy.admin}/server_info", timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
            options = answer.json()["command_line_options"]
            return bool(options["config_path"] == str(stack.directory / "envoy.json"))
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return False
