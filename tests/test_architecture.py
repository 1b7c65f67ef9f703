"""Imports go down only, and nothing happens on import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "stack": set(),
    "prometheus": {"stack"},
    "exporters": {"stack"},
    "gates": {"stack", "prometheus"},
    "grafana": {"stack", "prometheus"},
    "chaos": {"stack", "prometheus", "gates"},
    "hq": {"stack", "prometheus", "exporters", "gates", "grafana", "chaos"},
    "demo": set(),
}
MODULES = [(package, path) for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def imported_packages(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found & MAY_IMPORT.keys()


@pytest.mark.parametrize(("package", "path"), MODULES, ids=lambda value: getattr(value, "name", value))
def test_imports_go_down_only(package: str, path: Path) -> None:
    assert imported_packages(path) - {package} <= MAY_IMPORT[package]


def imported_at_run_time(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from imported_at_run_time(child)


def test_the_parts_of_gates_import_each_other_in_no_circle() -> None:
    imports: dict[str, set[str]] = {}
    for path in (ROOT / "gates").rglob("*.py"):
        part = path.relative_to(ROOT / "gates").with_suffix("").parts[0]
        modules = imported_at_run_time(ast.parse(path.read_text()))
        found = {name.split(".")[1] for name in modules if name.startswith("gates.")}
        imports.setdefault(part, set()).update(found - {part})
    assert len(list(TopologicalSorter(imports).static_order())) == len(imports)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_importing_every_module_starts_nothing_and_says_nothing(package: str) -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for owner, path in MODULES if owner == package]
    program = "import importlib, sys, threading\n" + "\n".join(
        f"importlib.import_module({name.removesuffix('.__init__')!r})"
        for name in names
        if not name.endswith("__main__")
    )
    program += "\nassert threading.active_count() == 1"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


HEAVY = (
    "grpc", "google.protobuf", "fastapi", "pydantic", "starlette", "uvicorn", "bcrypt", "shtab", "aiohttp", "envoy",
    "grafanalib", "rich",
)  # fmt: skip


@pytest.mark.parametrize("entry", ["gates.check", "hq.cli"])
def test_nothing_heavy_is_imported_before_it_is_needed(entry: str) -> None:
    program = f"import sys, {entry}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


CHECKED = [path for package, path in MODULES if package in ("stack", "prometheus", "gates")]


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.name)
def test_frozen_dataclasses_are_those_that_are_quick_to_make(path: Path) -> None:
    text = path.read_text()
    if "@dataclass(frozen=True" in text:
        assert "from stack.dataclass import dataclass" in text, "a check starts slower with each of the others"
