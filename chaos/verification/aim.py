"""A scenario at a chosen size: so many times the threshold of the type of anomaly that it expects."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chaos.detection import allowance
from chaos.faults.fault import Fault
from chaos.parameters import LONGEST_DELAY
from chaos.plan import end_of
from chaos.scenario import ChaosScenario
from chaos.verification.buckets import Delay, delay_for
from chaos.verification.level import LATENCY, SIZED, Gauge
from gates.wording import count
from prometheus.catalogue import CATALOGUE
from prometheus.client import PrometheusClient
from prometheus.recording.recordings import MINUTE
from prometheus.selector import selector
from stack.errors import HqError
from stack.model import PresetSli, Stack
from stack.quantity import format_duration, format_percent

SPARE = 5.0  # seconds that a fault goes on after the last moment at which its alert is due
SLOW_PART = 0.5  # of the window: so much of it has to be slow before the percentile is where it will stay
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)


class NoAimError(HqError):
    """A scenario cannot be given the sizes that are wanted on this stack."""


@dataclass(frozen=True)
class Aim:
    """Faults that bring the metric of `anomaly_type` to `aimed`, which is `intensity` times its `threshold`.

    As near to that as it can be brought.
    """

    scenario: ChaosScenario
    target: str
    service: str
    anomaly_type: str
    intensity: Decimal
    threshold: float
    aimed: float
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        """The scenario and the intensity."""
        return f"{self.scenario.name} at {self.intensity}x"

    @property
    def seconds(self) -> float:
        """How long its faults last."""
        return max(map(end_of, self.faults))

    @property
    def words(self) -> str:
        """What is aimed at, in words."""
        return f"{self.amount(self.aimed)} where {self.amount(self.threshold)} is the threshold"

    def amount(self, value: float) -> str:
        """A value of its metric, in words."""
        return format_duration(round(value, 3)) if self.anomaly_type == LATENCY else format_percent(round(value, 4))


def aims(
    stack: Stack, client: PrometheusClient, scenario: ChaosScenario, target: str, intensities: Iterable[Decimal]
) -> tuple[Aim, ...]:
    """The scenario at each of some intensities.

    Raises NoAimError, HqError for faults that cannot be planned, and PrometheusError.
    """
    anomaly_type = _expected(scenario)
    _refuse_unseen(stack, scenario, target)
    gauge = Gauge(stack, client, anomaly_type, target)
    threshold = threshold_of(client, anomaly_type, stack, target)
    now = time.time()
    _refuse_quiet(gauge, threshold, gauge.now(now).requests)
    sizes = (
        _delays(gauge, scenario, threshold, intensities)
        if anomaly_type == LATENCY
        else _shares(_tries(stack, scenario, target), threshold, gauge.usual(now), intensities)
    )
    found = []
    for intensity, (aimed, size) in sizes.items():
        duration = duration_of(anomaly_type, float(intensity), allowance(stack, anomaly_type))
        changes = {"share": "100%", "intensity": size, "duration": format_duration(math.ceil(duration)), "step": "0s"}
        sized = scenario.with_parameters(changes)
        faults = sized.plan(stack, target)
        service = stack.service_of(target).name
        found.append(Aim(sized, target, service, anomaly_type, intensity, threshold, aimed, faults))
    return tuple(found)


def duration_of(anomaly_type: str, intensity: float, allowed: float) -> float:
    """How long (seconds) faults of a size have to last until it is certain that their alert fires, or does not.

    Well above the threshold a part of the window is enough; about it, the window must be full.
    """
    filled = MINUTE / intensity if intensity >= 2 else MINUTE
    if anomaly_type == LATENCY:
        filled = min(filled, SLOW_PART * MINUTE)
    return filled + allowed + SPARE


def threshold_of(client: PrometheusClient, anomaly_type: str, stack: Stack, target: str) -> float:
    """The threshold as the running rules have it: the target pool's, or else the service's; raises NoAimError."""
    service = stack.service_of(target).name
    series = selector("anomaly:threshold", {"anomaly_type": anomaly_type, "service": service})
    by_pool = {sample.labels.get("pool", ""): sample.value for sample in client.instant(series).samples}
    value = by_pool.get(target, by_pool.get(""))
    if value is None or not value > 0:
        raise NoAimError(
            f"no rule says from when on {anomaly_type} of {target} is one: {series} has no value; "
            "load what `dev-hq generate` writes, and look whether the service gets requests"
        )
    return value


def _expected(scenario: ChaosScenario) -> str:
    if len(scenario.faults) != 1 or len(scenario.expect) != 1:
        raise NoAimError(
            f"scenario {scenario.name} cannot be given a size: that needs one fault and one expected type of anomaly"
        )
    (anomaly_type,) = scenario.expect
    if anomaly_type not in SIZED or (scenario.faults[0].kind == "latency") != (anomaly_type == LATENCY):
        raise NoAimError(
            f"scenario {scenario.name} cannot be given a size: nobody knows how much {scenario.faults[0].kind} makes "
            f"how much {anomaly_type}"
        )
    return anomaly_type


def _refuse_unseen(stack: Stack, scenario: ChaosScenario, target: str) -> None:
    service = stack.services.get(target)
    if service and not (isinstance(service.sli, PresetSli) and service.sli.preset == "envoy"):
        raise NoAimError(
            f"{scenario.name} on {target} would alarm nobody: its metrics are taken behind Envoy, which answers or "
            "delays in front of it; choose a pool, or measure the service by the preset envoy"
        )


def _refuse_quiet(gauge: Gauge, threshold: float, requests: float) -> None:
    """Too few requests for the rule's guard, so that no size of the anomaly could be told from another."""
    kind = CATALOGUE[gauge.anomaly_type]
    needed = max(float(kind.least_requests), kind.least_bad / min(1.0, threshold))
    if requests < needed:
        raise NoAimError(
            f"{gauge.target} gets {count(requests)} requests a minute, and {gauge.anomaly_type} is judged from "
            f"{count(math.ceil(needed))} on at its threshold: nobody would be told"
        )


