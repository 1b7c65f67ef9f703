"""What is not of NAB's layout or not in NAB's format: one line of what is wrong, and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.nab.__main__ import main, threshold_of
from bench.nab.corpus import read_corpus
from prometheus.formats.nab import nab_file
from stack.errors import HqError

ROWS = "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2.5\n2014-04-01 00:10:00,1e3\n"
WINDOW = ["2014-04-01 00:05:00.000000", "2014-04-01 00:30:00.000000"]


def write(directory: Path, rows: str = ROWS, windows: object = None) -> Path:
    (directory / "data" / "some").mkdir(parents=True)
    (directory / "labels").mkdir()
    (directory / "data" / "some" / "file.csv").write_text(rows)
    text = (
        windows if isinstance(windows, str) else json.dumps({"some/file.csv": [WINDOW]} if windows is None else windows)
    )
    (directory / "labels" / "combined_windows.json").write_text(text)
    return directory


def refusal(directory: Path) -> str:
    with pytest.raises(HqError) as caught:
        read_corpus(directory)
    return str(caught.value).replace(f"{directory}/", "").replace(str(directory), "DIR")


def test_a_file_and_its_window(tmp_path: Path) -> None:
    (one,) = read_corpus(write(tmp_path))
    assert (one.name, one.category, one.values, one.windows) == ("some/file.csv", "some", (1, 2.5, 1000), ((1, 2),))


@pytest.mark.parametrize(
    "row", ["2014-04-01 00:15:00", "yesterday,1", "2014-04-01 00:15:00,nan", "2014-04-01 00:15:00,", "", "a,b,c"]
)
def test_a_bad_row(tmp_path: Path, row: str) -> None:
    assert refusal(write(tmp_path, f"{ROWS}{row}\n")) == (
        f'data/some/file.csv:5: "{row}" is not a row; write a time and a finite number, '
        "such as 2014-04-01 00:05:00,20.5"
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("time,value\n", "data/some/file.csv:1: the header must be timestamp,value"),
        ("", "data/some/file.csv:1: the header must be timestamp,value"),
        ("timestamp,value\n", "data/some/file.csv:1: there must be rows below the header"),
    ],
)
def test_a_file_that_holds_no_rows(tmp_path: Path, rows: str, said: str) -> None:
    assert refusal(write(tmp_path, rows)) == said


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ({}, "has no entry for some/file.csv, which is in data; add it, [] for none"),
        (
            {"some/file.csv": [], "some/other.csv": []},
            "names some/other.csv, which is not in data; add the file or remove the entry",
        ),
        ([], "must be an object with a list of windows for each file"),
        ({"some/file.csv": 1}, "must be an object with a list of windows for each file"),
    ],
)
def test_windows_that_do_not_match_the_files(tmp_path: Path, windows: object, said: str) -> None:
    assert refusal(write(tmp_path, windows=windows)) == f"labels/combined_windows.json {said}"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (["2015-01-01 00:00:00", "2015-01-02 00:00:00"], "no row of some/file.csv is between 2015-01-01 00:00:00 and "
         "2015-01-02 00:00:00; windows must match the data"),
        (["soon"], 'a window of some/file.csv must be two times in a list, not ["soon"]'),
        (7, "a window of some/file.csv must be two times in a list, not 7"),
    ],
)  # fmt: skip
def test_a_window_that_is_none(tmp_path: Path, window: object, said: str) -> None:
    assert refusal(write(tmp_path, windows={"some/file.csv": [window]})) == f"labels/combined_windows.json: {said}"


def test_a_windows_file_that_is_not_json(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, windows="[")).startswith("labels/combined_windows.json is not JSON: ")


def test_a_directory_of_another_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"{tmp_path} is not of NAB's layout: {tmp_path}/labels/combined_windows.json cannot be read: "
        "No such file or directory\n"
    )
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "combined_windows.json").write_text("{}")
    assert refusal(tmp_path) == "DIR is not of NAB's layout: there is no data/CATEGORY/FILE.csv in it"


def test_rules_that_cannot_be_read_or_do_not_say_their_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    rules = tmp_path / "rules.yml"
    assert main([str(tmp_path), "--rules", str(rules)]) == 2
    assert capsys.readouterr().err.startswith(f"the rules cannot be read from {rules}: ")
    with pytest.raises(HqError, match=r"does not say its threshold; add a line such as: # threshold: 0\.5"):
        threshold_of("groups: []\n", rules)


def test_our_rules_say_their_threshold() -> None:
    assert threshold_of(nab_file(), None) == 0.5
