import time
from collections.abc import Iterator

import pytest

from tests.gates.history import prometheus_with
from tests.gates.past import Past, lived


@pytest.fixture(scope="package")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """A real Prometheus that has lived through what tests/gates/past.py tells."""
    directory = tmp_path_factory.mktemp("past")
    history = lived(float(int(time.time()) // 7200 * 7200 - 5400))
    with prometheus_with(history, directory / "prometheus") as url:
        yield Past(url, history.at + 7, directory)  # no sample at the edge of a window: Prometheus 3 leaves it out
