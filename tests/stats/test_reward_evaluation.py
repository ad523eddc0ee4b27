"""Scores against labels: hand figures, and recovery of a known model."""

import numpy as np
import pytest
from scipy.special import expit

from farm.stats.bootstrap import Resampling
from farm.stats.reward_evaluation import RewardEvaluation, evaluate_scores


def evaluated(
    margins: list[float], gaps: list[float], items: list[str] | None = None, prompts: list[str] | None = None
) -> RewardEvaluation:
    names = items or [str(k) for k in range(len(margins))]
    return evaluate_scores(
        names, np.array(margins), np.array(gaps), prompts=prompts or names, gap_bounds=[10, 50],
        resampling=Resampling(seed=0, n_resamples=200),
    )  # fmt: skip


def test_figures_by_hand() -> None:
    # Margins log 3, log 3, -log 3, 0: the preferred output has probability 3/4, 3/4, 1/4, 1/2.
    log_3 = float(np.log(3))
    found = evaluated([log_3, log_3, -log_3, 0.0], [60, -5, 8, 0])
    assert found.accuracy.value == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    # -(2 log 3/4 + log 1/4 + log 1/2)/4 = (2 x .28768 + 1.38629 + .69315)/4; (2/16 + 9/16 + 4/16)/4.
    assert found.log_loss.value == pytest.approx(0.663701, abs=1e-5)
    assert found.brier.value == pytest.approx(15 / 64)
    # Sure by 3/4 and right in 2 of 3; sure by 1/2 and half right: (3 x |3/4 - 2/3| + 0)/4.
    assert found.calibration_error == pytest.approx(1 / 16)
    assert [(each.low, each.n) for each in found.calibration if each.n] == [(0.5, 1), (0.7, 3)]
    # Longer by 60, 8: right; shorter by 5: wrong; equal: half.
    assert found.longest.value == pytest.approx(2.5 / 4)
    assert found.ahead_of_longest.value == pytest.approx(0.0)
    # Told apart: the first (longer has the higher score), the second (shorter), the third (shorter: its margin < 0).
    assert found.agreement_with_longest.value == pytest.approx(1 / 3)
    assert found.agreement_with_longest.n_total == 3
    assert [(each.low, each.high, each.n) for each in found.by_length] == [
        (None, -51, 0), (-50, -11, 0), (-10, -1, 1), (0, 0, 1), (1, 10, 1), (11, 50, 0), (51, None, 1),
    ]  # fmt: skip
    assert [each.accuracy.value for each in found.by_length if each.n] == [1.0, 0.5, 0.0, 1.0]


def test_a_bradley_terry_model_is_calibrated_and_its_slope_is_found() -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(0, 1.5, size=20_000)
    preferred = np.where(rng.random(20_000) < expit(true), true, -true)
    right = evaluated(list(preferred), list(np.zeros(20_000)))
    assert right.calibration_error < 0.02
    assert right.best_slope == pytest.approx(1.0, abs=0.05)
    # Scores three times too large: too sure by a slope of 1/3, and neither accuracy nor the best log loss changes.
    loud = evaluated(list(3 * preferred), list(np.zeros(20_000)))
    assert loud.best_slope == pytest.approx(1 / 3, abs=0.02)
    assert loud.calibration_error > 0.1
    assert loud.accuracy.value == right.accuracy.value
    assert loud.log_loss_at_best_slope == pytest.approx(right.log_loss_at_best_slope, abs=1e-6)


def test_labels_on_one_pair_count_together() -> None:
    apart = evaluated([1.0, -1.0] * 20, [0.0] * 40)
    # sqrt(.5 x .5/39) for 40 labels on 40 pairs; with every label twice on the same pair, as for 40 pairs.
    assert apart.standard_error == pytest.approx((0.25 / 39) ** 0.5)
    twice = evaluated([1.0, -1.0] * 40, [0.0] * 80, items=[str(k % 40) for k in range(80)])
    assert twice.standard_error == pytest.approx(apart.standard_error)
    assert twice.n_items == 40
    assert evaluated([1.0], [0.0]).standard_error is None


def test_pairs_of_one_prompt_are_one_draw() -> None:
    # 40 prompts with three pairs each that are all right or all wrong: sqrt(.25/39) = .0801; as 120 pairs it was .0458.
    three = evaluated([1.0, -1.0] * 60, [0.0] * 120, prompts=[str(k % 40) for k in range(120)])
    assert three.standard_error == pytest.approx((0.25 / 39) ** 0.5)
    assert (three.n, three.n_items, three.n_prompts) == (120, 120, 40)
    each = evaluated([1.0, -1.0] * 20, [0.0] * 40)
    assert three.accuracy.low == pytest.approx(each.accuracy.low, abs=1e-9)


def test_no_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="no label prefers"):
        evaluated([], [])
