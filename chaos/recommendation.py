"""What to change, from the evidence: which bound broke, and what helps against that."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chaos.findings import Findings
from chaos.impact import Impact
from gates.wording import percent
from stack.model import Pool, PresetSli, Stack
from stack.quantity import format_duration

# (what broke, by which kind of fault): what helps
REMEDIES = {
    ("success_rate", "failure"): "try a failed request once more on another member, with a budget for such retries",
    ("success_rate", "latency"): "wait longer than the delay, or answer from a cache or with a default in its place",
    ("success_rate", "rate-limit"): (
        "obey retry-after, spread requests over time, and answer from a cache while the limit lasts"
    ),
    ("latency", "failure"): "give up on a member sooner, and cap the retries, so that they cost less time",
    ("latency", "latency"): "time out well within the objective and ask another member, or answer without it",
    ("latency", "rate-limit"): "do not wait out a limit while a user waits: fail fast, or answer from a cache",
}
SLOW_RECOVERY = 2  # scrapes


def recommendations(findings: Findings, stack: Stack, target: str, kinds: Collection[str]) -> tuple[str, ...]:
    """Sentences that say what to change and why; none only when the system is resilient and nothing broke."""
    advice = [
        *(line for impact in findings.impacts for line in _against_impact(impact, stack, target, kinds)),
        *_against_blindness(findings, stack, target),
        *_against_slow_recovery(findings, stack, target),
    ]
    if findings.weaknesses and not advice:
        advice.append(f"{'; '.join(findings.weaknesses)}: look at the parts of the score that lost points")
    return tuple(advice)


def _against_impact(impact: Impact, stack: Stack, target: str, kinds: Collection[str]) -> Iterator[str]:
    if impact.burn_rate <= 1:
        return
    name = impact.objective.name
    what = f"slower than {format_duration(impact.objective.under)}" if impact.objective.under else "bad"
    broke = (
        f"{name} broke: {percent(impact.during.ratio)} of the requests were {what}, "
        f"{percent(impact.objective.budget)} may be"
    )
    if target in stack.services:
        yield f"{broke}; the fault stands in front of {target}, so only its callers can soften it."
        return
    for kind in kinds:
        remedy = REMEDIES.get((name, kind), "look at what the fault broke")
        yield f"{broke}; {remedy}{_setting(stack.pools.get(target), name, kind)}."


def _setting(pool: Pool | None, objective: str, kind: str) -> str:
    """The line of stack.yaml that bears on it."""
    if pool is None:
        return ""
    if kind == "failure" and objective == "success_rate":
        return f" (pools.{pool.name}.retries is {pool.retries})"
    if kind == "latency":
        return f" (pools.{pool.name}.timeout is {format_duration(pool.timeout)})"
    return ""


def _against_blindness(findings: Findings, stack: Stack, target: str) -> Iterator[str]:
    for found in findings.detections:
        if found.due is not None and found.late is None:
            where = ""
            if target in stack.services and stack.services[target].sli != PresetSli("envoy", {}):
                where = (
                    f": the SLI of {target} lies behind the fault; measure it where users are, sli: {{preset: envoy}}"
                )
            yield (
                f"Nobody was told: {found.name} was due {found.due:.0f} s after the first fault and never fired{where}."
            )
        elif found.due is not None and found.late:
            yield (
                f"{found.name} fired {found.late:.0f} s later than its rule needs; shorten its hold "
                "(anomalies.hold), the scrape interval or the evaluation interval."
            )
        if found.fired is not None and found.notified is None:
            yield (
                f"{found.name} fired and no notification arrived; check that Alertmanager is reached, "
                "delivers to the exporter's webhook, and does not wait longer than the fault lasts."
            )
    for name in findings.false_alarms:
        yield (
            f"{name} fired without being a consequence of the fault; raise its threshold, or name it in the scenario's "
            "may list if it is one."
        )


def _against_slow_recovery(findings: Findings, stack: Stack, target: str) -> Iterator[str]:
    if findings.recovery is None:
        yield (
            f"The service was not good again {findings.recovery_deadline:g} s after the faults were gone; look for "
            "queues, retry storms and circuits that stay open."
        )
    elif findings.recovery > SLOW_RECOVERY * findings.resolution:
        pool = stack.pools.get(target)
        ejected = f"members of {target} that stay ejected, " if pool else ""
        yield (
            f"The service stayed bad for {findings.recovery:.0f} s after the faults were gone; look at {ejected}"
            "retries that pile up and connections that are kept broken."
        )
