"""For all tests: none depends on how fast the machine is."""

import signal

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Whoever starts the tests in the background, or by nohup, has them ignore these, and what is under test would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

LONGEST = (
    "test_verify",
    "test_rules",
    "test_scenarios",
    "test_demo",
    "test_vmalert_live",
    "test_replay",
    "test_promises",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes come first, so that no worker is still at one when the others have nothing left."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
