"""Rollouts: which prompts a step answers, how answers are grouped, what a prefix changes."""

import numpy as np
import pytest

from farm.methods.method import TrainingInputs
from farm.methods.online.networks import load_networks
from farm.methods.online.rollouts import Answers, micro_batches, prompts_of_step, roll_out
from farm.methods.online.training_log import Clock
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt


def test_every_pass_answers_each_prompt_once() -> None:
    passes = [[i for step in range(3 * p, 3 * p + 3) for i in prompts_of_step(10, 3, step, seed=0)] for p in range(2)]
    for answered in passes:
        assert len(set(answered)) == 9
    assert passes[0] != passes[1]
    with pytest.raises(ValueError, match="only 10 unlabeled prompts"):
        prompts_of_step(10, 11, 0, seed=0)


def test_micro_batches_hold_rows_of_like_length() -> None:
    lengths = [9, 2, 7, 2, 5, 30]
    assert list(micro_batches([5, 3, 0, 1, 4], lengths, 2)) == [[3, 1], [4, 0], [5]]


def test_a_prefix_changes_the_answers_and_not_what_is_scored(inputs: TrainingInputs) -> None:
    networks, clock = load_networks(inputs, 0), Clock()
    asked = list(inputs.unlabeled[:6])

    def drawn(prefix: str) -> Answers:
        return roll_out(
            networks, inputs.model, asked, temperature=1.0, prefix=prefix, seed=0, purpose="test", clock=clock
        )

    plain, prefixed = drawn(""), drawn("Sort well.\n")
    prompts = render_all(inputs.model.prompt, networks.tokenizer, asked)
    expected = [encode_prompt(networks.tokenizer, prompt) for prompt in prompts]
    assert plain.prompt_ids == prefixed.prompt_ids == expected
    assert [c.ids for c in plain.completions] != [c.ids for c in prefixed.completions]
    sequences = [[*p, *c.ids] for p, c in zip(expected, prefixed.completions, strict=True)]
    np.testing.assert_allclose(networks.reward_model.of_ids(sequences, batch_size=1), prefixed.scores, rtol=1e-4)
    assert set(clock.report(6)) == {"rollout", "score", "samples_per_second"}
