"""Which pages are generated, and from what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.docs.reference.keys import keys_page
from tests.docs.reference.options import cli_page

GENERATED: Mapping[str, Callable[[], str]] = {"docs/keys.md": keys_page, "docs/cli.md": cli_page}
