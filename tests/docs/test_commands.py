"""Every command on every page is typed into a shell, and does what the page says.

A page says where its commands run: in an empty directory, in a copy of this repository's files, or beside a running
demo stack, of which there is one for all pages.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.following import COPY, DEMO, EMPTY, follow, followed_in
from tests.docs.pages import PAGES, ROOT, blocks
from tests.docs.shell import Shell, shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def copied(directory: Path) -> Path:
    """The files of this repository, in a directory of their own."""
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, kept.decode().split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    return directory


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Shell]]:
    """A directory with the demo's stack, which runs, and a shell in it."""
    directory = tmp_path_factory.mktemp("demo")
    shutil.copy(ROOT / "stack.yaml", directory)
    (directory / ".venv").symlink_to(ROOT / ".venv")
    with shell(directory, tmp_path_factory.mktemp("notes")) as typed:
        typed.leave("dev-hq up")
        typed.left_says("dev-hq up", ["...", "the stack is up; Ctrl-C or `dev-hq down` stops it"])
        yield directory, typed


def test_every_place_is_one_that_there_is() -> None:
    places = {block.place for page in PAGES for block in blocks(page) if block.place}
    assert places <= {EMPTY, COPY, DEMO}


@pytest.mark.parametrize("page", followed_in(DEMO))
def test_beside_a_running_demo_stack(page: str, demo: tuple[Path, Shell]) -> None:
    directory, typed = demo
    follow(page, DEMO, directory, typed)
    typed.forget()


@pytest.mark.parametrize("page", followed_in(EMPTY))
def test_in_an_empty_directory(page: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    with shell(here, tmp_path / "notes") as typed:
        follow(page, EMPTY, here, typed)


@pytest.mark.parametrize("page", followed_in(COPY))
def test_in_a_copy_of_this_repository(page: str, tmp_path: Path) -> None:
    here = copied(tmp_path / "dev-hq")
    with shell(here, tmp_path / "notes") as typed:
        follow(page, COPY, here, typed)


def test_the_run_that_was_left_running_ends(demo: tuple[Path, Shell]) -> None:
    code, said = demo[1].end_of_left(150)
    assert code in (0, 1), said
    assert "resilience score" in said
