"""`dev-hq rules record` and `dev-hq rules replay`, through the door that people use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hq.cli import main
from prometheus.replay.recorded_run import RecordedRun, RecordedSeries, write_run
from prometheus.rules import write_rules
from tests.prometheus.stacks import ROOT, demo_stack

STACK = ("--stack", str(ROOT / "stack.yaml"))
BEGAN = 1_000_000.0


def failing_service(directory: Path, fired: tuple[tuple[str, float, float], ...]) -> Path:
    """A recording of 100 s and 60 s before: 40 % of the storefront's requests fail from 30 s to 60 s.

    `fired` are the severities of error_spike that are said to have fired, and from when until when.
    """
    total, failed, points_ok, points_bad = 0, 0, [], []
    for second in range(160):
        bad = 20 if 90 <= second < 120 else 0
        total, failed = total + 50 - bad, failed + bad
        points_ok.append((second + 0.35, float(total)))
        points_bad.append((second + 0.35, float(failed)))
    labels = {"__name__": "http_requests_total", "job": "storefront"}
    series = (
        RecordedSeries({**labels, "code": "200"}, tuple(points_ok)),
        RecordedSeries({**labels, "code": "500"}, tuple(points_bad)),
    )
    firing = tuple(
        RecordedSeries(
            {"__name__": "ALERTS", "alertstate": "firing", "alertname": "ErrorSpike", "anomaly_type": "error_spike",
             "service": "storefront", "severity": severity},
            tuple((60 + second + 0.7, 1.0) for second in range(int(since), int(until) + 1)),
        )
        for severity, since, until in fired
    )  # fmt: skip
    run = RecordedRun(BEGAN, BEGAN + 60, BEGAN + 160, 1.0, BEGAN + 99.7, series, firing, ("http_requests_total",))
    path = directory / "run.json.gz"
    write_run(path, run)
    return path


def only(
    directory: Path, severities: tuple[str, ...] = ("low", "medium", "high", "critical"), hold: str = "3s"
) -> Path:
    """The rules of the demo's stack, of whose alerts only those of error_spike are left."""
    import yaml

    rules = directory / "rules"
    write_rules(demo_stack(), rules)
    for path in rules.iterdir():
        if path.name != "anomalies.yml":
            path.unlink()
    content = yaml.safe_load((rules / "anomalies.yml").read_text())
    (group,) = content["groups"]
    group["rules"] = [
        {**rule, **({"for": hold} if "alert" in rule else {})}
        for rule in group["rules"]
        if "alert" not in rule or (rule["alert"] == "ErrorSpike" and rule["labels"]["severity"] in severities)
    ]
    (rules / "anomalies.yml").write_text(yaml.safe_dump(content))
    return rules


def replay(*words: object) -> int:
    return main([*STACK, "rules", "replay", *map(str, words)])


