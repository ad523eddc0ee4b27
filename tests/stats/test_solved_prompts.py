import numpy as np
import pytest

from farm.stats.bootstrap import Resampling
from farm.stats.solved_prompts import ScoredAnswers, solved, solved_shares

FEW = Resampling(seed=0, n_resamples=50)


def answers(right: list[float], wrong: list[float], dataset: str = "x") -> ScoredAnswers:
    return ScoredAnswers(dataset, np.array(right), np.array(wrong))


@pytest.mark.parametrize(
    ("right", "wrong", "credit"),
    [
        ([2.0], [1.0, 0.0, -1.0], 1),
        # Right in two pairs of three, and the prompt is lost all the same.
        ([2.0], [3.0, 0.0, -1.0], 0),
        # One of two, and one of four, equal best scores.
        ([2.0], [2.0, 0.0, -1.0], 1 / 2),
        ([0.0], [0.0, 0.0, 0.0], 1 / 4),
        # Several right ones: all of them, and by more than nothing.
        ([3.0, 2.0], [1.0, 0.0], 1),
        ([3.0, 1.0], [1.0, 0.0], 0),
        ([3.0, 0.5], [1.0, 0.0], 0),
    ],
)
def test_a_prompt_is_solved_where_the_right_answers_are_above_all_wrong_ones(
    right: list[float], wrong: list[float], credit: float
) -> None:
    assert solved(answers(right, wrong)) == credit


def test_shares_are_told_by_dataset_where_there_are_several() -> None:
    prompts = [answers([1], [0, 0]), answers([1], [2, 0]), answers([1], [0, 0], "y")]
    shares = {each.dataset: (each.share.value, each.share.n_total) for each in solved_shares(prompts, FEW)}
    assert shares == {"": (2 / 3, 3), "x": (1 / 2, 2), "y": (1, 1)}
    assert [each.dataset for each in solved_shares(prompts[:2], FEW)] == [""]
    assert solved_shares([], FEW) == ()
