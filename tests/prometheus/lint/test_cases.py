"""Every case says what its file says that it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from prometheus.lint.problem import CHECKS
from tests.prometheus.lint.case import CASES, expected, output


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    assert output(path) == expected(path)


def test_every_check_has_cases_that_find_something_and_cases_that_do_not() -> None:
    found = {check: [": " + check + ": " in expected(path) for path in CASES if path.stem.startswith(check)] for check in CHECKS}
    assert all(True in some and False in some for some in found.values()), found
