"""The file that holds the webhook's token."""

from __future__ import annotations

import stat

import pytest

from hq.credentials import CredentialsError, ensure_credentials, read_token


def test_credentials_are_made_once_and_only_their_owner_reads_them(tmp_path) -> None:
    path = tmp_path / "new" / "token"
    ensure_credentials(path)
    token = read_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(token.decode())) == 32
    ensure_credentials(path)
    assert read_token(path) == token


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the credentials file {0} must hold one token, on one line"),
        (b" \n", "the credentials file {0} must hold one token, on one line"),
        (b"x" * 5000, "the credentials cannot be used: {0} is larger than 4 KiB"),
        (None, "the credentials cannot be used: {0} is not a file; `dev-hq serve` makes one"),
    ],
)
def test_a_credentials_file_that_is_none_is_one_line(tmp_path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "token"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(CredentialsError) as error:
        ensure_credentials(path)
    assert str(error.value) == complaint.format(path)


def test_a_credentials_file_that_cannot_be_made_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "token"
    with pytest.raises(CredentialsError) as error:
        ensure_credentials(path)
    assert str(error.value) == f"the credentials file {path} cannot be made: File exists"


def test_where_a_link_points_to_they_are_made(tmp_path) -> None:
    path = tmp_path / "token"
    path.symlink_to(tmp_path / "new" / "secret")
    ensure_credentials(path)
    assert path.is_symlink()
    assert read_token(path) == read_token(tmp_path / "new" / "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_links_in_a_circle_hold_no_credentials(tmp_path) -> None:
    path = tmp_path / "token"
    path.symlink_to(path)
    with pytest.raises(CredentialsError) as error:
        ensure_credentials(path)
    assert str(error.value) == f"the credentials cannot be used: there is no file {path}; `dev-hq serve` makes one"
