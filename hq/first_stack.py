"""The stack.yaml that `dev-hq init` writes: the demo's, or one for services that the reader has."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from string import Template

from stack.address import Address
from stack.dataclass import dataclass
from stack.document import NAME, is_base_url
from stack.errors import HqError

TEMPLATES = Path(__file__).parent / "templates"
FIRST_SERVICE, FIRST_POOL, MEMBERS = 10000, 10100, 4
COMMENT_COLUMN = 36
WITHOUT_LOAD = "# Programs that `dev-hq up` is to start besides; docs/stack.md says how.\n"


@dataclass(frozen=True)
class Named:
    """What the user gave as NAME=URL: a service of theirs, or a pool that goes out to the URL."""

    name: str
    url: str

    @classmethod
    def parse(cls, option: str, text: str) -> Named:
        """Reads NAME=URL; raises HqError, which shows nothing that may be a secret."""
        name, equals, url = text.partition("=")
        if not equals or "://" in name:
            raise HqError(
                f"{option} takes NAME=URL, such as shop=http://127.0.0.1:8080; the name or the URL is missing"
            )
        if not NAME.fullmatch(name):
            raise HqError(f"{option}: {name!r} is not a name; use lower case letters, digits, - and _, at most 63")
        if "@" in url:
            raise HqError(f"{option} {name}: the URL must not hold credentials")
        shown = re.split("[?#]", url)[0]
        if shown != url and is_base_url(shown):
            raise HqError(f"{option} {name}: leave out what follows {shown}; a URL ends before ? and # here")
        if not is_base_url(url):
            raise HqError(f"{option} {name}: {shown!r} is not a URL; write one such as http://127.0.0.1:8080")
        return cls(name, url.rstrip("/"))


def demo_text() -> str:
    """The demo's stack: a storefront, its vendor behind four proxies, and load."""
    return _template("demo") + _template("optional")


def own_text(services: Sequence[Named], pools: Sequence[Named], rate: int | None) -> str:
    """A stack with Envoy in front of each service; the first one uses the pools, and gets load of `rate` a second.

    Raises HqError when names stand twice, or load would go to another machine.
    """
    _refuse_twice([*services, *pools])
    if not services:
        raise HqError("--pool and --load need a service, which uses the pool or gets the load: --service NAME=URL")
    taken = {Address.of_url(named.url).port for named in (*services, *pools)}
    fronts = (port for port in count(FIRST_SERVICE) if port not in taken)
    listens = [f"127.0.0.1:{next(fronts)}" for _ in services]
    blocks = (
        _filled("service", name=named.name, listen=listen, upstream=named.url)
        for named, listen in zip(services, listens, strict=True)
    )
    return _filled(
        "own",
        services="\n".join(block.rstrip() for block in blocks),
        pools=_pools(services[0], pools, taken),
        processes=_processes(services[0], listens[0], rate).rstrip(),
    ) + _template("optional")


def _refuse_twice(named: Sequence[Named]) -> None:
    names = [one.name for one in named]
    for name in names:
        if names.count(name) > 1:
            raise HqError(f'"{name}" is given twice; each service and pool needs a name of its own')


def _pools(user: Named, pools: Sequence[Named], taken: set[int]) -> str:
    if not pools:
        example = _filled(
            "pool", name="vendor", service=user.name, listen="127.0.0.1:10100", upstream="https://api.example"
        )
        return "\n" + _commented("The proxies that a service goes out through, if it does.", "pools:\n" + example)
    fronts = (port for port in count(FIRST_POOL, MEMBERS + 1) if not taken & {*range(port, port + MEMBERS + 1)})
    blocks = [
        _filled("pool", name=named.name, service=user.name, listen=f"127.0.0.1:{next(fronts)}", upstream=named.url)
        for named in pools
    ]
    title = "\npools:                               # the proxies that a service goes out through\n"
    return title + "\n".join(block.rstrip() for block in blocks)


def _processes(service: Named, listen: str, rate: int | None) -> str:
    ours = Address.of_url(service.url).is_loopback
    if rate is None:
        if not ours:
            return WITHOUT_LOAD
        why = (
            "Programs that `dev-hq up` is to start besides. Without traffic nothing can be judged; this one makes some."
        )
        return _commented(why, "processes:\n" + _filled("load", listen=listen, rate="20"))
    if not ours:
        raise HqError(f"--load is for a service on this machine only, and {service.name} is at {service.url}")
    title = (
        "processes:                           # what `dev-hq up` starts besides; `python` is the one that runs dev-hq\n"
    )
    return title + _filled("load", listen=listen, rate=str(rate))


def _commented(why: str, text: str) -> str:
    return f"# {why}\n# Remove the # in front of each line:\n" + textwrap.indent(text.rstrip(), "#")


def _filled(name: str, /, **values: str) -> str:
    return re.sub("^( .*?) +# ", _aligned, Template(_template(name)).substitute(values), flags=re.MULTILINE)


def _aligned(match: re.Match[str]) -> str:
    return f"{match[1] + ' ':<{COMMENT_COLUMN}} # "


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")
