"""The verdict, posted to a webhook and signed, again and again within the deadline until somebody takes it."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import requests
import urllib3

from gates.remedies.remedy import Remedy
from prometheus.replies import retry_after
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.on_fail import Webhook
from stack.quantity import format_duration
from stack.reading import KIB, read_bytes

SIGNATURE = "X-Dev-HQ-Signature-256"
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
MAX_SECRET_BYTES = 64 * KIB
_PUT_IT_THERE = "put the secret there"


def post(action: str, webhook: Webhook, verdict: bytes, run_id: str, timeout: float) -> Remedy:
    """Posts the verdict within `timeout` seconds; a server that fails or is gone is asked again, with the same key.

    Redirects are not followed and proxies not used: what is signed goes where the configuration says, or nowhere.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "dev-hq-gates", "Idempotency-Key": run_id}
    if webhook.secret_file:
        try:
            headers[SIGNATURE] = _signature(verdict, webhook.secret_file)
        except HqError as error:
            return Remedy.failed(action, f"was not called: {error}")
    began = time.monotonic()
    pause, tries, outcome = FIRST_PAUSE, 0, ""
    while True:
        tries += 1
        reply = _Attempt(webhook.url, verdict, headers).within(timeout - (time.monotonic() - began))
        if reply is None:
            before = f"{outcome}, then " if outcome else ""
            return Remedy.failed(action, f"{before}gave no answer within {format_duration(timeout)}")
        outcome = f"{reply.words} after {time.monotonic() - began:.1f}s{f', at try {tries}' if tries > 1 else ''}"
        if reply.taken:
            return Remedy(action, outcome)
        wait = max(pause, reply.retry_after)
        if not reply.may_change or time.monotonic() + wait >= began + timeout:
            return Remedy.failed(action, outcome)
        time.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE)


def _signature(body: bytes, secret_file: Path) -> str:
    """The HMAC of the body with the secret, as GitHub writes it: https://datatracker.ietf.org/doc/html/rfc2104."""
    secret = read_bytes(secret_file, at_most=MAX_SECRET_BYTES, if_missing=_PUT_IT_THERE).rstrip(b"\r\n")
    if not secret:
        raise HqError(f"{secret_file} is empty; {_PUT_IT_THERE}")
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class _Reply:
    """What came of one attempt: in words, whether it was `taken`, and if not, whether trying again may help."""

    words: str
    taken: bool = False
    may_change: bool = False
    retry_after: float = 0.0


@dataclass
class _Attempt:
    """One request in a thread of its own: an answer that drips in can be left behind at the deadline."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    reply: _Reply | None = field(default=None, init=False)

    def within(self, seconds: float) -> _Reply | None:
        """What came of it, or None when nothing did in time."""
        thread = threading.Thread(target=self._run, args=(max(0.01, seconds),), name="webhook", daemon=True)
        thread.start()
        thread.join(max(0.01, seconds))
        return self.reply

    def _run(self, seconds: float) -> None:
        try:
            self.reply = self._posted(seconds)
        except requests.Timeout:
            self.reply = None
        except requests.exceptions.SSLError:
            self.reply = _Reply("is not trusted: its certificate, or what it speaks instead of TLS, was refused")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            self.reply = _Reply("could not be reached, or broke off", may_change=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):
            self.reply = _Reply("has a URL that cannot be called, or answered nonsense")

    def _posted(self, seconds: float) -> _Reply:
        with requests.Session() as session:
            session.trust_env = False  # no proxies, no .netrc
            response = session.post(
                self.url,
                data=self.body,
                headers=dict(self.headers),
                timeout=seconds,
                allow_redirects=False,
                stream=True,  # what the answer says is of no interest, however long it is
                verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
            )
            response.close()
        return _reply(response.status_code, response.headers)


def _reply(status: int, headers: Mapping[str, str]) -> _Reply:
    words = f"answered {status}"
    if 300 <= status < 400:
        return _Reply(f"{words}, a redirect, which is not followed,")
    return _Reply(words, 200 <= status < 300, status == 429 or status >= 500, retry_after(headers) or 0.0)
