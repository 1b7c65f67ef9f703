"""The health check of a container that has nothing else to ask with: `python -m hq.healthy URL`."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Sequence
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0
USAGE = "usage: python -m hq.healthy http://HOST:PORT/PATH"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when the URL answers 200 in time, else 1 and one line that says what it did instead."""
    words = sys.argv[1:] if argv is None else argv
    if len(words) != 1 or not _is_http(words[0]):
        print(USAGE, file=sys.stderr)
        return 1  # engines reserve 2
    complaint = _complaint(words[0])
    if complaint:
        print(f"{words[0]}{complaint}", file=sys.stderr)
    return 1 if complaint else 0


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _complaint(url: str) -> str:
    """What it did instead of answering 200; a socket's own timeout begins anew with each byte, so it has another."""
    outcome = [f" did not answer within {TIMEOUT_SECONDS:g} s"]

    def ask() -> None:
        try:
            status = _status(url)
            outcome[0] = "" if status == 200 else f" answers {status}"
        except (OSError, http.client.HTTPException) as error:
            outcome[0] = f": {error or type(error).__name__}"

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(TIMEOUT_SECONDS)
    return outcome[0]


def _status(url: str) -> int:
    """What it answers, asked without any proxy: an engine may hand its own to each container."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl() or "/")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
