"""For all tests: none depends on how fast the machine is."""

import os
import signal
from collections import Counter

import pytest
from hypothesis import settings

import stack.address

# So many that `make check` stays under a minute; each run draws others.
settings.register_profile("patient", deadline=None, max_examples=60)
settings.load_profile("patient")

# Whoever starts the tests in the background, or by nohup, has them ignore these, and what is under test would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests at the same time choose from different ports: one that is chosen and not yet bound looks free to the others.
worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
stack.address.PORTS = stack.address.PORTS[worker % 8 * 1500 :][:1500]

LOOPS = (
    "test_verify", "test_dashboards", "test_demo", "test_tutorial", "test_scenarios", "test_kills", "test_promises",
    "test_rules", "test_commands", "test_chaos_live", "test_live", "test_vmalert_live", "test_wheel",
    "test_compose_up", "test_up",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run whole loops come first, then those of most tests: no worker is to be the last by minutes."""
    sizes = Counter(item.path for item in items)

    def turn(item: pytest.Item) -> tuple[int, int, str]:
        name = item.path.stem
        return LOOPS.index(name) if name in LOOPS else len(LOOPS), -sizes[item.path], str(item.path)

    items.sort(key=turn)
