"""docs/gates-file.md: its example is a gates file, and it names every key that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.configuration.gates_file import load_gates
from stack.document import Value
from tests.gates.test_openslo import SLO

PAGE = Path(__file__).parent.parent.parent / "docs" / "gates-file.md"
OF_OTHER_PAGES = {"webhook", "secret_file"}  # docs/gates.md, When it fails


def test_the_page_names_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text()
    path = tmp_path / "gates.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    (tmp_path / "slo").mkdir()
    known: set[str] = set()
    read = Value.fields

    def fields(value: Value, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Value]:
        if value.file == str(path):
            known.update(required, optional)
        return read(value, required, optional)

    monkeypatch.setattr(Value, "fields", fields)
    (tmp_path / "slo" / "payments.yaml").write_text(SLO)
    checklist = load_gates(path, {})
    assert [gate.condition.kind for gate in checklist.gates] == [
        "success_rate", "latency", "error_budget", "burn_rate", "comparison", "comparison", "promql"
    ]  # fmt: skip
    assert checklist.on_fail is not None
    assert len(known) > 40
    assert {key for key in known - OF_OTHER_PAGES if f"{key}" not in page} == set()
