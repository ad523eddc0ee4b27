"""A budget is not exceeded, and ends the run only when nothing in flight could still make room."""

from farm.calls.spending.budget import Budget, Permit


def test_calls_in_flight_count_until_they_turn_out_unpaid() -> None:
    budget = Budget(usd=None, calls=2)
    assert [budget.reserve(0.0) for _ in range(3)] == [Permit.GRANTED, Permit.GRANTED, Permit.WAIT]
    budget.settle(0.0, paid_usd=0.0, is_paid=False)
    assert budget.reserve(0.0) is Permit.GRANTED
    budget.settle(0.0, paid_usd=0.0, is_paid=True)
    budget.settle(0.0, paid_usd=0.0, is_paid=True)
    assert budget.reserve(0.0) is Permit.SPENT


def test_money_is_reserved_at_its_most_and_given_back_when_it_was_less() -> None:
    budget = Budget(usd=1.0, calls=None)
    assert budget.reserve(0.6) is Permit.GRANTED
    assert budget.reserve(0.6) is Permit.WAIT
    budget.settle(0.6, paid_usd=0.1, is_paid=True)
    assert budget.reserve(0.6) is Permit.GRANTED
    budget.settle(0.6, paid_usd=0.6, is_paid=True)
    assert budget.reserve(0.6) is Permit.SPENT
    assert str(budget) == "budget_usd=1 is spent (2 calls, $0.70)"


def test_what_can_never_fit_ends_the_run_at_once() -> None:
    budget = Budget(usd=1.0, calls=None)
    assert budget.reserve(0.5) is Permit.GRANTED
    assert budget.reserve(1.5) is Permit.SPENT


def test_without_bounds_everything_is_granted() -> None:
    budget = Budget(usd=None, calls=None)
    assert all(budget.reserve(1e9) is Permit.GRANTED for _ in range(10))
    assert not budget.is_spent


def test_nothing_may_be_spent_with_a_budget_of_nothing() -> None:
    assert Budget(usd=None, calls=0).reserve(0.0) is Permit.SPENT
    assert Budget(usd=0.0, calls=None).reserve(0.1) is Permit.SPENT
