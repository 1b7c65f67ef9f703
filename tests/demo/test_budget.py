import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.budget import RetryBudget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


steps = st.lists(
    st.one_of(
        st.just("request"),
        st.just("retry"),
        st.floats(min_value=0, max_value=15, allow_nan=False),  # seconds that pass
    ),
    max_size=200,
)


@given(steps=steps, share=st.sampled_from([0, 0.1, 0.5, 1, 2]), minimum=st.sampled_from([0, 0.5, 3]))
def test_retries_of_any_window_are_paid_for_by_its_requests_and_the_minimum(
    steps: list[str | float], share: float, minimum: float
) -> None:
    clock = Clock()
    budget = RetryBudget(share, minimum, window=10, clock=clock)
    requests: list[float] = []
    retries: list[float] = []
    for step in steps:
        if isinstance(step, float):
            clock.now += step
        elif step == "request":
            budget.deposit()
            requests.append(clock.now)
        else:
            recent = [at for at in requests if at > clock.now - 10]
            spent = [at for at in retries if at > clock.now - 10]
            allowed = budget.withdraw()
            assert allowed == (len(spent) + 1 <= share * len(recent) + minimum * 10)
            if allowed:
                retries.append(clock.now)


@given(steps=steps)
def test_a_larger_share_never_allows_fewer_retries(steps: list[str | float]) -> None:
    assert count_allowed(steps, share=0.2) <= count_allowed(steps, share=0.5)


def count_allowed(steps: list[str | float], share: float) -> int:
    clock = Clock()
    budget = RetryBudget(share, minimum=0, window=10, clock=clock)
    allowed = 0
    for step in steps:
        if isinstance(step, float):
            clock.now += step
        elif step == "request":
            budget.deposit()
        else:
            allowed += budget.withdraw()
    return allowed


def test_by_default_half_of_the_requests_and_ten_a_second() -> None:
    clock = Clock()
    budget = RetryBudget(clock=clock)
    for _ in range(200):
        budget.deposit()
    assert sum(budget.withdraw() for _ in range(1000)) == 100 + 10 * 10


def test_an_outage_that_lasts_costs_half_again_and_not_three_times() -> None:
    clock = Clock()
    budget = RetryBudget(minimum=0, clock=clock)
    retries = 0
    for second in range(60):
        clock.now = float(second)
        for _ in range(50):
            budget.deposit()
            retries += budget.withdraw() + budget.withdraw()
    assert retries == 60 * 50 // 2


def test_a_token_expires_with_its_request() -> None:
    clock = Clock()
    budget = RetryBudget(share=1, minimum=0, window=10, clock=clock)
    budget.deposit()
    clock.now = 9.999
    assert budget.balance == 1
    clock.now = 10.0
    assert not budget.withdraw()


@pytest.mark.parametrize("mistake", [{"share": -0.1}, {"minimum": -1}, {"window": 0}, {"share": float("nan")}], ids=str)
def test_a_budget_that_makes_no_sense_is_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a retry budget needs a share and a minimum of at least 0"):
        RetryBudget(**mistake)