def _tries(stack: Stack, scenario: ChaosScenario, target: str) -> int:
    """How many members have to fail a request before it has failed: a pool's front tries again, but not after a 429."""
    pool = stack.pools.get(target)
    return 1 + pool.retries if pool and scenario.faults[0].kind == "failure" else 1


def _shares(
    tries: int, threshold: float, already: float, intensities: Iterable[Decimal]
) -> Mapping[Decimal, tuple[float, str]]:
    """What is aimed at and how much is injected for it, when a share `already` is bad by itself."""
    found = {}
    for intensity in intensities:
        aimed = min(1.0, float(intensity) * threshold)
        injected = max(0.0001, (aimed - already) / (1 - already)) if already < 1 else 1.0
        injected **= 1 / tries
        found[intensity] = (aimed, format_percent(Decimal(f"{injected:.6f}")))
    return found


def _delays(
    gauge: Gauge, scenario: ChaosScenario, threshold: float, intensities: Iterable[Decimal]
) -> Mapping[Decimal, tuple[float, str]]:
    bounds = bounds_of(gauge)
    found = {}
    for intensity in intensities:
        delay = delay_for(float(intensity) * threshold, threshold, bounds)
        if delay is None or delay.seconds > LONGEST_DELAY:
            raise NoAimError(
                f"{scenario.name} cannot be given the size {intensity}x: the histogram of {gauge.signal.sli.service} "
                f"has no bucket on that side of {format_duration(threshold)}"
            )
        found[intensity] = (delay.estimate, _milliseconds(delay))
    return found


def _milliseconds(delay: Delay) -> str:
    return f"{max(1, round(delay.seconds * 1000))}ms"


def bounds_of(gauge: Gauge) -> tuple[float, ...]:
    """The finite bounds (seconds) of the latency histogram; raises PrometheusError."""
    sli = gauge.signal.sli
    answer = gauge.client.instant(f"group by (le) ({sli.buckets})")
    bounds = (sample.labels.get("le", "") for sample in answer.samples)
    return tuple(sorted(float(le) * sli.bucket_unit for le in bounds if _NUMBER.fullmatch(le)))
