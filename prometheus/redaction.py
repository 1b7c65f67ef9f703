"""Keeps what lets us in out of what we say, though a server may repeat it in its own words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
SHORTEST_HEADER = 4  # a tenant named "1" or "dev" is no secret, and hiding it would garble every sentence


class Redaction:
    """Knows the secrets that were sent so far, in every form in which they may come back."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, headers: Mapping[str, str]) -> None:
        """Hides from now on what these headers hold; raises nothing for what is no header."""
        forms = {form for name, value in headers.items() for secret in _secrets(name, value) for form in _forms(secret)}
        if not forms <= self._forms:
            self._forms |= forms
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _secrets(name: str, value: str) -> list[str]:
    if name.lower() != "authorization":
        return [value] if len(value) >= SHORTEST_HEADER else []
    scheme, _, credentials = value.partition(" ")
    secrets = [value, credentials or value]
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return secrets
        secrets += [credentials.rstrip("="), pair, pair.partition(":")[2]]
    return [secret for secret in secrets if secret]


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
