"""`dev-hq completion`: what a real bash makes of it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from hq.cli import main
from stack.waiting import wait_for

COMPLETE = """
source "$1"; shift
function=$(complete -p dev-hq | sed -E 's/.*-F ([^ ]+) .*/\\1/')
COMP_WORDS=(dev-hq "$@") COMP_CWORD=$#
"$function"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("completion") / "dev-hq.bash"
    done = subprocess.run(
        [sys.executable, "-m", "hq.cli", "completion", "bash"], capture_output=True, timeout=60, check=True
    )
    file.write_bytes(done.stdout)
    return file


def completed(script: Path, directory: Path, *words: str) -> set[str]:
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", str(script), *words],
        cwd=directory, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_commands_are_completed(script: Path, tmp_path: Path) -> None:
    assert completed(script, tmp_path, "cha") == {"chaos"}
    assert completed(script, tmp_path, "chaos", "st") == {"stop"}
    assert {"init", "up", "quality", "completion"} < completed(script, tmp_path, "")


def test_options_and_their_choices_are_completed(script: Path, tmp_path: Path) -> None:
    assert completed(script, tmp_path, "generate", "--che") == {"--check"}
    assert completed(script, tmp_path, "generate", "--only", "") == {"rules", "grafana"}
    assert completed(script, tmp_path, "--stack", "a.yaml", "chaos", "run", "--dry") == {"--dry-run"}


def test_scenarios_are_completed_by_name_and_by_file(script: Path, tmp_path: Path) -> None:
    (tmp_path / "nightly.yaml").touch()
    (tmp_path / "notes.txt").touch()
    assert completed(script, tmp_path, "chaos", "run", "ne") == {"network-latency"}
    assert completed(script, tmp_path, "chaos", "show", "n") == {"network-latency", "nightly.yaml"}


def test_files_and_directories_are_completed(script: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub.yaml").touch()
    assert completed(script, tmp_path, "--stack", "su") == {"sub", "sub.yaml"}
    assert {name.rstrip("/") for name in completed(script, tmp_path, "init", "su")} == {"sub"}


@pytest.mark.e2e
def test_a_tab_at_the_prompt_completes(script: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "$ "}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""

    def says(text: bytes) -> bool:
        nonlocal said
        if select.select([ours], [], [], 0.1)[0]:
            said += os.read(ours, 65536)
        return text in said

    try:
        os.write(ours, f"source {script}\ndev-hq cha\trun net\t".encode())
        wait_for(lambda: says(b"chaos run network-latency"), 20, "the line was not completed")
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def test_what_zsh_reads_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("#compdef dev-hq\n")
    assert "scenarios:scenario:(network-latency proxy-failure-wave rate-limit-storm)" in out


def test_without_shtab_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr().err == "dev-hq: dev-hq completion needs shtab: pip install 'dev-hq[completion]'\n"
