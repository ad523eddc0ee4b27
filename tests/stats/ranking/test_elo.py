import numpy as np
import pytest

from farm.stats.ranking.elo import order_averaged_elo
from farm.stats.ranking.pair_counts import comparisons_of


def test_one_game_by_hand() -> None:
    # Equal ratings: the expected score is 1/2, so the winner gains K / 2 = 2, in any order of one game.
    first, second = order_averaged_elo(comparisons_of(["a"], ["b"], [1], ["x"]), seed=0)
    assert (first.value, second.value) == (pytest.approx(1002), pytest.approx(998))


def test_a_draw_between_equals_moves_nothing() -> None:
    first, _ = order_averaged_elo(comparisons_of(["a"], ["b"], [0.5], ["x"]), seed=0)
    assert first.value == pytest.approx(1000)


def test_the_order_of_the_rows_matters_little_and_the_names_nothing() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, 600)
    second = (first + rng.integers(1, 4, 600)) % 4
    score = (rng.random(600) < 1 / (1 + np.exp(second - first))).astype(float)
    items = [str(k) for k in range(600)]
    names = [[f"m{k}" for k in side] for side in (first, second)]
    forth = order_averaged_elo(comparisons_of(*names, score, items), seed=0)
    back = order_averaged_elo(comparisons_of(names[0][::-1], names[1][::-1], score[::-1], items), seed=0)
    # One order of play alone scatters by about ten points.
    assert [e.value for e in forth] == pytest.approx([e.value for e in back], abs=6)
    renamed = [[name.replace("m", "z") for name in side] for side in names]
    named = order_averaged_elo(comparisons_of(*renamed, score, items), seed=0)
    assert named == forth
    assert [e.value for e in forth] == sorted(e.value or 0 for e in forth)
    assert all(e.low is not None and e.high is not None and e.low < (e.value or 0) < e.high for e in forth)


def test_a_model_without_verdicts_has_a_reason() -> None:
    found = order_averaged_elo(comparisons_of(["a", "a"], ["b", "c"], [1, float("nan")], ["x", "y"]), seed=0)
    assert found[2].value is None and found[2].reason and found[2].n_unparsed == 1
