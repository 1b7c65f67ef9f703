"""The tutorial, followed from its first command to its last, with the nginx of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.following import EMPTY, TUTORIAL, follow
from tests.docs.shell import shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    here = tmp_path / "shop"
    here.mkdir()
    with shell(here, tmp_path / "notes") as typed:
        follow(TUTORIAL, EMPTY, here, typed)
