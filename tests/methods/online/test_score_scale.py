"""Normalised scores and the adaptive coefficient: what was found for one reward model holds for another."""

from pathlib import Path

import pytest
import torch

from farm.methods.method import TrainingInputs
from farm.methods.online.score_scale import AdaptiveKL, ScoreMoments, next_moments, normalised
from farm.models.answering import rewards_of
from farm.records import Output
from tests.methods.test_reward_scale import scaled_head


def test_moments_are_those_of_all_scores() -> None:
    scores = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    moments = ScoreMoments().including(scores[:2]).including(scores[2:])
    # mean 23/6; squared deviations sum to 133 - 23^2/6 = 44.8333
    assert moments.mean == pytest.approx(23 / 6)
    assert moments.standard_deviation == pytest.approx((44.8333333 / 6) ** 0.5, rel=1e-6)


def test_adaptive_kl_steers_towards_its_target() -> None:
    adaptive = AdaptiveKL(target=6.0, rate=0.1)
    assert adaptive.adapted(1.0, 60.0) == pytest.approx(1.02)  # error clipped to 0.2
    assert adaptive.adapted(1.0, 6.6) == pytest.approx(1.01)
    assert adaptive.adapted(1.0, 0.0) == pytest.approx(0.98)


@pytest.mark.parametrize("normalisation", ["first_rollouts", "running"])
def test_ppo_rewards_do_not_depend_on_the_scale_of_the_scores(
    normalisation: str, inputs: TrainingInputs, reward_model: Path, tmp_path: Path
) -> None:
    """Ten times the scores, the same normalised rewards, so the same kl_coef; raw ones are ten times as large."""
    louder = scaled_head(reward_model, 10.0, tmp_path / "louder")
    outputs = [Output(instruction=p.instruction, output=p.chosen, generator="") for p in inputs.pairs]
    rewards, raw = [], []
    for folder in (reward_model, louder):
        scores = torch.tensor(rewards_of(inputs.model, folder, outputs))
        moments = ScoreMoments()
        steps = []
        for step in scores.split(20):
            moments = next_moments(moments, step, normalisation)
            steps.append(normalised(step, moments))
        rewards.append(torch.cat(steps))
        raw.append(scores)
    torch.testing.assert_close(rewards[1], rewards[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(raw[1], 10 * raw[0], rtol=1e-4, atol=1e-4)
