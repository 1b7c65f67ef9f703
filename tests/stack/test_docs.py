"""docs/stack.md: its example is a stack, and it names every key that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.document import Value
from stack.loader import load_stack

PAGE = Path(__file__).parent.parent.parent / "docs" / "stack.md"


def test_the_page_names_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text()
    example = tmp_path / "stack.yaml"
    example.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    known: set[str] = set()
    read = Value.fields

    def fields(value: Value, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Value]:
        known.update(required, optional)
        return read(value, required, optional)

    monkeypatch.setattr(Value, "fields", fields)
    stack = load_stack(example)
    assert set(stack.services) == {"shop", "payments"}
    assert len(known) > 40
    assert {key for key in known if f"{key}:" not in page} == set()
