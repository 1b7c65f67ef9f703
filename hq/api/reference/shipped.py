"""The document as every stack has it: nothing in it depends on what a stack is made of."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from exporters.journal import Configured
from hq.api.application import Serving, create_app
from stack.loader import load_stack

_STACK = """\
services:
  storefront:
    sli: {preset: prometheus-http, selector: {job: storefront}}
    objectives:
      success_rate: {target: 99.5%}
"""


def shipped_document() -> dict[str, Any]:
    """The OpenAPI document of a server on loopback."""
    with TemporaryDirectory() as directory:
        file = Path(directory) / "stack.yaml"
        file.write_text(_STACK)
        stack = load_stack(file)
        serving = Serving(stack, Configured([], []), stack.webhook_token, stack.directory / "tokens.yaml")
        return create_app(serving).openapi()
