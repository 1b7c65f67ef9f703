import ast
import sys
from pathlib import Path

import pytest

import demo

MODULES = sorted(Path(demo.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_demo_imports_nothing_of_ours(module: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported - sys.stdlib_module_names <= {"aiohttp", "demo", "prometheus_client"}


def test_there_is_a_demo() -> None:
    assert {"vendor.py", "storefront.py", "load.py"} <= {module.name for module in MODULES}
