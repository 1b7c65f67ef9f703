"""The order in which the programs of a stack are stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hq.local import LocalStack
from stack.process import Child
from tests.chaos.stacks import stack_of

STUBBORN = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).write_text(str(time.monotonic()))
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""


def test_prometheus_is_gone_before_any_other_is_asked_to_end(tmp_path: Path) -> None:
    """Else its last word on them is that they are down, and the next stack may have them elsewhere."""
    local = LocalStack(stack_of(tmp_path), lambda _: None, lambda: False)
    for name in ("envoy", "prometheus", "exporter"):
        child = Child(name, [sys.executable, "-c", STUBBORN, tmp_path / f"{name}.end"], tmp_path / f"{name}.log")
        local._children[name] = child
        while "ready" not in child.last_words():
            assert child.exit_code is None
            time.sleep(0.01)
    local.stop()
    ends = {name: float((tmp_path / f"{name}.end").read_text()) for name in local._children}
    assert ends["prometheus"] + 0.3 <= min(ends["envoy"], ends["exporter"])
