"""One request through one member of a pool: did it come back, how, and after what time."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit

from stack.address import Address
from stack.model import Pool

PROBE_HEADER = "x-dev-hq-probe"

_MAX_BODY_BYTES = 1024 * 1024
_IN_A_PATH = "/?&=%:@!$'()*+,;~"
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")


class Outcome(StrEnum):
    """How a probe ended."""

    OK = "ok"  # answered, with a status below 400
    THROTTLED = "throttled"  # 429
    HTTP_ERROR = "http_error"  # any other status from 400 on
    MALFORMED = "malformed"  # what came was no HTTP
    TIMEOUT = "timeout"
    REFUSED = "refused"  # nobody listens
    RESET = "reset"  # the connection broke before the answer
    UNREACHABLE = "unreachable"  # no name, no route


@dataclass(frozen=True)
class Probe:
    """The outcome of one probe and the seconds it took, until the whole answer was there or the failure was."""

    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Question:
    """What every member of a pool is asked: a GET of the pool's path, or where it tunnels, a CONNECT."""

    request: bytes
    has_body: bool

    @classmethod
    def of(cls, pool: Pool) -> Question:
        """The question for the members of `pool`."""
        host = urlsplit(pool.upstream).netloc
        if pool.tunnels:
            authority = str(Address.of_url(pool.upstream))
            return cls(_request(f"CONNECT {authority}", authority), has_body=False)
        return cls(_request(f"GET {quote(pool.probe, safe=_IN_A_PATH)}", host), has_body=True)


async def probe(address: Address, question: Question, seconds: float) -> Probe:
    """Asks whoever listens at `address`, on a connection of its own, for at most `seconds`; raises nothing."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            outcome = await _ask(address, question)
    except TimeoutError:
        outcome = Outcome.TIMEOUT
    except ConnectionRefusedError:
        outcome = Outcome.REFUSED
    except (ConnectionError, asyncio.IncompleteReadError):
        outcome = Outcome.RESET
    except OSError:
        outcome = Outcome.UNREACHABLE
    return Probe(outcome, time.monotonic() - began)


async def _ask(address: Address, question: Question) -> Outcome:
    reader, writer = await asyncio.open_connection(address.host.strip("[]"), address.port)
    try:
        writer.write(question.request)
        line = await reader.readuntil(b"\n")
        if question.has_body:
            await _drain(reader)
    except asyncio.LimitOverrunError:
        return Outcome.MALFORMED
    finally:
        writer.transport.abort()
    return _outcome(line)


async def _drain(reader: asyncio.StreamReader) -> None:
    """Takes the rest of the answer: a client that leaves early is an error in the member's counters."""
    taken = 0
    while taken < _MAX_BODY_BYTES and (chunk := await reader.read(65536)):
        taken += len(chunk)


def _outcome(line: bytes) -> Outcome:
    match = _STATUS.fullmatch(line)
    if not match:
        return Outcome.MALFORMED
    status = int(match[1])
    if status < 400:
        return Outcome.OK
    return Outcome.THROTTLED if status == 429 else Outcome.HTTP_ERROR


def _request(what: str, host: str) -> bytes:
    lines = (
        f"{what} HTTP/1.1", f"host: {host}", f"{PROBE_HEADER}: 1", "user-agent: dev-hq", "accept: */*",
        "connection: close",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
