"""Every block of code on every page is of a language that is checked, and stands up to it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml

from hq.cli import parser
from tests.docs.commands import commands, own_calls
from tests.docs.naming import problem
from tests.docs.not_run import LIST, left_out
from tests.docs.pages import PAGES, ROOT, Block, blocks, page_lines, prose
from tests.docs.whole_files import read_whole
from tests.gates.configuration.openslo import SLO

LANGUAGES = ("console", "sh", "text", "yaml", "json", "python", "promql")
BLOCKS = [block for page in PAGES for block in blocks(page)]


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def by_place(block: Block) -> str:
    return block.where


@pytest.mark.parametrize("page", PAGES)
def test_code_stands_in_fences_of_a_known_language(page: str) -> None:
    wrong = [block.where for block in blocks(page) if block.language not in LANGUAGES]
    assert wrong == [], f"the language after ``` is one of {', '.join(LANGUAGES)}"
    before, indented = "", []
    for number, line in prose(page):
        if line.startswith("    ") and not before.strip():
            indented.append(f"{page}:{number}: {line.strip()}")
        before = line
    assert indented == [], "code stands between ``` and ```, with its language"


def test_each_command_says_where_it_runs_or_why_not() -> None:
    wrong = [block.where for block in of("console", "sh") if not block.place and not block.not_run]
    assert wrong == [], "write <!-- in: PLACE --> above it, or <!-- not run: REASON -->"


def test_what_cannot_run_here_is_on_the_list() -> None:
    """The list is committed, so that it does not grow unseen."""
    print(*left_out(), sep="\n")
    assert left_out() == LIST.read_text().splitlines()[2:], "if that is meant: make docs"


@pytest.mark.parametrize("page", PAGES)
def test_each_test_that_is_named_is_there(page: str) -> None:
    """Those too that are said to run a command which the page's own test does not."""
    named = re.findall(r"\btests/[\w./-]+\.py\b", "\n".join(page_lines(page)))
    assert [file for file in named if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("block", of("console", "sh"), ids=by_place)
def test_each_call_of_dev_hq_is_one_that_it_takes(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands(block):
        for words in own_calls(command):
            refused = ""
            try:
                parser().parse_args(words)
            except SystemExit as left:
                refused = capsys.readouterr().err if left.code else ""
            assert not refused, f"{block.page}:{command.line}: {command.text}\n{refused}"


@pytest.mark.parametrize("block", of("yaml"), ids=by_place)
def test_yaml_is_read_by_what_reads_it(block: Block, tmp_path: Path) -> None:
    (tmp_path / "slo").mkdir()
    (tmp_path / "slo" / "payments.yaml").write_text(SLO)
    yaml.safe_load(block.text.replace("<commit>", "commit"))
    if not block.of:
        kind = read_whole(block.text, tmp_path)
        if block.file:
            assert kind == {"stack.yaml": "stack", "gates.yaml": "gates"}.get(block.file, kind)


@pytest.mark.parametrize("block", of("json"), ids=by_place)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("python"), ids=by_place)
def test_python_compiles_and_imports_what_there_is(block: Block) -> None:
    tree = ast.parse(block.text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), block.where, "exec"), {})  # noqa: S102 - what the page tells its reader to run


@pytest.mark.parametrize("block", of("promql"), ids=by_place)
def test_promql_is_read(block: Block) -> None:
    promql_parser.parse(block.text)


@pytest.mark.parametrize("page", PAGES)
def test_each_command_and_option_in_a_sentence_exists(page: str) -> None:
    wrong = []
    for number, line in prose(page):
        for code in re.findall(r"`([^`]+)`", line):
            words = code.split()
            if words and words[0] == "dev-hq" and (found := problem(words[1:])):
                wrong.append(f"{page}:{number}: `{code}`: {found}")
    assert wrong == []
