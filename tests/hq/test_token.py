"""`dev-hq token`: tokens are made, shown once, listed and revoked."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hq.api.token_file import add_token
from hq.api.tokens import Scope, caller_of, read_tokens
from hq.cli import main
from hq.commands.token import SCOPES
from tests.hq.serving import make_stack


@pytest.fixture
def stack(tmp_path):
    return make_stack(tmp_path / "stack")


def token(stack, *words: str) -> int:
    return main(["--stack", str(stack.file), "token", *words])


def command(stack) -> list[str]:
    return [sys.executable, "-m", "hq.cli", "--stack", str(stack.file), "token", "add", "--scope", "read"]


def test_a_token_is_printed_alone_and_its_digest_is_kept(stack, capsys) -> None:
    assert token(stack, "add", "ci", "--scope", "quality", "--scope", "chaos") == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"dev-hq-[\w-]{43}\n", out)
    assert err == "the token of ci; it is not shown again:\n"
    caller = caller_of(read_tokens(stack.tokens), out.strip().encode())
    assert caller is not None
    assert (caller.name, caller.scopes) == ("ci", {Scope.QUALITY, Scope.CHAOS})
    kept = stack.tokens.read_text()
    assert out.strip() not in kept
    assert re.search(r"^ci: \{scopes: \[chaos, quality\], sha256: [0-9a-f]{64}\}$", kept, re.M)
    assert stat.S_IMODE(stack.tokens.stat().st_mode) == 0o600


def test_a_token_is_written_to_a_new_file_of_its_own(stack, capsys, tmp_path) -> None:
    output = tmp_path / "token"
    assert token(stack, "add", "ci", "--scope", "read", "--output", str(output)) == 0
    assert capsys.readouterr() == ("", f"wrote the token of ci to {output}\n")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert caller_of(read_tokens(stack.tokens), output.read_bytes().strip()) is not None


def test_no_file_is_written_over(stack, capsys, tmp_path) -> None:
    (tmp_path / "token").write_text("mine")
    assert token(stack, "add", "ci", "--scope", "read", "--output", str(tmp_path / "token")) == 2
    message = f"dev-hq: {tmp_path / 'token'} is there already; name a new file, or remove that one first\n"
    assert capsys.readouterr() == ("", message)
    assert (tmp_path / "token").read_text() == "mine"
    assert read_tokens(stack.tokens) == ()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Ci", "'Ci' is no name for a token; use lower case letters, digits, - and _, at most 63"),
        ("ci\n", "'ci\\n' is no name for a token; use lower case letters, digits, - and _, at most 63"),
        ("alertmanager", '"alertmanager" is what the audit calls the webhook; choose another name'),
        ("ops", 'there is a token "ops" already; revoke it first, or choose another name'),
    ],
)
def test_a_name_that_cannot_be_is_one_line(stack, capsys, tmp_path, name: str, complaint: str) -> None:
    add_token(stack.tokens, "ops", frozenset({Scope.READ}))
    before = stack.tokens.read_bytes()
    assert token(stack, "add", name, "--scope", "read", "--output", str(tmp_path / "token")) == 2
    assert capsys.readouterr() == ("", f"dev-hq: {complaint}\n")
    assert stack.tokens.read_bytes() == before
    assert not (tmp_path / "token").exists()


def test_tokens_are_listed_without_what_opens(stack, capsys) -> None:
    add_token(stack.tokens, "ops", frozenset({Scope.CHAOS, Scope.QUALITY}))
    add_token(stack.tokens, "grafana", frozenset({Scope.READ}))
    assert token(stack, "list") == 0
    assert capsys.readouterr() == ("ops      chaos, quality\ngrafana  read\n", "")


def test_a_revoked_token_opens_nothing_and_the_others_still_do(stack, capsys) -> None:
    ours, theirs = (add_token(stack.tokens, name, frozenset({Scope.READ})) for name in ("ours", "theirs"))
    assert token(stack, "revoke", "theirs") == 0
    assert capsys.readouterr() == ("", "revoked the token of theirs\n")
    tokens = read_tokens(stack.tokens)
    assert caller_of(tokens, theirs.encode()) is None
    assert caller_of(tokens, ours.encode()) is not None
    assert token(stack, "revoke", "our") == 2
    assert capsys.readouterr().err == "dev-hq: there is no token 'our'; did you mean \"ours\"?\n"
    assert token(stack, "revoke", "ours") == 0
    assert read_tokens(stack.tokens) == ()
    assert token(stack, "list") == 0
    words = "there are no tokens; `dev-hq token add NAME --scope read` makes one\n"
    assert capsys.readouterr() == ("", "revoked the token of ours\n" + words)


def test_of_tokens_made_at_once_none_is_lost(stack) -> None:
    names = [f"job-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda name: add_token(stack.tokens, name, frozenset({Scope.READ})), names))
    tokens = read_tokens(stack.tokens)
    assert sorted(token.caller.name for token in tokens) == sorted(names)
    assert all(caller_of(tokens, token.encode()) for token in made)
    assert [path.name for path in stack.directory.iterdir()] == ["tokens.yaml"]


@pytest.mark.e2e
def test_of_processes_that_add_at_once_none_is_lost(stack) -> None:
    processes = [subprocess.Popen([*command(stack), f"job-{number}"], stdout=subprocess.DEVNULL) for number in range(4)]
    assert [process.wait(30) for process in processes] == [0, 0, 0, 0]
    assert len(read_tokens(stack.tokens)) == 4


@pytest.mark.e2e
def test_a_token_that_nobody_saw_is_taken_back(stack) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*command(stack), "ci"], stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1] == "dev-hq: No space left on device"
    assert read_tokens(stack.tokens) == ()


def test_a_file_that_is_wrong_is_one_line(stack, capsys) -> None:
    stack.tokens.parent.mkdir(parents=True, exist_ok=True)
    stack.tokens.write_text("ci: {scopes: [reed], sha256: " + "0" * 64 + "}\n")
    assert token(stack, "list") == 2
    message = f'dev-hq: {stack.tokens}:1: unknown value "reed" in ci.scopes[0]; did you mean "read"?\n'
    assert capsys.readouterr() == ("", message)


def test_the_scopes_of_the_command_are_those_of_the_api() -> None:
    assert tuple(Scope) == SCOPES
