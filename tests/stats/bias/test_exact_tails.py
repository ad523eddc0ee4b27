import numpy as np
import pytest
from scipy import stats

from farm.stats.bias.exact_tails import Coins, Urn, coins_of, count_tails


def test_equal_coins_are_binomial() -> None:
    # Three fair coins: P(2 or more) = 4/8, P(2 or fewer) = 7/8.
    tails = count_tails(2, [Coins(0.5, 3)])
    assert (tails.upper, tails.lower, tails.mean, tails.variance) == pytest.approx((0.5, 0.875, 1.5, 0.75))


def test_unequal_coins_by_hand() -> None:
    # 1/2 and 1/3: both 1/6, none 1/3.
    tails = count_tails(2, coins_of(np.array([1 / 2, 1 / 3])))
    assert tails.upper == pytest.approx(1 / 6) and count_tails(0, coins_of(np.array([1 / 2, 1 / 3]))).lower == (
        pytest.approx(1 / 3)
    )


def test_an_urn_is_fishers_exact_test() -> None:
    # 8 of 20 balls are marked, 6 are drawn, 5 of them marked.
    p_value = stats.fisher_exact([[5, 1], [3, 11]], alternative="greater").pvalue
    assert count_tails(5, [], [Urn(20, 8, 6)]).upper == pytest.approx(p_value)


def test_coins_and_urns_add_up() -> None:
    # A sure head moves the count by one.
    assert count_tails(6, [Coins(1.0, 1)], [Urn(20, 8, 6)]).upper == pytest.approx(
        count_tails(5, [], [Urn(20, 8, 6)]).upper
    )


def test_many_trials_agree_with_the_binomial() -> None:
    tails = count_tails(2600, [Coins(0.5, 5000)])
    assert tails.upper == pytest.approx(stats.binom.sf(2599, 5000, 0.5), rel=0.02)


def test_what_cannot_vary_proves_nothing() -> None:
    assert count_tails(3, [Coins(1.0, 3)]).upper == 1.0


@pytest.mark.parametrize("urn", [Urn(20, 8, 6), Urn(10, 9, 5), Urn(10, 2, 7), Urn(5000, 700, 90), Urn(6, 0, 3)])
def test_every_tail_of_an_urn_is_scipys(urn: Urn) -> None:
    for observed in range(urn.n_drawn + 1):
        tails, exact = count_tails(observed, [], [urn]), stats.hypergeom(urn.n_balls, urn.n_marked, urn.n_drawn)
        if tails.variance:
            assert tails.upper == pytest.approx(exact.sf(observed - 1), abs=1e-10)
            assert tails.lower == pytest.approx(exact.cdf(observed), abs=1e-10)
