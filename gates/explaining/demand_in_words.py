"""What a gate demands, as sentences, and how many requests it takes to prove it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gates.conditions.burn_rate import BurnRate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import PromQl
from gates.conditions.success_rate import SuccessRate
from gates.gate import Kind, QualityGate
from gates.proof import OneLook
from gates.wording import count
from stack.quantity import format_duration, format_percent
from stack.selector import is_selector


def demand_in_words(gate: QualityGate) -> Iterator[str]:
    """When the gate passes, warns and fails, and with how many requests; sentences with a full stop."""
    match gate.condition:
        case SuccessRate() as demand:
            yield from _share(gate, demand, "succeed")
        case Latency() as demand:
            yield from _share(gate, demand, f"take at most {format_duration(demand.under)}")
            yield f"The latency is in the buckets of {demand.sli.buckets}."
        case ErrorBudget() as demand:
            yield from _budget(gate, demand)
        case BurnRate() as demand:
            yield from _burn(gate, demand)
        case Comparison() as demand:
            yield from _comparison(gate, demand)
        case PromQl() as demand:
            warns = f"; it warns unless it is {demand.warns} too" if demand.warns else ""
            yield f"What {demand.query} gives must be {demand.passes}{warns}."
            if demand.alive is None and not is_selector(demand.query):
                yield "Nothing says which series it rests on (alive), so a dead target can go unseen."


def _share(gate: QualityGate, demand: SuccessRate | Latency, do: str) -> Iterator[str]:
    warns = f"; below {format_percent(demand.warn)} it warns" if demand.warn else ""
    window = format_duration(gate.window)
    yield f"At least {format_percent(demand.target)} of the requests in {window} must {do}{warns}."
    yield _proof(OneLook(gate.confidence), float(1 - demand.target))
    if isinstance(demand, SuccessRate):
        yield _counted(demand)


def _budget(gate: QualityGate, demand: ErrorBudget) -> Iterator[str]:
    allowed = format_percent(1 - demand.target)
    warns = f"; with less than {format_percent(demand.warn)} it warns" if demand.warn else ""
    yield f"Of {format_duration(gate.window)}, {allowed} of the requests may fail, which is the error budget."
    yield f"At least {format_percent(demand.left)} of it must be left{warns}."
    yield (
        f"It counts, and estimates nothing; it takes {count(_whole_request(demand))} requests to have a budget, and "
        f"data for {format_percent(demand.min_coverage)} of the time."
    )
    yield _counted(demand)


def _whole_request(demand: ErrorBudget) -> float:
    return float(1 / (1 - demand.target))


def _burn(gate: QualityGate, demand: BurnRate) -> Iterator[str]:
    windows = [format_duration(seconds) for seconds in demand.windows]
    warns = f"; above {demand.warn} it warns" if demand.warn is not None else ""
    where = f"in one of the windows {', '.join(windows)}" if windows[1:] else f"in {windows[0]}"
    allowed = format_percent(1 - demand.target)
    yield f"Where {allowed} of the requests may fail, at most {demand.at_most} times that may {where}{warns}."
    yield _proof(OneLook(1 - (1 - gate.confidence) / len(windows)), demand.limit)
    yield _counted(demand)


def _comparison(gate: QualityGate, demand: Comparison) -> Iterator[str]:
    bad = "that fail" if demand.of is Kind.SUCCESS_RATE else "above each bound of the histogram"
    times = f"{demand.factor} times " if demand.factor != 1 else ""
    more = f" and {format_percent(demand.margin)} more" if demand.margin else ""
    warns = f"; with more than {format_percent(demand.warn)} more it warns" if demand.warn is not None else ""
    yield (
        f"Of the requests in {format_duration(gate.window)}, the share {bad} may be at most {times}the baseline's"
        f"{more}{warns}."
    )
    baseline = demand.baseline.describe(gate.window)
    yield f"The baseline is {baseline}; how many requests it takes depends on what there is of it."


def _proof(proof: OneLook, limit: float) -> str:
    requests = _fewest_to_pass(proof, limit)
    failures = next(bad for bad in range(1, requests + 1) if proof.more_than(bad, requests, limit))
    return (
        f"With {format_percent(Decimal(str(proof.confidence)))} confidence it takes {count(requests)} requests without "
        f"a failure to pass; of as many, {count(failures)} independent failures fail it."
    )


def _fewest_to_pass(proof: OneLook, limit: float) -> int:
    low, high = 0, 1
    while not proof.at_most(0, high, limit):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if proof.at_most(0, middle, limit) else (middle, high)
    return high


def _counted(demand: SuccessRate | ErrorBudget | BurnRate) -> str:
    sli = demand.sli
    if sli.probed:
        return f"Requests are probes: each sample of {sli.total} is one, 1 when it succeeded."
    part = f"of which {sli.bad} are bad" if sli.good is None else f"of which {sli.good} are good"
    return f"Requests are {sli.total}, {part}."
