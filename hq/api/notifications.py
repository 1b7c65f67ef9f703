"""What Alertmanager's webhook delivers (version 4), as records for the journal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hq.api.errors import ApiError
from stack.journal import MAX_RECORD_BYTES

MAX_ANNOTATION_CHARACTERS = 1000

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_RECORD_OVERHEAD_BYTES = 256


def notification_records(message: Mapping[str, Any]) -> list[dict[str, object]]:
    """One record for each alert of a message, the first with how many were left out of it; raises ApiError.

    Fields that are not known are passed over: Alertmanager adds some from time to time.
    """
    if message.get("version") != "4":
        raise ApiError(400, 'the message must be an Alertmanager webhook of version "4"')
    receiver = _text(message, "receiver", "the message")
    truncated = message.get("truncatedAlerts", 0)
    if isinstance(truncated, float) and truncated.is_integer():  # to JSON, 1.0 is a whole number
        truncated = int(truncated)
    if isinstance(truncated, bool) or not isinstance(truncated, int) or not 0 <= truncated < 2**31:
        raise ApiError(400, "truncatedAlerts must be a whole number")
    alerts = message.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise ApiError(400, "alerts must be a list of at least one alert")
    return [
        _record(alert, f"alerts[{number}]", receiver, truncated if number == 0 else 0)
        for number, alert in enumerate(alerts)
    ]


def _record(alert: object, where: str, receiver: str, truncated: int) -> dict[str, object]:
    if not isinstance(alert, dict):
        raise ApiError(400, f"{where} must be an object")
    status = _text(alert, "status", where)
    if status not in ("firing", "resolved"):
        raise ApiError(400, f'{where}.status must be "firing" or "resolved"')
    annotations = {name: text[:MAX_ANNOTATION_CHARACTERS] for name, text in _texts(alert, "annotations", where).items()}
    record: dict[str, object] = {
        "status": status,
        "labels": _texts(alert, "labels", where),
        "annotations": annotations,
        "starts_at": _time(alert, "startsAt", where),
        "ends_at": _time(alert, "endsAt", where),
        "fingerprint": _text(alert, "fingerprint", where),
        "receiver": receiver,
        "truncated": truncated,
    }
    return _fitting(record, where)


def _fitting(record: dict[str, object], where: str) -> dict[str, object]:
    """The record, without its annotations when it is too large with them: a delivery must not fail for its words."""
    limit = MAX_RECORD_BYTES - _RECORD_OVERHEAD_BYTES
    if len(json.dumps(record)) > limit:
        record = {**record, "annotations": {}}
    if len(json.dumps(record)) > limit:
        raise ApiError(400, f"{where} is larger than {limit // 1024} KiB without its annotations")
    return record


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise ApiError(400, f"{where} needs the text {key}")
    return text


def _texts(value: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    texts = value.get(key)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ApiError(400, f"{where}.{key} must be an object of texts")
    return texts


def _time(value: Mapping[str, Any], key: str, where: str) -> float | None:
    """Epoch seconds of an RFC 3339 time; Alertmanager writes the year 1 for never."""
    text = _text(value, key, where)
    match = _TIME.fullmatch(text)
    try:
        if not match:
            raise ValueError(text)
        seconds = datetime.fromisoformat(match[1] + match[3]).timestamp() + float(match[2] or 0)
    except (ValueError, OverflowError):
        raise ApiError(400, f"{where}.{key} must be a time such as 2026-01-31T12:00:00Z") from None
    return seconds if seconds > 0 else None
