"""Waiting for a condition, with a deadline; never a bare sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from stack.errors import NotReadyError

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], seconds: float, what: str, every: float = 0.05) -> T:
    """The first truthy answer of `condition`, asked every `every` seconds; raises NotReadyError naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise NotReadyError(f"{what} within {seconds:g} s")
        time.sleep(min(every, max(0.0, deadline - time.monotonic())))
