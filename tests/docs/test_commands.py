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

from bench.live import ROOT, LiveStack, copy_stack, live_stack
from tests.docs.following import COPY, DEMO, EMPTY, follow, followed_in
from tests.docs.pages import PAGES, blocks

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with live_stack(copy_stack(tmp_path_factory.mktemp("demo"))) as running:
        (running.path.parent / ".venv").symlink_to(ROOT / ".venv")
        running.wait_until_steady()
        yield running


def test_every_place_is_one_that_there_is() -> None:
    places = {block.place for page in PAGES for block in blocks(page) if block.place}
    assert places <= {EMPTY, COPY, DEMO}


@pytest.mark.parametrize("page", followed_in(EMPTY))
def test_in_an_empty_directory(page: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    follow(page, EMPTY, here, tmp_path / "notes")


@pytest.mark.parametrize("page", followed_in(COPY))
def test_in_a_copy_of_this_repository(page: str, tmp_path: Path) -> None:
    here = tmp_path / "dev-hq"
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, kept.decode().split("\0")):
        if (ROOT / name).is_file():
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, here / name)
    follow(page, COPY, here, tmp_path / "notes")


@pytest.mark.parametrize("page", followed_in(DEMO))
def test_beside_a_running_demo_stack(page: str, demo: LiveStack, tmp_path: Path) -> None:
    follow(page, DEMO, demo.path.parent, tmp_path)
