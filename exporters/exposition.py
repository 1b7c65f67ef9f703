"""How a scrape is answered: which format, packed or not, and in what time."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prometheus_client import exposition as text
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

DEFAULT_TIMEOUT = 10.0
TEXT = text.CONTENT_TYPE_PLAIN_0_0_4
OPENMETRICS = openmetrics.CONTENT_TYPE_LATEST

_GZIP_LEVEL = 1  # eight times faster than 9, and half as large again


class Offer(NamedTuple):
    """One entry of an Accept header."""

    value: str
    parameters: dict[str, str]
    quality: float


def render(families: Sequence[Metric], content_type: str) -> bytes:
    """The exposition of cleaned families in one of the two formats."""
    collected = _Collected(families)
    if content_type == OPENMETRICS:
        return bytes(openmetrics.generate_latest(collected))  # type: ignore[no-untyped-call]  # the library has no types here
    return text.generate_latest(collected)


def pack(body: bytes) -> bytes:
    """The body as gzip."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def choose_format(accept: str) -> str:
    """OpenMetrics 1.0 when that is what `accept` prefers, else the text format, whatever the header holds."""
    wanted = {TEXT: 0.0, OPENMETRICS: 0.0}
    for offer in _offers(accept):
        if offer.value == "application/openmetrics-text" and offer.parameters.get("version", "1.0.0") == "1.0.0":
            wanted[OPENMETRICS] = max(wanted[OPENMETRICS], offer.quality)
        elif offer.value in ("text/plain", "text/*", "*/*"):
            wanted[TEXT] = max(wanted[TEXT], offer.quality)
    return OPENMETRICS if wanted[OPENMETRICS] > 0 and wanted[OPENMETRICS] >= wanted[TEXT] else TEXT


def wants_gzip(accept_encoding: str) -> bool:
    """Whether gzip is asked for; `gzip;q=0` refuses it."""
    qualities = {offer.value: offer.quality for offer in _offers(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def collection_seconds(timeout: str | None) -> float:
    """How long collecting may take, given X-Prometheus-Scrape-Timeout-Seconds; an unreadable one counts as 10."""
    try:
        seconds = float(timeout or DEFAULT_TIMEOUT)
    except ValueError:
        seconds = DEFAULT_TIMEOUT
    if not math.isfinite(seconds) or seconds <= 0:
        seconds = DEFAULT_TIMEOUT
    seconds = min(max(seconds, 0.1), 120.0)
    return seconds - min(0.5, seconds / 4)  # what rendering and the way back may take


class _Collected(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families


def _offers(header: str) -> Iterator[Offer]:
    for entry in header.split(","):
        value, *rest = (part.strip().lower() for part in entry.split(";"))
        parameters = {name.strip(): word.strip() for name, _, word in (part.partition("=") for part in rest)}
        yield Offer(value, parameters, _quality(parameters.pop("q", "1")))


def _quality(word: str) -> float:
    try:
        quality = float(word)
    except ValueError:
        return 0.0
    return min(quality, 1.0) if quality > 0 else 0.0  # NaN is not above 0
