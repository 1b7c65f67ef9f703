"""The files of NAB: data/CATEGORY/FILE.csv and, in labels/combined_windows.json, the windows of what is anomalous."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from stack.dataclass import dataclass
from stack.errors import ConfigError, HqError

HEADER = ["timestamp", "value"]
WINDOWS = Path("labels") / "combined_windows.json"
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")


@dataclass(frozen=True)
class Series:
    """One file: its rows in order, and its windows as their first and last rows."""

    name: str
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]

    @property
    def category(self) -> str:
        return self.name.partition("/")[0]

    def slots(self, step: timedelta) -> list[int]:
        """For each row, how many steps after the first it is, rounded."""
        return [round((time - self.times[0]) / step) for time in self.times]


def read_corpus(directory: Path) -> list[Series]:
    """Every file that has an entry in the windows file and data; raises HqError for what is not of NAB's layout."""
    windows = _read_windows(directory)
    found = {path.relative_to(directory / "data").as_posix() for path in directory.glob("data/*/*.csv")}
    if not found:
        raise HqError(f"{directory} is not of NAB's layout: there is no data/CATEGORY/FILE.csv in it")
    for name in sorted(found ^ windows.keys()):
        raise HqError(
            f"{directory / WINDOWS} has no entry for {name}, which is in data; add it, [] for none"
            if name in found
            else f"{directory / WINDOWS} names {name}, which is not in data; add the file or remove the entry"
        )
    return [_read_series(directory, name, windows[name]) for name in sorted(found)]


def _read_windows(directory: Path) -> dict[str, list[Any]]:
    path = directory / WINDOWS
    try:
        windows = json.loads(path.read_text())
    except OSError as error:
        raise HqError(f"{directory} is not of NAB's layout: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise HqError(f"{path} is not JSON: {error}") from None
    if not (isinstance(windows, dict) and all(isinstance(some, list) for some in windows.values())):
        raise HqError(f"{path} must be an object with a list of windows for each file")
    return windows


def _read_series(directory: Path, name: str, windows: list[Any]) -> Series:
    path = directory / "data" / name
    times: list[datetime] = []
    values: list[float] = []
    try:
        with path.open(newline="") as file:
            reader = csv.reader(file)
            if next(reader, None) != HEADER:
                raise ConfigError(str(path), 1, "the header must be timestamp,value")
            for row in reader:
                time, value = _read_row(path, reader.line_num, row)
                times.append(time)
                values.append(value)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HqError(f"{path} cannot be read: {error}") from None
    if not times:
        raise ConfigError(str(path), 1, "there must be rows below the header")
    return Series(name, tuple(times), tuple(values), _windows_of(directory / WINDOWS, name, windows, times))


def _read_row(path: Path, line: int, row: list[str]) -> tuple[datetime, float]:
    try:
        time, value = row
        number = float(value)
        if not isfinite(number):
            raise ValueError
        return parse_time(time), number
    except ValueError:
        text = ",".join(row)
        message = f'"{text}" is not a row; write a time and a finite number, such as 2014-04-01 00:05:00,20.5'
        raise ConfigError(str(path), line, message) from None


def _windows_of(path: Path, name: str, windows: list[Any], times: list[datetime]) -> tuple[tuple[int, int], ...]:
    found = []
    for window in windows:
        try:
            start, end = map(parse_time, window)
        except (TypeError, ValueError):
            raise HqError(f"{path}: a window of {name} must be two times in a list, not {json.dumps(window)}") from None
        rows = [index for index, time in enumerate(times) if start <= time <= end]
        if not rows:
            raise HqError(
                f"{path}: no row of {name} is between {window[0]} and {window[1]}; windows must match the data"
            )
        found.append((rows[0], rows[-1]))
    return tuple(sorted(found))


def parse_time(text: str) -> datetime:
    """A time as NAB writes it, without a zone; raises ValueError."""
    return datetime.strptime(text, _TIMES["." in text])  # noqa: DTZ007 - the times in NAB have no zone
