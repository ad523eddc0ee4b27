import numpy as np
import pytest

from farm.stats.one_reference.rank_sets import SeededScores, rank_sets, seeded_difference
from farm.stats.ranking.win_rates import paired_difference, win_rate_difference

NAN = float("nan")


def one(scores: np.ndarray, seed: int = 0) -> SeededScores:
    return SeededScores([seed], np.atleast_2d(scores))


def drawn(rate: float, rng: np.random.Generator, n: int = 400) -> np.ndarray:
    return (rng.random(n) < rate).astype(np.float64)


def test_gaps_within_noise_are_ties_of_rank() -> None:
    rng = np.random.default_rng(0)
    # With 400 verdicts the error of a difference is about 0.035: 0.9 is beyond all, 0.50 and 0.52 are not beyond each
    # other, and 0.1 is below all.
    sets = rank_sets([one(drawn(rate, rng)) for rate in (0.5, 0.9, 0.52, 0.1)])
    assert sets.low.tolist() == [2, 1, 2, 4]
    assert sets.high.tolist() == [3, 1, 3, 4]


def test_all_pairs_at_once_are_the_pairs_one_by_one() -> None:
    rng = np.random.default_rng(1)
    scores = rng.choice([0.0, 0.5, 1.0], size=(12, 40)) * rng.uniform(0.5, 1, size=(12, 1))
    scores[rng.random(scores.shape) < 0.1] = NAN
    models = [one(row) for row in scores]
    # A second seed that is the first again makes no difference to the means and keeps the slow way from being skipped.
    low, high = np.ones(12, dtype=int), np.full(12, 12)
    for a in range(12):
        for b in range(12):
            gap = win_rate_difference(scores[a], scores[b])
            assert seeded_difference(models[a], models[b]) == gap
            if gap.is_beyond_noise and gap.difference is not None and gap.difference > 0:
                low[b] += 1
                high[a] -= 1
    sets = rank_sets(models)
    assert sets.low.tolist() == low.tolist() and sets.high.tolist() == high.tolist()
    assert (low > 1).any() and (high < 12).any()


def test_pairing_tells_apart_what_single_errors_do_not() -> None:
    # The better model wins what the other wins and 12 more of 200: each error is 0.035, that of the difference 0.017.
    worse = np.r_[np.ones(100), np.zeros(100)]
    better = np.r_[np.ones(112), np.zeros(88)]
    gap = seeded_difference(one(better), one(worse))
    assert gap.difference == pytest.approx(0.06)
    assert gap.standard_error == pytest.approx(np.sqrt(0.06 * 0.94 / 199))
    assert gap == paired_difference(better, worse) or gap.standard_error == pytest.approx(
        paired_difference(better, worse).standard_error
    )
    assert rank_sets([one(worse), one(better)]).low.tolist() == [2, 1]


def test_seeds_of_one_number_are_paired_and_others_are_not() -> None:
    rng = np.random.default_rng(2)
    # Seeds differ by far more than instructions, and alike in both models.
    level = np.array([0.2, 0.5, 0.8])[:, None]
    first = np.clip(level + 0.05 + 0.02 * rng.normal(size=(3, 50)), 0, 1)
    second = np.clip(level + 0.02 * rng.normal(size=(3, 50)), 0, 1)
    same = seeded_difference(SeededScores([0, 1, 2], first), SeededScores([0, 1, 2], second))
    other = seeded_difference(SeededScores([0, 1, 2], first), SeededScores([3, 4, 5], second))
    assert same == win_rate_difference(first, second)
    assert same.is_beyond_noise and not other.is_beyond_noise
    # Two means of three seeds with sd 0.3 each: sqrt(2 * 0.09 / 3) = 0.245, by the sample of six with 6 / 5.
    assert other.standard_error == pytest.approx(0.245 * np.sqrt(2 / 3 * 6 / 5), rel=0.02)
    assert rank_sets([SeededScores([0, 1, 2], first), SeededScores([0, 1, 2], second)]).low.tolist() == [1, 2]


def test_equal_models_share_their_ranks_and_the_unparsed_have_none() -> None:
    scores = drawn(0.3, np.random.default_rng(3))
    sets = rank_sets([one(scores), one(scores), one(np.full(400, NAN))])
    assert sets.low.tolist() == [1, 1, 0] and sets.high.tolist() == [2, 2, 0]


def test_five_verdicts_tell_nothing_apart() -> None:
    sets = rank_sets([one(np.ones(5)), one(np.zeros(5))])
    assert sets.low.tolist() == [1, 1] and sets.high.tolist() == [2, 2]
    sets = rank_sets([one(np.ones(6)), one(np.zeros(6))])
    assert sets.low.tolist() == [1, 2] and sets.high.tolist() == [1, 2]


def test_no_models() -> None:
    assert rank_sets([]).low.tolist() == []
