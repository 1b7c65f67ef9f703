"""What is promised whatever is killed, and what it looks like when a promise is broken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chaos.lease import TTL

ALLOWANCE = 1.0
"""Seconds on top of a TTL or a deadline, for Envoy's timers and the observer's own pace on a busy machine."""

BACK_SECONDS = 15.0
"""Within so many seconds after its SIGKILL a supervised program is ready again."""


class Promise(StrEnum):
    """The promises, as the report words them."""

    FAULTS_END = f"no fault outlives its run's process by more than its TTL ({TTL:g} s), nor its deadline"
    RECORDS_STAY = "no journal record is lost or changed, and what was acknowledged is there"
    COUNTERS_RISE = "no counter goes down, and in the end each says what the journal says"
    WORK_GOES_ON = (
        f"every program is ready again within {BACK_SECONDS:g} s, and the next run ends with a score; so does one that "
        "lost only serve or Alertmanager"
    )


@dataclass(frozen=True)
class Breach:
    """One promise that was broken, and how, as a sentence."""

    promise: Promise
    sentence: str
