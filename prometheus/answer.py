"""What Prometheus answers: samples, series, alerts and rules, read strictly from its JSON.

NaN and infinities are kept as floats: whether they are an answer is for the caller to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prometheus.errors import AnswerError
from stack.dataclass import dataclass

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|Inf)|NaN", re.ASCII)
_END_OF_TIME = 253402300800
"""The year 10000, in epoch seconds: no clock says that, and no library can write it."""


@dataclass(frozen=True)
class Sample:
    """One value of one series at the time `at` (epoch seconds)."""

    labels: Mapping[str, str]
    at: float
    value: float


@dataclass(frozen=True)
class Series:
    """The values of one series over time, as (epoch seconds, value)."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Answer:
    """The answer to an instant query.

    A scalar is one sample without labels; a matrix is every sample of every series, with its own time; a string has
    no samples.
    """

    samples: tuple[Sample, ...]
    warnings: tuple[str, ...]
    infos: tuple[str, ...]
    result_type: str


@dataclass(frozen=True)
class RangeAnswer:
    """The answer to a range query."""

    series: tuple[Series, ...]
    warnings: tuple[str, ...]
    infos: tuple[str, ...]


@dataclass(frozen=True)
class Alert:
    """An alert that is pending or firing, since `active_at` (epoch seconds)."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    active_at: float
    value: float


@dataclass(frozen=True)
class Rule:
    """A rule as Prometheus has loaded it; `health` is ok, unknown or err, and `error` says why."""

    group: str
    name: str
    kind: str
    labels: Mapping[str, str]
    health: str
    error: str


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, without the NaN and Infinity that only Python writes; raises AnswerError."""
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise AnswerError("JSON that breaks off or is not valid") from None
    if not isinstance(document, dict):
        raise AnswerError("JSON that is not an object")
    return document


def read_instant(document: Mapping[str, Any]) -> Answer:
    """An instant query's answer; raises AnswerError."""
    try:
        kind, result = document["data"]["resultType"], document["data"]["result"]
        samples: tuple[Sample, ...]
        if kind == "vector":
            samples = tuple(Sample(_labels(row["metric"]), *_point(row["value"])) for row in result)
        elif kind == "scalar":
            samples = (Sample({}, *_point(result)),)
        elif kind == "matrix":
            samples = tuple(
                Sample(series.labels, at, value) for series in map(_series, result) for at, value in series.points
            )
        elif kind == "string":
            samples = ()
        else:
            raise AnswerError(f'a result of the unknown type "{kind}"')
    except (KeyError, TypeError, ValueError):
        raise _not_as_documented(document) from None
    return Answer(samples, _warnings(document), _notes(document, "infos"), kind)


def read_range(document: Mapping[str, Any]) -> RangeAnswer:
    """A range query's answer; raises AnswerError."""
    try:
        if document["data"]["resultType"] != "matrix":
            raise AnswerError("something else than series to a range query")
        series = tuple(_series(row) for row in document["data"]["result"])
    except (KeyError, TypeError, ValueError):
        raise _not_as_documented(document) from None
    return RangeAnswer(series, _warnings(document), _notes(document, "infos"))


def read_alerts(document: Mapping[str, Any]) -> tuple[Alert, ...]:
    """The pending and firing alerts; raises AnswerError."""
    try:
        return tuple(
            Alert(
                labels=_labels(row["labels"]),
                annotations=_labels(row["annotations"]),
                state=_text(row["state"]),
                active_at=datetime.fromisoformat(row["activeAt"]).timestamp(),
                value=_number(row["value"]),
            )
            for row in document["data"]["alerts"]
        )
    except (KeyError, TypeError, ValueError):
        raise _not_as_documented(document) from None


def read_rules(document: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of all groups; raises AnswerError."""
    try:
        return tuple(
            Rule(
                group=_text(group["name"]),
                name=_text(row["name"]),
                kind=_text(row["type"]),
                labels=_labels(row.get("labels") or {}),
                health=_text(row["health"]),
                error=_text(row.get("lastError") or ""),
            )
            for group in document["data"]["groups"]
            for row in group["rules"]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _not_as_documented(document) from None


def read_metadata(document: Mapping[str, Any]) -> dict[str, str]:
    """The type of each family of metrics, such as "counter"; empty where targets disagree. Raises AnswerError."""
    try:
        kinds = {_text(family): {_text(row["type"]) for row in rows} for family, rows in document["data"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _not_as_documented(document) from None
    return {family: min(types) if len(types) == 1 else "" for family, types in kinds.items()}


def read_words(document: Mapping[str, Any]) -> frozenset[str]:
    """The names of labels, or the values of one; raises AnswerError."""
    try:
        if not isinstance(document["data"], list):
            raise TypeError
        return frozenset(map(_text, document["data"]))
    except (KeyError, TypeError, ValueError):
        raise _not_as_documented(document) from None


def _not_as_documented(document: Mapping[str, Any]) -> AnswerError:
    if "histogram" in json.dumps(document.get("data"))[:100_000]:
        return AnswerError("native histograms, which cannot be read as numbers; ask for a quantile or a count of them")
    return AnswerError("JSON that is not shaped as Prometheus' API documents it")


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _series(row: Mapping[str, Any]) -> Series:
    return Series(_labels(row["metric"]), tuple(_point(point) for point in row["values"]))


def _point(pair: list[Any]) -> tuple[float, float]:
    at, value = pair
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise TypeError(at)
    if not 0 <= at < _END_OF_TIME:
        raise ValueError(at)
    return float(at), _number(value)


def _number(text: str) -> float:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _labels(mapping: object) -> dict[str, str]:
    if not isinstance(mapping, dict):
        raise TypeError(mapping)
    return {_text(name): _text(value) for name, value in mapping.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _warnings(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What the server says is wrong with its answer; VictoriaMetrics has no words for a part that is missing."""
    partial = ("isPartial is set",) if document.get("isPartial") else ()
    return _notes(document, "warnings") + partial


def _notes(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    notes = document.get(key) or []
    return tuple(str(note) for note in notes) if isinstance(notes, list) else (str(notes),)
