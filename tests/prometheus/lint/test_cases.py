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
    for check in CHECKS:
        said = [expected(path) for path in CASES if path.stem.startswith(check)]
        finding = [f": {check}: " in text for text in said]
        assert set(finding) == {True, False}, check
