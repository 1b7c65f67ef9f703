"""The pages on gates: their examples are gates files, and every key is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.configuration.gates_file import load_gates
from stack.document import Value
from tests.gates.configuration.openslo import SLO

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "gates-file.md"
OF_OTHER_PAGES = {"webhook", "secret_file"}  # docs/gate-remediation.md


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


def test_the_file_to_begin_with_is_one(tmp_path: Path) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text((ROOT / "docs" / "gates.md").read_text().partition("```yaml\n")[2].partition("```")[0])
    assert [gate.title for gate in load_gates(path, {}).gates] == ["storefront success rate", "storefront latency"]
