"""The pre-push hook in a real repository with a real push."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.pipeline import DEV_HQ, EXIT_CODES, ROOT, moment, write_gates
from tests.gates.past import Past

HOOK = ROOT / "deploy" / "git" / "pre-push"
SAID = "quality gates: "
PAST_THIS = "so nothing is pushed; git push --no-verify goes past this"
ALL_THE_SAME = "and pushed all the same; git config gates.strict true would stop it"


@dataclass(frozen=True)
class Clone:
    """A repository with the hook, one commit, and a remote that is empty."""

    directory: Path
    remote: Path

    def git(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {
            "PATH": f"{self.directory.parent / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.directory.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        return subprocess.run(
            ["git", *words],
            capture_output=True,
            text=True,
            cwd=self.directory,
            env=known | environment,
            timeout=120,
            check=False,
        )

    def configure(self, **settings: str) -> None:
        for name, value in settings.items():
            self.git("config", f"gates.{name}", value).check_returncode()

    def says(self, done: subprocess.CompletedProcess[str]) -> list[str]:
        """What the hook says of its own."""
        return [line.removeprefix(SAID) for line in done.stderr.splitlines() if line.startswith(SAID)]

    @property
    def pushed(self) -> set[str]:
        done = subprocess.run(
            ["git", "for-each-ref", "--format=%(refname)"],
            capture_output=True,
            text=True,
            cwd=self.remote,
            check=True,
        )
        return set(done.stdout.split())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "clo ne", tmp_path / "remote.git")
    clone.directory.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", str(clone.remote)], check=True)
    clone.git("init", "-q", "-b", "main").check_returncode()
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    clone.git(*author, "commit", "-q", "--allow-empty", "-m", "first").check_returncode()
    clone.git("remote", "add", "origin", str(clone.remote))
    hook = clone.directory / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(HOOK)
    return clone


def stub(clone: Clone, code: int) -> Path:
    """Lets dev-hq end with this exit code; the file where it writes how it was called."""
    program = clone.directory.parent / "bin" / "dev-hq"
    program.parent.mkdir(exist_ok=True)
    called = clone.directory.parent / "called"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"json.dump([sys.argv[1:], sys.stdin.read()], open({str(called)!r}, 'w'))\n"
        f"print('the report')\nsys.exit({code})\n"
    )
    program.chmod(0o755)
    return called


@pytest.mark.e2e
@pytest.mark.parametrize(("verdict", "strict", "goes"), [
    ("pass", "true", True), ("fail", "false", False), ("undecided", "false", True), ("undecided", "true", False),
    ("error", "false", True), ("error", "true", False),
])  # fmt: skip
def test_each_verdict(clone: Clone, past: Past, verdict: str, strict: str, goes: bool) -> None:
    program = clone.directory.parent / "dev-hq at"
    program.write_text(f'#!/bin/sh\nexec "{DEV_HQ}" "$@" {moment(past)}\n')
    program.chmod(0o755)
    write_gates(clone.directory, verdict)
    clone.configure(config="gates.yaml", program=str(program), strict=strict)
    done = clone.git("push", "-q", "origin", "main", PROM_URL=past.url)
    assert (done.returncode == 0) == goes
    assert clone.pushed == ({"refs/heads/main"} if goes else set())
    assert f"\n{verdict.upper()}: " in done.stderr
    assert f"(exit code {EXIT_CODES[verdict]})" in done.stderr


@pytest.mark.parametrize(
    ("code", "strict", "said"),
    [
        (0, "false", []),
        (1, "false", [f"a gate failed, {PAST_THIS}"]),
        (2, "false", [f"not judged (exit code 2), {ALL_THE_SAME}"]),
        (2, "yes", [f"not judged (exit code 2), {PAST_THIS}"]),
        (3, "false", [f"undecided, {ALL_THE_SAME}"]),
        (3, "true", [f"undecided, {PAST_THIS}"]),
        (4, "no", [f"not judged (exit code 4), {ALL_THE_SAME}"]),
        (4, "on", [f"not judged (exit code 4), {PAST_THIS}"]),
        (130, "false", [f"not judged (exit code 130), {PAST_THIS}"]),
        (143, "false", [f"not judged (exit code 143), {PAST_THIS}"]),
    ],
)
def test_only_a_failed_gate_and_an_interrupt_stop_a_push_unless_strict(
    clone: Clone, code: int, strict: str, said: list[str]
) -> None:
    called = stub(clone, code)
    clone.configure(strict=strict)
    done = clone.git("push", "-q", "origin", "main")
    assert clone.says(done) == ["may main go out?", *said]
    assert "the report\n" in done.stderr
    stopped = bool(said) and said[0].endswith(PAST_THIS)
    assert (done.returncode != 0) == stopped == (clone.pushed == set())
    assert json.loads(called.read_text()) == [["quality", "check", "--no-remediate"], ""]


def test_a_program_that_is_not_there_is_not_a_pass(clone: Clone) -> None:
    clone.configure(program="/nowhere/dev-hq", strict="true")
    assert clone.git("push", "-q", "origin", "main").returncode != 0
    assert clone.pushed == set()
    clone.configure(strict="false")
    done = clone.git("push", "-q", "origin", "main")
    assert clone.says(done)[-1] == f"not judged (exit code 127), {ALL_THE_SAME}"
    assert clone.pushed == {"refs/heads/main"}


@pytest.mark.parametrize(
    ("branches", "refs", "asked"),
    [
        (None, ["main:main"], "main"),
        (None, ["main:release/1.0"], "release/1.0"),
        (None, ["main:feature"], None),
        (None, ["main:feature", "main:release/2"], "release/2"),
        (None, ["main:refs/tags/v1"], None),
        (None, ["main:domain"], None),
        ("refs/tags/v*", ["main:refs/tags/v1"], "refs/tags/v1"),
        ("prod-* stable", ["main:main"], None),
        ("prod-* stable", ["main:prod-eu"], "prod-eu"),
    ],
)
def test_only_what_is_released_is_asked_about(
    clone: Clone, branches: str | None, refs: list[str], asked: str | None
) -> None:
    called = stub(clone, 1)
    (clone.directory / "release").mkdir()  # a pattern is no file name
    (clone.directory / "release" / "notes").touch()
    if branches:
        clone.configure(branches=branches)
    done = clone.git("push", "-q", "origin", *refs)
    assert clone.says(done)[:1] == ([f"may {asked} go out?"] if asked else [])
    assert called.exists() == (asked is not None)
    assert (done.returncode == 0) == (asked is None)


def test_nothing_to_push_asks_nothing(clone: Clone) -> None:
    stub(clone, 0)
    clone.git("push", "-q", "origin", "main").check_returncode()
    called = stub(clone, 1)
    called.unlink()
    clone.git("push", "-q", "origin", "main").check_returncode()
    assert not called.exists()


def test_deleting_a_branch_asks_nothing(clone: Clone) -> None:
    stub(clone, 0)
    clone.git("push", "-q", "origin", "main", "main:release/1").check_returncode()
    called = stub(clone, 1)
    called.unlink()
    clone.git("push", "-q", "origin", ":release/1").check_returncode()
    assert clone.pushed == {"refs/heads/main"}
    assert not called.exists()


def test_the_gates_file_is_one_word(clone: Clone) -> None:
    called = stub(clone, 0)
    clone.configure(config="my gates; touch harm.yaml")
    clone.git("push", "-q", "origin", "main").check_returncode()
    assert json.loads(called.read_text())[0] == [
        "quality", "check", "--no-remediate", "--config", "my gates; touch harm.yaml",
    ]  # fmt: skip


def test_the_hook_can_be_run_as_it_lies_here() -> None:
    assert os.access(HOOK, os.X_OK)
    done = subprocess.run(["sh", "-n", str(HOOK)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
