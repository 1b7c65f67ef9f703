"""A journal for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path)
