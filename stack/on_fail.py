"""What to do when a gate fails: part of stack.yaml and of a gates file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from stack.address import Address, AddressError
from stack.dataclass import dataclass
from stack.errors import HqError

if TYPE_CHECKING:
    from stack.document import Value

REMEDIED = ("fail", "error", "undecided")
SHORTEST, LONGEST = 0.1, 3600.0


@dataclass(frozen=True)
class Webhook:
    """Where the verdict is posted; it is signed with the secret in `secret_file`, if there is one."""

    url: str
    secret_file: Path | None = None


@dataclass(frozen=True)
class OnFail:
    """What to do after one of the verdicts `when`: the command `run` (argv), or the webhook, in `timeout` seconds.

    A relative program is looked for in `directory`, the one of the file that says so, and works there.
    """

    run: tuple[str, ...] = ()
    webhook: Webhook | None = None
    timeout: float = 60.0
    when: tuple[str, ...] = ("fail",)
    directory: Path = Path()

    def refuse_missing_secret(self) -> None:
        """Raises HqError for a secret that is not there; who may need it asks before, not when it is too late."""
        secret = self.webhook.secret_file if self.webhook else None
        if secret and not secret.is_file():
            raise HqError(f"on_fail.webhook.secret_file: there is no file {secret}; put the secret there")


def read_on_fail(value: Value, base: Path) -> OnFail:
    """What `on_fail` says, its paths relative to `base`; raises ConfigError."""
    keys = value.fields(optional=("run", "webhook", "timeout", "when"))
    if ("run" in keys) == ("webhook" in keys):
        raise value.error(f"{value.path} needs either run, a program and its arguments, or webhook")
    return OnFail(
        run=keys["run"].command() if "run" in keys else (),
        webhook=_webhook(keys["webhook"], base) if "webhook" in keys else None,
        timeout=keys["timeout"].duration(SHORTEST, LONGEST) if "timeout" in keys else OnFail.timeout,
        when=_verdicts(keys["when"]) if "when" in keys else OnFail.when,
        directory=base,
    )


def _verdicts(value: Value) -> tuple[str, ...]:
    verdicts = tuple(_verdict(item) for item in value.items())
    if not verdicts:
        raise value.error(f"{value.path} must name at least one verdict of {', '.join(REMEDIED)}")
    return verdicts


def _verdict(value: Value) -> str:
    if value.text() in ("pass", "warn"):
        raise value.error(f"nothing is to be remedied after {value.text()}; verdicts are {', '.join(REMEDIED)}")
    return value.choice(REMEDIED)


def _webhook(value: Value, base: Path) -> Webhook:
    keys = value.fields(required=("url",), optional=("secret_file",))
    return Webhook(_url(keys["url"]), base / keys["secret_file"].text() if "secret_file" in keys else None)


def _url(value: Value) -> str:
    """A URL with whatever path and query; it may be a secret itself, so no complaint quotes it."""
    url = value.text()
    shape = re.fullmatch(r"(https?://[^/?#\\]+)([/?][!-~]*)?", url)
    if not shape or not re.fullmatch(r"[!-~]+", shape[1]) or "#" in url:
        raise value.error(f"{value.path} must be a URL such as https://ci.example/rollback")
    if "@" in shape[1]:
        raise value.error(f"{value.path} must not hold credentials; sign with secret_file instead")
    try:
        Address.of_url(shape[1])
    except AddressError:
        raise value.error(f"{value.path} must be a URL such as https://ci.example/rollback") from None
    return url
