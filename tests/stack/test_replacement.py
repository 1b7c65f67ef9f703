"""Files that are replaced whole, and what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stack.replacement import replace_file


def test_a_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    file.write_text("old")
    link.symlink_to(file)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == [file, link], "no draft is left"


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_file(pipe, b"content")
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_directory_is_refused_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory") as caught:
        replace_file(tmp_path, b"content")
    assert str(caught.value.filename) == str(tmp_path)
