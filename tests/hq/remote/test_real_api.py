"""The command line against the real application: what it sends is taken, what comes back is understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hq.api.token_file import add_token
from hq.api.tokens import Scope
from hq.cli import main
from stack.journal import Journal
from tests.addresses import addresses_apart
from tests.hq.serving import Served, serving

Hq = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    (nobody,) = addresses_apart(1)  # at the default one, a stack of the machine's may listen
    more = f"prometheus: {{url: http://{nobody}}}"
    with serving(tmp_path_factory.mktemp("served"), more=more, chaos=True) as running:
        for scope in Scope:
            made = add_token(running.stack.directory / "tokens.yaml", scope.value, frozenset({scope}))
            path = running.stack.directory / f"{scope.value}-token"
            path.touch(0o600)
            path.write_text(made)
        yield running


@pytest.fixture
def hq(served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hq:
    monkeypatch.chdir(tmp_path)

    def run(scope: str, *words: str) -> tuple[int, str, str]:
        token = served.stack.directory / f"{scope}-token"
        code = main([*words, "--server", f"http://{served.address}", "--token-file", str(token)])
        printed = capsys.readouterr()
        assert token.read_text() not in printed.out + printed.err
        return code, printed.out, printed.err

    return run


def test_list_is_what_it_is_here(hq: Hq, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "list"]) == 0
    here = capsys.readouterr().out
    assert hq("read", "chaos", "list") == (0, here, "")


@pytest.mark.parametrize("name", ["network-latency", "proxy-failure-wave", "rate-limit-storm"])
def test_show_is_what_it_is_here_but_for_the_targets(name: str, hq: Hq, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "show", name]) == 0
    here = capsys.readouterr().out.splitlines()
    code, out, err = hq("read", "chaos", "show", name)
    there = out.splitlines()
    assert (code, err) == (0, "")
    assert [line for line in there if line[:7] not in ("targets", "paramet")] == [
        line for line in here if line[:7] not in ("targets", "paramet")
    ]
    assert "targets     proxies" in there


def test_a_run_without_a_stack_that_runs(hq: Hq, served: Served) -> None:
    assert hq("chaos", "chaos", "run", "network-latency") == (
        2, "", f"dev-hq: the server http://{served.address} says: the stack does not run; `dev-hq up` starts it\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("network-latncy",), 'there is no scenario "network-latncy"; did you mean "network-latency"?'),
        (("network-latency", "--target", "shp"), 'there is no target "shp"; targets are proxies'),
        (
            ("network-latency", "--duration", "1s"),
            "parameters.duration_seconds: input should be greater than or equal to 10",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told_by_the_server(words: tuple[str, ...], says: str, hq: Hq, served: Served) -> None:
    code, out, err = hq("chaos", "chaos", "run", *words)
    assert (code, out, err) == (2, "", f"dev-hq: the server http://{served.address} says: {says}\n")


def test_a_token_for_something_else(hq: Hq, served: Served) -> None:
    code, _, err = hq("quality", "chaos", "run", "network-latency")
    assert code == 2
    assert err.startswith(f"dev-hq: the server http://{served.address} says: this token is not for chaos")


def test_runs_and_stop_when_there_was_none(hq: Hq) -> None:
    assert hq("read", "chaos", "runs") == (0, "there was no run yet\n", "")
    assert hq("chaos", "chaos", "stop") == (0, "no run is active\n", "")


def test_gates_whose_prometheus_is_gone_are_an_error(hq: Hq, served: Served) -> None:
    code, out, err = hq("quality", "quality", "check", "--format", "json", "--run-id", "r7", "--window", "5m")
    report = json.loads(out)
    assert (code, err, report["verdict"], report["run_id"]) == (4, "", "error", "r7")
    assert report["gates"][0]["window_seconds"] == 300.0
    verdicts = [one.data for one in Journal(served.stack.journal).read() if one.data.get("run_id") == "r7"]
    assert [(one["gate"], one["verdict"]) for one in verdicts] == [(one["gate"], "error") for one in report["gates"]]


def test_an_unknown_gate(hq: Hq) -> None:
    code, out, err = hq("quality", "quality", "check", "--gate", "x")
    assert (code, out) == (2, "")
    assert "there is no gate" in err


def test_anomalies_that_nobody_can_see(hq: Hq, served: Served) -> None:
    code, out, err = hq("read", "anomalies")
    assert (code, out) == (2, "")
    assert err.startswith(f"dev-hq: the server http://{served.address} says: Prometheus at ")
