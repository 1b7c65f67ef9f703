"""`dev-hq chaos verify`: what it refuses, in one line each, before it touches anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hq.cli import main
from tests.chaos.stacks import NO_POOL, TWO_POOLS, stack_of


def refused(capsys: pytest.CaptureFixture[str], path: Path, *words: str) -> str:
    before = sorted(path.parent.iterdir())
    assert main(["--stack", str(path), "chaos", "verify", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sorted(path.parent.iterdir()) == before
    return err.removeprefix("dev-hq: ").rstrip("\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--repeats 0", '--repeats wants a whole number from 1 to 100, not "0"'),
        ("--repeats 101", '--repeats wants a whole number from 1 to 100, not "101"'),
        ("--repeats ٣", '--repeats wants a whole number from 1 to 100, not "٣"'),
        ("--seed -1", '--seed wants a whole number from 0 to 2147483647, not "-1"'),
        ("--seed 1e3", '--seed wants a whole number from 0 to 2147483647, not "1e3"'),
        ("--quick --repeats 2", "--quick tries each scenario once; leave out --repeats, or --quick"),
        ("--target nope", 'there is no target "nope"; targets are proxies, shop'),
        ("--target prxies", 'there is no target "prxies"; did you mean "proxies"?'),
        (
            "--scenario nope",
            'there is no scenario "nope"; there are network-latency, proxy-failure-wave, rate-limit-storm',
        ),
        (
            "--scenario proxy-failure-wave --target shop",
            "scenario proxy-failure-wave cannot be run on the service shop; targets are proxies",
        ),
        ("--output /", "--output / is a directory; name a file in it"),
        ("--output nowhere/it.json", "--output nowhere/it.json: there is no directory nowhere"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, sentence: str) -> None:
    assert refused(capsys, stack_of(tmp_path).file, *words.split()) == sentence


@pytest.mark.parametrize("words", [(), ("--target", "shop"), ("--quick",)])
def test_a_stack_of_which_nothing_can_be_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    path = tmp_path / "stack.yaml"
    path.write_text(
        "services: {s: {sli: {preset: blackbox, selector: {instance: a}}, objectives: {success_rate: {target: 99%}}}}\n"
    )
    assert refused(capsys, path, *words) == (
        f"nothing can be broken: {path} has neither a pool nor a service with listen and upstream"
    )


def test_a_result_that_may_not_be_written_is_told_before_anything_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "theirs.json"
    output.write_text("theirs")
    monkeypatch.setattr("os.access", lambda path, mode: (path, mode) != (output, os.W_OK))  # root may write anything
    assert refused(capsys, stack_of(tmp_path).file, "--output", str(output)) == (
        f"--output {output} may not be written by this user; name another file"
    )
    assert output.read_text() == "theirs"


def test_a_stack_that_does_not_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = stack_of(tmp_path).file
    assert refused(capsys, file, "--quick") == f"the stack of {file} does not run; `dev-hq up` starts it"


def test_a_scenario_that_was_named_wants_one_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = stack_of(tmp_path, TWO_POOLS).file
    assert refused(capsys, file, "--scenario", "rate-limit-storm") == (
        "scenario rate-limit-storm has several targets; choose with --target: east, west"
    )


def test_a_stack_with_nothing_to_break_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = stack_of(tmp_path, NO_POOL).file
    assert refused(capsys, file, "--scenario", "rate-limit-storm") == (
        f"scenario rate-limit-storm needs a pool or a service with listen and upstream, and {file} has none"
    )
