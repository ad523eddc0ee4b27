"""Rubric judges: the swap law with positions, probabilities that mean what they say, and the near-perfect judge."""

import random
from dataclasses import replace

import numpy as np
import pytest

from farm.calls.request import NO_CALLS
from farm.pocket.language.drafts import draw_text, draw_training_request
from farm.pocket.preferences.rubric import RubricPool, UtilityJudge
from farm.pocket.preferences.utility import utility_of
from farm.records import Comparison, Preference

POOL = RubricPool(
    n_judges=13, weight_sd=0.8, drop_probability=0.25, length_bias=0.7, length_bias_sd=0.4, temperature=0.3,
    position_sd=0.3, seed=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def comparisons() -> list[Comparison]:
    rng = random.Random(1)
    pairs = []
    for _ in range(600):
        request = draw_training_request(rng)
        texts = draw_text(request.task, rng), draw_text(request.task, rng)
        if texts[0] != texts[1]:
            pairs.append(
                Comparison(instruction=request.instruction, input=request.input, output_1=texts[0], output_2=texts[1])
            )
    return pairs


def test_swapping_outputs_and_order_swaps_the_verdict_and_its_probability(comparisons: list[Comparison]) -> None:
    judge = POOL.members()[0]
    shown = [1 + number % 2 for number in range(len(comparisons))]
    plain = judge.verdicts(comparisons, shown, 0, calls=NO_CALLS)
    turned = judge.verdicts(
        [replace(c, output_1=c.output_2, output_2=c.output_1) for c in comparisons],
        [3 - s for s in shown],
        0,
        calls=NO_CALLS,
    )
    for before, after in zip(plain, turned, strict=True):
        assert before.preference is not None and after.preference is before.preference.swapped
        assert before.p_first is not None and after.p_first == pytest.approx(1 - before.p_first)


def test_position_bias_acts_on_what_is_shown_first(comparisons: list[Comparison]) -> None:
    judge = replace(POOL.members()[0], position_bias=2.0)
    first, second = (judge.verdicts(comparisons, [shown] * len(comparisons), 0, calls=NO_CALLS) for shown in (1, 2))
    assert all((a.p_first or 0) >= (b.p_first or 0) for a, b in zip(first, second, strict=True))
    assert sum(v.preference is Preference.FIRST for v in first) > sum(v.preference is Preference.FIRST for v in second)


def test_verdicts_come_as_often_as_their_probability_says(comparisons: list[Comparison]) -> None:
    verdicts = replace(POOL.members()[0], temperature=2.0).verdicts(
        comparisons, [1] * len(comparisons), 0, calls=NO_CALLS
    )
    said, given = [v.p_first or 0.0 for v in verdicts], [v.preference is Preference.FIRST for v in verdicts]
    # Standard error of the mean difference: at most .5 / sqrt(600) = .02.
    assert np.mean(said) == pytest.approx(np.mean(given), abs=0.06)


def test_some_judges_have_blind_spots_and_none_is_like_another() -> None:
    judges = POOL.members()
    dropped = np.mean([weight == 0.0 for judge in judges for weight in judge.weights])
    assert dropped == pytest.approx(0.25, abs=0.12)
    assert len({judge.weights for judge in judges}) == 13
    assert all(0.0 not in judge.weights for judge in replace(POOL, drop_probability=0.0).members())


def test_the_utility_judge_agrees_with_utility(comparisons: list[Comparison]) -> None:
    (judge,) = UtilityJudge(name="utility", temperature=0.05).members()
    verdicts = judge.verdicts(comparisons, [1] * len(comparisons), 0, calls=NO_CALLS)
    truth = [_utility_difference(c) for c in comparisons]
    right = [(v.preference is Preference.FIRST) == (d > 0) for v, d in zip(verdicts, truth, strict=True) if d != 0.0]
    assert 0.96 < np.mean(right) <= 1.0


def _utility_difference(c: Comparison) -> float:
    return utility_of(c.instruction, c.input, c.output_1) - utility_of(c.instruction, c.input, c.output_2)
