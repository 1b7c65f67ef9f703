"""Each format, exactly, for a report with every verdict and every kind; `tests/gates/formats/golden` holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.formats import FORMATS, render
from tests.gates.formats.reports import REPORT

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_as_written_down(name: str) -> None:
    assert f"{render(REPORT, name)}\n" == (GOLDEN / f"report.{name}").read_text()
