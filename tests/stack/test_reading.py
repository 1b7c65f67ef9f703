"""Files that somebody else wrote are read up to their limit, and pipes only where people name them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from stack.errors import ConfigError, HqError
from stack.reading import KIB, MIB, read_bytes, read_text


def complaint(path: Path, at_most: int = KIB, if_missing: str = "", *, or_pipe: bool = False) -> str:
    with pytest.raises(HqError) as caught:
        read_text(path, at_most=at_most, if_missing=if_missing, or_pipe=or_pipe)
    return str(caught.value)


@pytest.mark.parametrize(("at_most", "size"), [(KIB, "1 KiB"), (256 * KIB, "256 KiB"), (MIB, "1 MiB")])
def test_a_file_at_its_limit_is_read_and_one_byte_more_refused(tmp_path: Path, at_most: int, size: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * at_most)
    assert read_bytes(path, at_most=at_most) == b"x" * at_most
    path.write_bytes(b"x" * (at_most + 1))
    assert complaint(path, at_most) == f"{path} is larger than {size}"


def test_text_is_utf8_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("\ufeffcafé\r\n".encode())
    assert read_text(path, at_most=KIB) == "café\r\n"
    path.write_bytes(b"one\ntwo\ncaf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        read_text(path, at_most=KIB)
    assert str(caught.value) == f"{path}:3: not UTF-8 text"


def test_what_is_no_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert complaint(gone) == f"there is no file {gone}"
    assert complaint(gone, if_missing="write one") == f"there is no file {gone}; write one"
    assert complaint(tmp_path, if_missing="write one") == f"{tmp_path} is not a file; write one"
    assert complaint(tmp_path, or_pipe=True) == f"{tmp_path} is not a file"
    (tmp_path / "file").write_text("")
    assert complaint(tmp_path / "file" / "below") == f"there is no file {tmp_path}/file/below"


def test_a_pipe_is_waited_for_only_where_people_name_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert complaint(pipe) == f"{pipe} is not a file"
    writing = threading.Thread(target=pipe.write_text, args=("up 1\n",), daemon=True)
    writing.start()
    assert read_text(pipe, at_most=KIB, or_pipe=True) == "up 1\n"
    writing.join(10)


def test_what_never_ends_is_refused_at_the_limit() -> None:
    assert complaint(Path("/dev/zero"), or_pipe=True) == "/dev/zero is larger than 1 KiB"
