"""For all tests: none depends on how fast the machine is."""

import signal
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Whoever starts the tests in the background, or by nohup, has them ignore these, and what is under test would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

LONGEST = "test_verify"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest comes first, then those of most tests: no worker is to be the last by minutes."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.stem != LONGEST, -sizes[item.path], item.path))
