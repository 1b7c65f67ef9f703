"""`dev-hq init`: what it writes, that it runs, and what it refuses."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from hq.cli import main
from stack.loader import load_stack
from stack.model import Stack
from tests.deploy.pod import ROOT

WEB = "web=http://127.0.0.1:8080"
MISSING = "--service takes NAME=URL, such as shop=http://127.0.0.1:8080; the name or the URL is missing"
NO_NAME = "is not a name; use lower case letters, digits, - and _, at most 63"
NO_URL = " is not a URL; write one such as http://127.0.0.1:8080"
NOT_HERE = "--load is for a service on this machine only, and web is at http://a.example"
NOT_BOTH = "--demo has its own services; leave it out, or leave out --service, --pool and --load"
NO_QUERY = ": leave out what follows http://a; a URL ends before ? and # here"
OURS = "web is at 127.0.0.1:9090, where a program of dev-hq listens; let it listen elsewhere"


def written(directory: Path, *words: str) -> Stack:
    assert main(["init", str(directory), *words]) == 0
    return load_stack(directory / "stack.yaml")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["init", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def same_but_for_the_file(stack: Stack) -> dict[str, object]:
    return {name: value for name, value in vars(stack).items() if name != "file"}


def uncommented(text: str) -> str:
    """The text with every key that is commented out in force; prose has a space behind its #."""
    return re.sub("^#(?=[a-z]|  )", "", text, flags=re.MULTILINE)


def test_without_options_it_is_the_stack_of_the_demo(tmp_path: Path) -> None:
    demo = load_stack(ROOT / "stack.yaml")
    objectives_are_at_other_lines = written(tmp_path / "shop")
    assert same_but_for_the_file(objectives_are_at_other_lines) == same_but_for_the_file(demo)
    assert written(tmp_path / "again", "--demo").processes.keys() == {"vendor", "storefront", "load"}


def test_envoy_stands_in_front_of_a_service_of_ones_own(tmp_path: Path) -> None:
    service = written(tmp_path, "--service", WEB).services["web"]
    assert (str(service.listen), service.upstream) == ("127.0.0.1:10000", "http://127.0.0.1:8080")
    assert (service.sli.preset, service.sli.selector) == ("envoy", {})
    assert service.success_rate
    assert service.latency


def test_what_is_generated_is_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, "--service", WEB)
    assert main(["--stack", str(tmp_path / "stack.yaml"), "generate", "--check"]) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        ".gitignore",
        "grafana/dashboards/anomaly-overview.json",
        "grafana/dashboards/chaos-run.json",
        "grafana/dashboards/pool.json",
        "grafana/dashboards/service.json",
        "grafana/provisioning/dashboards/dev-hq.yaml",
        "grafana/provisioning/datasources/dev-hq.yaml",
        "prometheus/rules/anomalies.yml",
        "prometheus/rules/bands.yml",
        "prometheus/rules/budgets.yml",
        "prometheus/rules/playbook.yml",
        "prometheus/rules/watching.yml",
        "stack.yaml",
    ]


def test_several_services_a_pool_and_load(tmp_path: Path) -> None:
    stack = written(
        tmp_path, "--service", WEB, "--service", "null=http://10.0.0.1:80/", "--pool", "vendor=https://api.example",
        "--pool", "bank=http://127.0.0.1:10106", "--load", "20",
    )  # fmt: skip
    assert {name: str(service.listen) for name, service in stack.services.items()} == {
        "web": "127.0.0.1:10000",
        "null": "127.0.0.1:10001",
    }
    assert {name: (pool.used_by, str(pool.listen), len(pool.members)) for name, pool in stack.pools.items()} == {
        "vendor": ("web", "127.0.0.1:10100", 4),
        "bank": ("web", "127.0.0.1:10110", 4),
    }
    assert stack.processes["load"].run[-4:] == ("--url", "http://127.0.0.1:10000/", "--rate", "20")


@pytest.mark.parametrize("words", [[], ["--service", WEB], ["--service", "far=https://shop.example"]])
def test_what_is_commented_out_can_be_put_in_force(tmp_path: Path, words: list[str]) -> None:
    was = written(tmp_path / "as-it-is", *words)
    (tmp_path / "all").mkdir()
    file = tmp_path / "all" / "stack.yaml"
    file.write_text(uncommented((tmp_path / "as-it-is" / "stack.yaml").read_text()))
    stack = load_stack(file)
    assert (stack.envoy, stack.exporter, stack.links) == (was.envoy, was.exporter, was.links)
    assert stack.burn_rate_alerts
    assert stack.pools
    assert bool(stack.processes) == (words != ["--service", "far=https://shop.example"])


def test_every_key_is_explained(tmp_path: Path) -> None:
    for directory, words in (
        ("demo", []),
        ("own", ["--service", WEB, "--pool", "v=http://127.0.0.1:1", "--load", "5"]),
    ):
        written(tmp_path / directory, *words)
        text = (tmp_path / directory / "stack.yaml").read_text()
        assert max(map(len, text.splitlines())) <= 120
        indented = [line for line in text.splitlines() if re.match(r"    [a-z_]+: ", line)]
        explained = {line.split(":")[0].strip() for line in text.splitlines() if ": " in line and "# " in line}
        assert {line.split(":")[0].strip() for line in indented} - explained <= {"run", "sli"}


