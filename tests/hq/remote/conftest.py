"""A fake server for each test, and the command line that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hq.cli import main
from tests.hq.remote.fake_server import TOKEN, FakeHq, fake_hq, token_file

Hq = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHq]:
    monkeypatch.delenv("DEV_HQ_SERVER", raising=False)
    monkeypatch.delenv("DEV_HQ_TOKEN_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    with fake_hq() as server:
        yield server


@pytest.fixture
def hq(fake: FakeHq, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Hq:
    """Runs a command against the server: its exit code, stdout and stderr; the token is in neither of them."""
    token = token_file(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--server", fake.url, "--token-file", str(token)])
        printed = capsys.readouterr()
        assert TOKEN not in printed.out + printed.err
        return code, printed.out, printed.err

    return run
