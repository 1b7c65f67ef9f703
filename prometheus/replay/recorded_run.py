"""A recorded run: the raw series that rules read and the alerts that really fired, in one file.

The file is JSON, compressed by gzip: labels and numbers, nothing of how Prometheus is reached. It is read strictly,
since it may come from anywhere: bounded in size, and every part of it checked.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from stack.dataclass import dataclass
from stack.errors import HqError
from stack.reading import MIB, read_bytes
from stack.replacement import replace_file

FORMAT = "dev-hq recorded run"
VERSION = 1
MAX_SAMPLES = 4_000_000
MAX_BYTES = 128 * MIB
MAX_SERIES = 100_000


@dataclass(frozen=True)
class RecordedSeries:
    """One series: all of its labels, and its samples as (seconds since the recording began, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RecordedRun:
    """What was recorded from `began` to `until` (epoch seconds), of which what counts is from `since` on.

    What lies before warms the rules up. `every` is the evaluation interval in seconds, and `evaluated` (epoch seconds)
    one of the evaluations. In `firing` are the evaluations at which each alert fired, in `read` the selectors of what
    the rules read then, and `run` names the chaos run that was recorded, if it was one.
    """

    began: float
    since: float
    until: float
    every: float
    evaluated: float
    series: tuple[RecordedSeries, ...]
    firing: tuple[RecordedSeries, ...]
    read: tuple[str, ...] = ()
    run: str | None = None

    @property
    def samples(self) -> int:
        """How many samples there are of all series."""
        return sum(len(one.points) for one in (*self.series, *self.firing))


def write_run(path: Path, run: RecordedRun) -> int:
    """Writes the file, whole or not at all, and returns its size in bytes; raises HqError."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        **{
            name: getattr(run, name)
            for name in ("began", "since", "until", "every", "evaluated", "run", "samples", "read")
        },
        "series": [_written(one) for one in run.series],
        "firing": [_written(one) for one in run.firing],
    }
    content = gzip.compress(json.dumps(document, separators=(",", ":"), allow_nan=False).encode(), mtime=0)
    try:
        replace_file(path, content)
    except OSError as error:
        raise HqError(f"{path} cannot be written: {error.strerror}") from None
    return len(content)


def read_run(path: Path) -> RecordedRun:
    """The recorded run in a file; raises HqError for one that cannot be read, or is none of this version."""
    document = _document(path)
    if document.get("format") != FORMAT:
        raise HqError(f"{path} is no recorded run; make one with: dev-hq rules record")
    if document.get("version") != VERSION:
        raise HqError(
            f"{path} is a recorded run of version {_quoted(document.get('version'))}, but this dev-hq reads version "
            f"{VERSION}; record it again"
        )
    try:
        return _run(document)
    except _DamagedError as error:
        raise HqError(f"{path} is a damaged recording: {error}") from None


class _DamagedError(Exception):
    """What is wrong with the content of a recording."""


def _document(path: Path) -> dict[str, Any]:
    packed = read_bytes(path, at_most=MAX_BYTES, if_missing="record one with: dev-hq rules record")
    try:
        with gzip.open(BytesIO(packed)) as file:
            content = file.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise HqError(f"{path} breaks off or is not compressed by gzip; record it again") from None
    if len(content) > MAX_BYTES:
        raise HqError(f"{path} holds more than {MAX_BYTES // MIB} MiB; record a shorter stretch")
    try:
        document = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise HqError(f"{path} holds no valid JSON; record it again") from None
    if not isinstance(document, dict):
        raise HqError(f"{path} is no recorded run; make one with: dev-hq rules record")
    return document


def _run(document: Mapping[str, Any]) -> RecordedRun:
    claimed = document.get("samples")
    if type(claimed) is not int or not 0 <= claimed <= MAX_SAMPLES:
        raise _DamagedError(f"it claims {_quoted(claimed)} samples; at most {MAX_SAMPLES} can be replayed")
    began, since, until, every, evaluated = (
        _number(document.get(name), name) for name in ("began", "since", "until", "every", "evaluated")
    )
    if not 0 < began <= since < until:
        raise _DamagedError("it must begin before what counts, and that before its end")
    if not 0.1 <= every <= 3600:
        raise _DamagedError(f"an evaluation every {every:g} s is none; from 0.1 s to an hour is possible")
    if (until - began) / every > MAX_SAMPLES:
        raise _DamagedError(f"{until - began:g} s hold too many evaluations")
    run = document.get("run")
    if run is not None and not isinstance(run, str):
        raise _DamagedError("the name of its run is no text")
    read = document.get("read")
    if not isinstance(read, list) or not all(isinstance(one, str) for one in read):
        raise _DamagedError("what its rules read is no list of texts")
    recorded = RecordedRun(
        began,
        since,
        until,
        every,
        evaluated,
        _all_series(document.get("series"), "series", until - began),
        _all_series(document.get("firing"), "firing", until - began),
        tuple(read),
        run,
    )
    if recorded.samples != claimed:
        raise _DamagedError(f"it claims {claimed} samples and has {recorded.samples}")
    return recorded


def _all_series(rows: object, name: str, lasts: float) -> tuple[RecordedSeries, ...]:
    if not isinstance(rows, list) or len(rows) > MAX_SERIES:
        raise _DamagedError(f'"{name}" must be a list of at most {MAX_SERIES} series')
    found = tuple(_read(row, f"{name}[{number}]", lasts) for number, row in enumerate(rows))
    if len({tuple(sorted(one.labels.items())) for one in found}) < len(found):
        raise _DamagedError(f'"{name}" has two series with the same labels')
    return found


def _written(series: RecordedSeries) -> dict[str, Any]:
    """Times as milliseconds since the one before: those of a regular scrape are nearly all the same number."""
    times = [round(at * 1000) for at, _ in series.points]
    return {
        "labels": dict(series.labels),
        "after_ms": [later - earlier for earlier, later in zip([0, *times], times, strict=False)],
        "values": [value if math.isfinite(value) else str(value) for _, value in series.points],
    }


def _read(row: object, where: str, lasts: float) -> RecordedSeries:
    if not isinstance(row, dict):
        raise _DamagedError(f"{where} is no series")
    labels, after, values = row.get("labels"), row.get("after_ms"), row.get("values")
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise _DamagedError(f"{where} has no labels with texts as values")
    if "__name__" not in labels or any(not name.isascii() or not name.isidentifier() for name in labels):
        raise _DamagedError(f"{where} has no name, or a label that cannot be one")
    if not isinstance(after, list) or not isinstance(values, list) or len(after) != len(values):
        raise _DamagedError(f"{where} needs as many times as values")
    return RecordedSeries(labels, tuple(zip(_times(after, where, lasts), _values(values, where), strict=True)))


def _times(after: Iterable[object], where: str, lasts: float) -> list[float]:
    times, reached = [], 0
    for number, one in enumerate(after):
        if type(one) is not int or one < (1 if number else 0):
            raise _DamagedError(f"{where} has a time that is not after the one before: {_quoted(one)}")
        reached += one
        times.append(reached / 1000)
    if reached / 1000 > lasts + 0.001:
        raise _DamagedError(f"{where} goes on after the end")
    return times


def _values(values: Iterable[object], where: str) -> list[float]:
    return [_special(one) if isinstance(one, str) else _number(one, f"a value of {where}") for one in values]


def _special(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise _DamagedError(f"{_quoted(text)} is not a value")
    return float(text)


def _number(value: object, name: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.nan
    if not math.isfinite(number):
        raise _DamagedError(f"{name} must be a number, not {_quoted(value)}")
    return number


def _quoted(value: object) -> str:
    return json.dumps(value)[:60]


def _refuse_constant(_: str) -> float:
    raise ValueError