def test_a_service_where_a_directory_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, WEB) == (
        "dev-hq: 'web=http:/127.0.0.1:8080' is to be a directory; a service is given with --service NAME=URL\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_at_run_time_is_not_for_git(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "new")
    assert (
        tmp_path / "new" / ".gitignore"
    ).read_text() == "# Written at run time: logs, data, reports, secrets.\nvar/\n"
    assert capsys.readouterr().err == ""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / ".gitignore").write_text("*.log\n")
    written(tmp_path / "old")
    assert (tmp_path / "old" / ".gitignore").read_text() == "*.log\n"
    assert capsys.readouterr().err == f"note: add var/ to {tmp_path}/old/.gitignore: secrets are kept there\n"


def test_the_next_steps_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my shop", "--service", WEB]) == 0
    assert (
        capsys.readouterr().out
        == """\
wrote my shop/stack.yaml
wrote my shop/prometheus/rules
wrote my shop/grafana/dashboards
wrote my shop/grafana/provisioning

What comes next:
  cd 'my shop'
  dev-hq up                                      start everything, until Ctrl-C
and in another terminal:
  dev-hq status                                  where everything listens
  dev-hq chaos run network-latency               break something, and see how it is taken
  dev-hq quality check                           may this release go out?
  dev-hq anomalies                               what is wrong now
"""
    )


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text("mine")
    assert refused(capsys, str(tmp_path)) == (
        f"dev-hq: {file} is there already; to write what follows from it: dev-hq generate\n"
    )
    file.unlink()
    rules = tmp_path / "prometheus" / "rules"
    rules.mkdir(parents=True)
    (rules / "budgets.yml").write_text("mine")
    assert refused(capsys, str(tmp_path)) == (
        f"dev-hq: {rules}/budgets.yml is there already; name another directory, or move them away\n"
    )
    (rules / "bands.yml").symlink_to("nowhere")
    assert "and 1 more that would be written are there already" in refused(capsys, str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prometheus"]
    assert (rules / "budgets.yml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--service", "web"], MISSING),
        (["--service", "http://127.0.0.1/?a=b"], MISSING),
        (["--service", "Web=http://127.0.0.1"], "--service: 'Web' " + NO_NAME),
        (["--service", "=http://127.0.0.1"], "--service: '' " + NO_NAME),
        (["--service", "web=127.0.0.1:80"], "--service web: '127.0.0.1:80'" + NO_URL),
        (["--service", "web=http://a?token=x"], "--service web" + NO_QUERY),
        (["--service", "web=ftp://a?token=x"], "--service web: 'ftp://a'" + NO_URL),
        (["--service", "web=http://u:p@a"], "--service web: the URL must not hold credentials"),
        (["--service", "web=http://a:70000"], "--service web: 'http://a:70000'" + NO_URL),
        (["--service", 'web=http://a"\n'], "--service web: 'http://a\"\\n'" + NO_URL),
        (["--service", WEB, "--service", WEB], '"web" is given twice; each service and pool needs a name of its own'),
        (["--service", WEB, "--pool", WEB], '"web" is given twice; each service and pool needs a name of its own'),
        (["--pool", WEB], "--pool and --load need a service, which uses the pool or gets the load: --service NAME=URL"),
        (["--load", "5"], "--pool and --load need a service, which uses the pool or gets the load: --service NAME=URL"),
        (["--service", "web=http://a.example", "--load", "5"], NOT_HERE),
        (["--demo", "--service", WEB], NOT_BOTH),
        (["--service", "web=http://127.0.0.1:9090"], OURS),
    ],
)  # fmt: skip
def test_mistakes_are_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    directory = tmp_path / "new"
    assert refused(capsys, str(directory), *words) == f"dev-hq: {said}\n"
    assert not directory.exists()


def test_a_rate_that_is_none_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["init", "--load", "0"])
    assert '"0" is not a rate; write a whole number from 1 to 1000' in capsys.readouterr().err


def test_a_file_is_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert refused(capsys, str(file)) == f"dev-hq: {file} is a file; name a directory\n"
    assert "Not a directory" in refused(capsys, str(file / "below"))


def test_a_directory_that_may_not_be_written_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "/proc/new").startswith("dev-hq: /proc/new")
    assert not Path("/proc/new").exists()


def test_a_stack_is_not_named_but_its_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--stack", str(tmp_path / "other.yaml")) == (
        "dev-hq: --stack names a file that is there; say in which directory to write one: dev-hq init DIRECTORY\n"
    )


def test_without_grafanalib_the_rules_are_written_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith("grafana.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "grafanalib", None)
    written(tmp_path)
    assert capsys.readouterr().err == (
        "note: there are no dashboards, since they need grafanalib: pip install 'dev-hq[grafana]', "
        "then dev-hq generate\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "prometheus", "stack.yaml"]
