"""The health check of a container that has nothing else to ask with: `python -m hq.healthy URL`."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when the URL answers 200, else 1 and one line that says what it did instead."""
    (url,) = sys.argv[1:] if argv is None else argv
    try:
        answer = _status(url)
    except (OSError, http.client.HTTPException) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1
    if answer != 200:
        print(f"{url} answers {answer}", file=sys.stderr)
    return 0 if answer == 200 else 1


def _status(url: str) -> int:
    """What it answers, asked without any proxy: an engine may hand its own to each container."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
