"""`dev-hq generate`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from hq.commands import generate
from prometheus.rules import rule_texts
from stack.errors import HqError
from tests.prometheus.stacks import ROOT, demo_stack

FILES = tuple(rule_texts(demo_stack()))
RULES = ("--only", "rules")
OTHER_FORMATS = ("prometheusrule", "mimir", "thanos", "vmalert")


def run(stack: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    generate.register(parser.add_subparsers())
    parsed = parser.parse_args(["generate", *arguments])
    parsed.stack = stack
    code: int = parsed.handler(parsed)
    return code


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "stack.yaml", tmp_path)
    return tmp_path / "stack.yaml"


def test_the_committed_rules_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ROOT / "stack.yaml", "--only", "rules", "--check") == 0
    assert capsys.readouterr() == ("", "")


def test_rules_are_written_beside_the_stack(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = stack.parent / "prometheus" / "rules"
    assert run(stack, "--only", "rules") == 0
    assert capsys.readouterr().out == f"wrote {', '.join(FILES)} to {directory}\n"
    assert [path.name for path in stack.parent.iterdir() if path != stack] == ["prometheus"]
    assert run(stack, "--only", "rules", "--check") == 0
    for path in directory.iterdir():
        assert path.read_text() == (ROOT / "prometheus" / "rules" / path.name).read_text()


def test_check_names_what_differs_and_writes_nothing(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = stack.parent / "rules"
    run(stack, "--output", str(directory))
    (directory / "watching.yml").unlink()
    (directory / "budgets.yml").write_bytes(b"\xff")
    capsys.readouterr()
    assert run(stack, "--output", str(directory), "--check") == 1
    assert capsys.readouterr().err == (
        f"{directory}/budgets.yml is not what {stack} asks for; run: dev-hq generate --output {directory}\n"
        f"{directory}/watching.yml is missing; run: dev-hq generate --output {directory}\n"
    )
    assert (directory / "budgets.yml").read_bytes() == b"\xff"
    assert not (directory / "watching.yml").exists()


def test_a_stack_that_says_otherwise_differs(stack: Path) -> None:
    run(stack)
    stack.write_text(stack.read_text().replace("hold: 3s", "hold: 4s"))
    assert run(stack, "--check") == 1


def test_a_place_that_cannot_be_written_or_read(stack: Path) -> None:
    (stack.parent / "file").write_text("")
    with pytest.raises(HqError, match=r".*/file is a file, and the rules need a directory; name another --output"):
        run(stack, "--output", str(stack.parent / "file"))
    with pytest.raises(HqError, match=r".*/file/anomalies\.yml cannot be read: Not a directory"):
        run(stack, "--output", str(stack.parent / "file"), "--check")


def test_no_stack(tmp_path: Path) -> None:
    with pytest.raises(HqError, match=r"there is no file .*stack\.yaml"):
        run(tmp_path / "stack.yaml")


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_other_formats_have_directories_of_their_own(
    stack: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    plain = stack.parent / "prometheus" / "rules"
    run(stack, *RULES)
    before = {path: path.read_bytes() for path in plain.iterdir()}
    assert run(stack, "--format", name, "--check") == 1
    assert f"{plain / name / FILES[0]} is missing; run: dev-hq generate --format {name}\n" in capsys.readouterr().err
    assert run(stack, "--format", name) == 0
    assert capsys.readouterr().out == f"wrote {', '.join(FILES)} to {plain / name}\n"
    assert run(stack, "--format", name, "--check") == 0
    assert run(stack, *RULES, "--check") == 0
    assert {path: path.read_bytes() for path in plain.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_a_format_does_not_replace_what_it_did_not_write(stack: Path, name: str) -> None:
    directory = stack.parent / "prometheus" / "rules"
    run(stack, *RULES)
    with pytest.raises(HqError) as caught:
        run(stack, "--format", name, "--output", str(directory))
    signature = f"'# Generated from stack.yaml by `dev-hq generate --format {name}'"
    assert str(caught.value) == (
        f"{directory / FILES[0]} does not begin with {signature}, so it was not written by "
        "`dev-hq generate` in this format, and stays; move it away, or name another --output"
    )
    assert run(stack, *RULES, "--check") == 0


def test_a_file_of_the_user_stays_and_nothing_is_written_beside_it(stack: Path) -> None:
    directory = stack.parent / "rules"
    directory.mkdir()
    mine = directory / FILES[-1]
    mine.write_text("groups: []\n")
    with pytest.raises(HqError, match="so it was not written by `dev-hq generate`"):
        run(stack, "--output", str(directory))
    assert [path.name for path in directory.iterdir()] == [mine.name]
    assert mine.read_text() == "groups: []\n"


def test_what_is_no_longer_generated_is_named_and_stays(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = stack.parent / "rules"
    run(stack, "--output", str(directory))
    old, own = directory / "old.yml", directory / "own.yml"
    old.write_text((directory / FILES[0]).read_text())
    own.write_text("groups: []\n")
    capsys.readouterr()
    said = f"{old} is no longer generated, but is still loaded from there; remove it\n"
    assert run(stack, "--output", str(directory), "--check") == 1
    assert capsys.readouterr().err == said
    assert run(stack, "--output", str(directory)) == 0
    assert capsys.readouterr().err == said
    assert old.exists()
    old.unlink()
    assert run(stack, "--output", str(directory), "--check") == 0
    assert own.read_text() == "groups: []\n"


def test_a_full_disk_leaves_the_old_files_whole(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = stack.parent / "rules"
    run(stack, "--output", str(directory))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    stack.write_text(stack.read_text().replace("hold: 3s", "hold: 4s"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HqError, match=r"the rules cannot be written to .*: No space left on device"):
        run(stack, "--output", str(directory))
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_names_for_the_operator_are_kept_in_the_file_and_in_what_to_run(
    stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = stack.parent / "k8s"
    options = ["--format", "prometheusrule", "--prefix", "shop", "--label", "release=mon", "--output", str(directory)]
    assert run(stack, *options) == 0
    text = (directory / FILES[0]).read_text()
    command = "dev-hq generate --format prometheusrule --prefix shop --label release=mon"
    assert text.startswith(f"# Generated from stack.yaml by `{command}`; edit that, or the catalogue, not this.\n")
    assert run(stack, *options, "--check") == 0
    capsys.readouterr()
    assert run(stack, *options[:4], "--output", str(directory), "--check") == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        f"{directory}/{FILES[0]} was written by `{command}`, not by "
        "`dev-hq generate --format prometheusrule --prefix shop`; give --check the same options"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prefix", "shop"], "--prefix has no meaning in the format plain; leave it out"),
        (["--format", "thanos", "--label", "a=b"], "--label has no meaning in the format thanos; leave it out"),
        (["--format", "mimir", "--label", "a=b"], "--label has no meaning in the format mimir; leave it out"),
        *(
            (
                ["--format", "mimir", f"--prefix={prefix}"],
                f"--prefix is {prefix!r}; it must be up to 40 lower case letters, digits and hyphens inside",
            )
            for prefix in ("Shop", "", "-a", "a-", "a/b", "a\n", "a" * 41, "ä")
        ),
        *(
            (
                ["--format", "prometheusrule", f"--label={label}"],
                f"--label is {label!r}; it must be a label of Kubernetes, such as release=kube-prometheus-stack",
            )
            for label in ("release", "=x", "a b=c", "a=b c", "a=b\n", "-a=b", "a/b/c=d", "a=" + "b" * 64, "a=ä")
        ),
    ],
)
def test_names_that_kubernetes_would_refuse_or_nobody_reads(stack: Path, options: list[str], message: str) -> None:
    with pytest.raises(HqError) as caught:
        run(stack, *options)
    assert str(caught.value) == message
    assert not (stack.parent / "prometheus").exists()
