"""A command line that cannot be understood costs one line, which says what would be right, and exit code 2."""

from __future__ import annotations

import pytest

from hq.cli import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generat", "dev-hq: error: argument COMMAND: invalid choice: 'generat': did you mean \"generate\"?"),
        ("chaos rnu x", "dev-hq chaos: error: argument COMMAND: invalid choice: 'rnu': did you mean \"run\"?"),
        (
            "chaos",
            "dev-hq chaos: error: the following arguments are required: COMMAND; "
            "there are list, show, run, runs, verify, stop; dev-hq chaos --help says more",
        ),
        (
            "chaos run",
            "dev-hq chaos run: error: the following arguments are required: NAME; dev-hq chaos run --help says more",
        ),
        (
            "chaos run network-latency --durations 9s",
            'dev-hq chaos run: error: unrecognized arguments: --durations 9s; did you mean "--duration"?',
        ),
        (
            "up --server=http://a",
            "dev-hq up: error: unrecognized arguments: --server=http://a; "
            "known are --help, --stack, --fresh, --enable-chaos-api",
        ),
        ("init a b", "dev-hq init: error: unrecognized arguments: b"),
        (
            "token add ci",
            "dev-hq token add: error: the following arguments are required: --scope; "
            "there are read, quality, chaos; dev-hq token add --help says more",
        ),
        (
            "token add ci --scope chaso",
            "dev-hq token add: error: argument --scope: invalid choice: 'chaso': did you mean \"chaos\"?",
        ),
    ],
)
def test_a_wrong_command_line(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", said + "\n")


def test_without_a_command_all_of_them_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dev-hq: error: the following arguments are required: COMMAND; there are init, up, down, ")
    assert line.endswith("; dev-hq --help says more")
