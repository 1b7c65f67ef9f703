"""Which server is meant: URLs, token files and certificates, the bad ones a sentence each."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from hq.cli import main
from hq.remote.server import server_at
from stack.errors import HqError
from tests.hq.remote.conftest import Hq
from tests.hq.remote.fake_server import TOKEN, FakeHq, Says, token_file


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://127.0.0.1:9464", "http://127.0.0.1:9464"),
        ("http://localhost:9464/", "http://localhost:9464"),
        ("http://[::1]:9464", "http://[::1]:9464"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("https://hq.example", "https://hq.example"),
        ("https://ops.example/dev-hq/", "https://ops.example/dev-hq"),
    ],
)
def test_a_url_that_can_be_called(url: str, kept: str, tmp_path: Path) -> None:
    assert server_at(url, token_file(tmp_path)).url == kept


CREDENTIALS = "the URL of a server must not hold credentials; put the token into a file, for --token-file"
CLEAR = (
    "over http:// the token could be read on its way; use https://, a tunnel to 127.0.0.1, "
    "or --insecure-http where nobody else is on the network"
)
QUERY = "the URL of a server ends before ? and #; write it like https://hq.example:9464"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("hq.example:9464", '"hq.example:9464" is not the URL of a server; write it like https://hq.example:9464'),
        ("ftp://hq.example", '"ftp://hq.example" is not the URL of a server; write it like https://hq.example:9464'),
        ("http://", '"http://" is not the URL of a server; write it like https://hq.example:9464'),
        ("http://h:0", '"http://h:0" is not the URL of a server; write it like https://hq.example:9464'),
        ("http://h:99999", '"http://h:99999" is not the URL of a server; write it like https://hq.example:9464'),
        ("http://[::1", '"http://[::1" is not the URL of a server; write it like https://hq.example:9464'),
        ("http://a b", '"http://a b" is not the URL of a server; write it like https://hq.example:9464'),
        (
            "http://127。0。0。1",
            '"http://127。0。0。1" is not the URL of a server; write it like https://hq.example:9464',
        ),
        ("http://h\n:1", "this is not the URL of a server; write it like https://hq.example:9464"),
        ("https://ci:s3cret@hq.example", CREDENTIALS),
        ("https://s3cret@hq.example:9464/x", CREDENTIALS),
        ("https://hq.example?token=s3cret", QUERY),
        ("https://hq.example/#x", QUERY),
        ("http://hq.example:9464", CLEAR),
        ("http://10.0.0.1:9464", CLEAR),
        ("http://0x7f.1:9464", CLEAR),
        ("http://localhost.example", CLEAR),
    ],
)
def test_a_url_that_cannot_be_called(url: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(HqError) as caught:
        server_at(url, token_file(tmp_path))
    assert str(caught.value) == complaint
    assert "s3cret" not in str(caught.value)


def test_http_to_another_machine_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    assert server_at("http://10.0.0.1", token_file(tmp_path), insecure_http=True).url == "http://10.0.0.1"
    assert server_at("http://10.0.0.1").url == "http://10.0.0.1"  # nothing secret goes there


def _unreadable(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # which root may not read from its beginning either


ASCII = "{path} must hold a token and nothing else: ASCII characters without a space"


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, "there is no file {path}; the token must be in it"),
        (lambda path: path.write_text(""), "{path} is empty; the token must be in it"),
        (lambda path: path.write_text(" \n"), "{path} is empty; the token must be in it"),
        (lambda path: path.mkdir(), "{path} is not a file; the token must be in it"),
        (os.mkfifo, "{path} is not a file; the token must be in it"),
        (lambda path: path.symlink_to("/dev/zero"), "{path} is not a file; the token must be in it"),
        (lambda path: path.symlink_to(path), "there is no file {path}; the token must be in it"),
        (_unreadable, "{path} cannot be read: Input/output error"),
        (lambda path: path.write_text("a\nb"), "{path} must hold a token and nothing else, in one line"),
        (lambda path: path.write_text("a b"), ASCII),
        (lambda path: path.write_text("é"), ASCII),
        (lambda path: path.write_bytes(b"\xff"), "{path}:1: not UTF-8 text"),
        (lambda path: path.write_text("x" * 65537), "{path} is larger than 64 KiB"),
    ],
)  # fmt: skip
def test_a_token_file_that_cannot_be_used(make, complaint: str, fake: FakeHq, tmp_path: Path, capsys) -> None:
    path = tmp_path / "tok"
    make(path)
    assert main(["chaos", "list", "--server", fake.url, "--token-file", str(path)]) == 2
    assert capsys.readouterr().err == f"dev-hq: {complaint.format(path=path)}\n"
    assert fake.asked == []


def test_a_token_that_may_not_be_read(tmp_path: Path, fake: FakeHq, capsys, monkeypatch) -> None:
    path = token_file(tmp_path)

    def refuse(*_words: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    assert main(["chaos", "list", "--server", fake.url, "--token-file", str(path)]) == 2
    assert capsys.readouterr().err == f"dev-hq: {path} cannot be read: Permission denied\n"


def test_a_token_that_everybody_can_read_is_warned_of(fake: FakeHq, hq: Hq, tmp_path: Path) -> None:
    fake.on("GET /api/chaos/scenarios", Says(body={"scenarios": []}))
    path = tmp_path / "token"
    assert hq("chaos", "list") == (0, "", "")
    path.chmod(0o644)
    assert hq("chaos", "list") == (
        0, "", f"warning: everybody on this machine can read {path}; chmod 600 {path}\n",
    )  # fmt: skip


def test_server_and_token_file_can_stand_in_the_environment(fake: FakeHq, tmp_path: Path, capsys, monkeypatch) -> None:
    fake.on("GET /api/chaos/scenarios", Says(body={"scenarios": []}))
    monkeypatch.setenv("DEV_HQ_SERVER", fake.url)
    monkeypatch.setenv("DEV_HQ_TOKEN_FILE", str(token_file(tmp_path)))
    assert main(["chaos", "list"]) == 0
    assert [one.headers["Authorization"] for one in fake.asked] == [f"Bearer {TOKEN}"]
    monkeypatch.setenv("DEV_HQ_SERVER", "")  # and then it is this machine again
    assert main(["chaos", "list"]) == 0
    assert len(fake.asked) == 1
    assert "network-latency" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["chaos", "list", "--token-file", "x"], "--token-file is for a server; name it with --server"),
        (["chaos", "stop", "--ca", "x"], "--ca is for a server; name it with --server"),
        (["anomalies", "--insecure-http"], "--insecure-http is for a server; name it with --server"),
        (["chaos", "run", "x", "--patience", "1m"], "--patience is for a server; name it with --server"),
        (
            ["--stack", "other.yaml", "chaos", "list", "--server", "https://h"],
            "--stack is for this machine, and --server names another; leave out one of them",
        ),
        (["chaos", "list", "--server", "https://h", "--cert", "x"], "--cert and --key belong together; give both"),
        (["anomalies", "--server", "https://h", "--ca", "gone"], "gone cannot be read: No such file or directory"),
        (
            ["chaos", "list", "--server", "http://127.0.0.1", "--ca", "gone.pem"],
            "--ca, --cert and --key are for a server that is called by https://",
        ),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(words: list[str], complaint: str, fake: FakeHq, capsys) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"dev-hq: {complaint}\n"


def test_a_stack_and_a_server_from_the_environment(fake: FakeHq, capsys, monkeypatch) -> None:
    monkeypatch.setenv("DEV_HQ_SERVER", fake.url)
    assert main(["--stack", "other.yaml", "chaos", "list"]) == 2
    assert capsys.readouterr().err == (
        "dev-hq: --stack is for this machine, and the variable DEV_HQ_SERVER names another; leave out one of them\n"
    )


def test_nothing_of_it_is_imported_for_this_machine() -> None:
    import subprocess
    import sys

    program = "import sys, hq.cli; print(sorted(n for n in sys.modules if re.match('requests|hq.remote', n)))"
    done = subprocess.run([sys.executable, "-c", f"import re; {program}"], capture_output=True, text=True, check=True)
    assert re.sub(r"\s", "", done.stdout) == "['hq.remote','hq.remote.options']"