@pytest.mark.e2e
def test_a_replay_says_what_rules_say_and_how_that_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = failing_service(tmp_path, (("low", 35, 60), ("critical", 10, 20)))
    assert replay(recording, "--rules", only(tmp_path, ("low", "high")), "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    told = {(one["severity"], one["verdict"]) for one in answer["episodes"]}
    assert answer["same"] is False
    assert told == {("low", "shifted"), ("high", "new"), ("critical", "gone")}
    low = next(one for one in answer["episodes"] if one["severity"] == "low")
    assert low["before"] == {"since": 35.7, "until": 60.7}
    # 1 % of 50/s for a minute are 30 failures: two seconds of 20, seen at the scrape after; then the hold of 3 s
    assert low["after"]["since"] == pytest.approx(35.7, abs=2)


@pytest.mark.e2e
def test_what_fired_again_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = only(tmp_path, ("low",))
    assert replay(failing_service(tmp_path, ()), "--rules", rules, "--json") == 1
    (episode,) = json.loads(capsys.readouterr().out)["episodes"]
    fired = (("low", episode["after"]["since"] - 0.7, episode["after"]["until"] - 0.7),)
    assert replay(failing_service(tmp_path, fired), "--rules", rules) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["alert", "severity", "of", "since", "until", "as", "then"]
    assert lines[1].endswith("the same")
    assert lines[-1] == "The same alert."


@pytest.mark.e2e
def test_two_rule_sets_on_one_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = failing_service(tmp_path, ())
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    quick, slow = only(tmp_path / "a", ("low",), "0s"), only(tmp_path / "b", ("low",), "20s")
    assert replay(recording, "--rules", slow, "--against", quick) == 1
    out = capsys.readouterr().out
    assert "as with the other rules" in out.splitlines()[0]
    assert "shifted: begins 20.0 s later" in out
    assert out.splitlines()[-1] == "Different: 1 shifted, of 1 alerts."
    assert replay(recording, "--rules", quick, "--against", quick) == 0


@pytest.mark.e2e
def test_rules_that_promtool_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.yml").write_text("groups: [{name: a, rules: [{record: b, expr: sum(}]}]")
    assert replay(failing_service(tmp_path, ()), "--rules", rules) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("dev-hq: promtool refuses the rules: ")
    assert "mine.yml" in err
    assert "parse error: unclosed left parenthesis" in err
    assert "/" not in err.replace("rules/", "")
    assert err.count("\n") == 1


@pytest.mark.e2e
def test_what_the_recording_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.yml").write_text("groups: [{name: a, rules: [{alert: B, expr: 'sum(rate(gone_total[1m])) > 1'}]}]")
    assert replay(failing_service(tmp_path, ()), "--rules", rules) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "The same: no alert fired."
    assert err == "dev-hq: the recording has nothing of gone_total, which these rules read\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "holds no rules; write them there with: dev-hq generate --output {directory}"),
        ("a.yml", "groups: [", "is no valid YAML: while parsing a flow node expected the node content"),
        ("a.yml", "[]", "is no rule file; it needs `groups:` with `rules:` in each"),
        ("a.yml", "groups: [{rules: [1]}]", "is no rule file; it needs `groups:` with `rules:` in each"),
    ],
)
def test_rules_that_are_none(
    name: str, text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / name).write_text(text)
    assert replay(failing_service(tmp_path, ()), "--rules", rules) == 2
    where = rules / name if name == "a.yml" else rules
    assert capsys.readouterr().err.startswith(f"dev-hq: {where} {message.format(directory=rules)}")


def test_no_rules_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(failing_service(tmp_path, ()), "--rules", tmp_path / "gone") == 2
    assert capsys.readouterr().err == f"dev-hq: {tmp_path / 'gone'} cannot be read: No such file or directory\n"


def test_a_recording_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json.gz").write_bytes(b"no")
    assert replay(tmp_path / "run.json.gz") == 2
    assert capsys.readouterr() == (
        "",
        f"dev-hq: {tmp_path / 'run.json.gz'} breaks off or is not compressed by gzip; record it again\n",
    )


def record(*words: str) -> int:
    return main([*STACK, "rules", "record", *words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--last", "soon"), 'argument --last: "soon" is not a duration'),
        (("--last", "8d"), 'argument --last: must be a duration from 1s to 1w, not "8d"'),
        (("--since", "noon"), 'argument --since: "noon" is not a time; write it with its zone, like'),
        (("--since", "nan"), 'argument --since: "nan" is not a time; write it with its zone, like'),
        (("--since", "2026-01-31T12:00:00"), 'argument --since: "2026-01-31T12:00:00" is not a time; write it'),
        (("--since", "1960-01-31T12:00:00Z"), 'argument --since: "1960-01-31T12:00:00Z" is not a time; write it'),
        (("--since", "1", "--last", "1m"), "argument --last: not allowed with argument --since"),
    ],
)
def test_mistakes_in_the_command(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        record(*words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until", "5"), "--until needs --since"),
        (
            ("--since", "2000", "--until", "2000.5"),
            "nothing lies between --since and --until that is in the past; give at least a second",
        ),
        (
            ("--since", "2999-01-01T00:00:00+00:00"),
            "nothing lies between --since and --until that is in the past; give at least a second",
        ),
    ],
)
def test_mistakes_in_what_is_asked(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert record(*words) == 2
    assert capsys.readouterr() == ("", f"dev-hq: {message}\n")


def test_a_run_that_nobody_knows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "stack.yaml").write_text((ROOT / "stack.yaml").read_text())
    assert main(["--stack", str(tmp_path / "stack.yaml"), "rules", "record", "--run", "gone"]) == 2
    assert capsys.readouterr().err == (
        f'dev-hq: the journal {tmp_path / "var" / "journal.jsonl"} has no run "gone"; there was none yet\n'
    )


def test_no_prometheus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "stack.yaml").read_text().replace("127.0.0.1:9090", "127.0.0.1:9")
    (tmp_path / "stack.yaml").write_text(text)
    output = tmp_path / "run.json.gz"
    assert main(["--stack", str(tmp_path / "stack.yaml"), "rules", "record", "--last", "1m", "-o", str(output)]) == 2
    assert "http://127.0.0.1:9" in capsys.readouterr().err
    assert not output.exists()
