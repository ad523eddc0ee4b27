"""PPO against TRL 1.12's own trainer, on what it computed from two batches (`trl_ppo_dump.py`; no TRL 1.12 needed).

Log-probabilities, values and scores are the same quantities on both sides. Where the conventions differ, the test
either sets them the same or moves ours over to TRL's in plain sight:

| | TRL 1.12 | farm |
|---|---|---|
| temperature | logits / (temperature + 1e-7) | logits / temperature: within the tolerance |
| log-probabilities of rollouts | kept from sampling | computed anew by the update's code |
| padding | on the left, then on both sides | on the right: within the tolerance |
| after an early end token | one state more, with a value; it gets the score | worth 0; the end token gets the score |
| whitening | variance divided by n - 1 | by n: ours is sqrt(n / (n - 1)) times TRL's |
| value head | the classifier's trained head, without bias | a new head that starts at 0, with bias |
| gradient clipping | none | each network's norm by itself; infinite here |
| KL per token | k1 or k3, by name | k1 |
| statistics | approximate KL is half the squared log-ratio, over padding too | k3, over real tokens |
| normalisation of scores | none | by the settings; not used here |
"""

import math
from contextlib import nullcontext
from functools import cache
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import LlamaForCausalLM, LlamaForSequenceClassification

from farm.methods.online.networks import Networks
from farm.methods.online.rollouts import Answers, score_completions
from farm.methods.ppo import (
    RewardSettings,
    Rollouts,
    TokenRewards,
    UpdateSettings,
    UpdateStatistics,
    evaluate,
    make_optimizer,
    token_rewards,
    update_networks,
)
from farm.models.forward import LanguageModel, ValueModel
from farm.models.generate import Completion
from farm.models.scoring.reward import RewardScorer
from farm.tensors.masks import masked_whiten
from farm.tensors.ppo import clipped_policy_loss, clipped_value_loss, generalised_advantages, shaped_rewards
from tests.methods.trl_ppo_dump import EOS, FIXTURE, PAD, config

TOLERANCE = 1e-5


class Batch(NamedTuple):
    """What TRL dumped of one batch, by its names, and its settings."""

    trl: dict[str, Tensor]
    settings: dict[str, float]

    @property
    def mask(self) -> Tensor:
        """(B, T) real tokens, the end token included."""
        return ~self.trl["padding_mask"]

    @property
    def prompt_ids(self) -> list[list[int]]:
        return [[i for i in row if i != PAD] for row in self.trl["queries"].tolist()]

    @property
    def completions(self) -> list[Completion]:
        rows = [ids[mask].tolist() for ids, mask in zip(self.trl["responses"], self.mask, strict=True)]
        return [Completion(ids, "", ids[-1] == EOS) for ids in rows]


@cache
def dumped() -> dict[str, Tensor]:
    return load_file(FIXTURE)


def part(name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}/"): value for key, value in dumped().items() if key.startswith(f"{name}/")}


def batch_named(name: str) -> Batch:
    return Batch(part(name), {key: float(value) for key, value in dumped().items() if "/" not in key})


@pytest.fixture
def full() -> Batch:
    return batch_named("full")


@pytest.fixture
def ragged() -> Batch:
    return batch_named("ragged")


class FourNetworks(NamedTuple):
    """Those that PPO shares with other methods, and its own."""

    shared: Networks
    value_model: ValueModel


@pytest.fixture
def networks() -> FourNetworks:
    """TRL's four networks before its first step; the value head is the classifier's, and its bias 0."""
    policy, ref_policy = LlamaForCausalLM(config()).eval(), LlamaForCausalLM(config()).eval()
    value, reward = (LlamaForSequenceClassification(config()).eval() for _ in range(2))
    for network, name in (
        (policy, "full/weights_0/policy"),
        (ref_policy, "ref_policy"),
        (value, "full/weights_0/value"),
        (reward, "reward"),
    ):
        network.load_state_dict(part(name))
    value_model = ValueModel(value.model)
    with torch.no_grad():
        value_model.head.weight.copy_(value.score.weight)
    shared = Networks(
        policy=LanguageModel(policy),
        ref_policy=LanguageModel(ref_policy.requires_grad_(False)),
        reward_model=RewardScorer([reward], tokenizer=None),  # type: ignore[arg-type]
        tokenizer=None,  # type: ignore[arg-type]
        precision=nullcontext,
    )
    return FourNetworks(shared, value_model)


def evaluated(networks: FourNetworks, batch: Batch) -> Rollouts:
    shared, value_model = networks
    scores = score_completions(shared, batch.prompt_ids, batch.completions, batch_size=3)
    answers = Answers([], batch.prompt_ids, batch.completions, scores)
    return evaluate(shared, value_model, answers, temperature=batch.settings["temperature"], micro_batch_size=3)


def rewarded(batch: Batch, rollouts: Rollouts) -> TokenRewards:
    settings = RewardSettings(
        kl_coef=batch.settings["kl_coef"],
        adaptive_kl=None,
        score_normalisation="none",
        missing_eos_penalty=batch.settings["missing_eos_penalty"],
        whiten_rewards=False,
        gamma=batch.settings["gamma"],
        gae_lambda=batch.settings["lam"],
    )
    return token_rewards(rollouts, rollouts.scores, settings, kl_coef=settings.kl_coef)


def bessel(mask: Tensor) -> float:
    """TRL's whitened values times this are ours."""
    n = int(mask.sum())
    return math.sqrt(n / (n - 1))


def assert_same(ours: Tensor, trls: Tensor) -> None:
    torch.testing.assert_close(ours, trls, atol=TOLERANCE, rtol=TOLERANCE)


@pytest.mark.parametrize("name", ["full", "ragged"])
def test_logps_values_and_scores_of_rollouts(name: str, networks: FourNetworks) -> None:
    batch = batch_named(name)
    rollouts = evaluated(networks, batch)
    assert torch.equal(rollouts.completion_mask, batch.mask)
    assert 0 < rollouts.is_finished.sum() < len(rollouts.is_finished)
    for ours, theirs in (
        (rollouts.logps, "logprobs"),
        (rollouts.ref_logps, "ref_logprobs"),
        (rollouts.values, "values"),
    ):
        assert_same(ours[batch.mask], batch.trl[theirs][batch.mask])
    penalties = batch.settings["missing_eos_penalty"] * (~rollouts.is_finished).float()
    assert_same(rollouts.scores - penalties, batch.trl["scores"])
    assert (batch.trl["logprobs"] - batch.trl["ref_logprobs"]).abs().max() > 0.1


def test_rewards_advantages_and_returns_of_full_answers(full: Batch, networks: FourNetworks) -> None:
    rollouts = evaluated(networks, full)
    result = rewarded(full, rollouts)
    assert_same(result.scores, full.trl["scores"])
    rewards = shaped_rewards(result.scores, rollouts.logratio, full.mask, kl_coef=full.settings["kl_coef"])
    assert_same(rewards, full.trl["rewards"])
    assert_same(masked_whiten(rewards, full.mask, shift_mean=False), whitened_as_ours(full))
    assert_same(result.advantages.returns, full.trl["returns"])
    assert_same(result.advantages.advantages, bessel(full.mask) * full.trl["advantages"])


def whitened_as_ours(batch: Batch) -> Tensor:
    """TRL's whitened rewards, whose mean stays, with the variance over n."""
    mask = ~batch.trl["padding_mask_p1"]
    mean = batch.trl["rewards"][mask].mean()
    return torch.where(mask, (batch.trl["whitened_rewards"] - mean) * bessel(mask) + mean, 0.0)


def test_early_end_gives_trl_one_state_more(ragged: Batch, networks: FourNetworks) -> None:
    """With that state as one more column our functions give TRL's numbers, and without it the score moves to the end
    token."""
    trl, with_one_more = ragged.trl, ~ragged.trl["padding_mask_p1"]
    estimated = generalised_advantages(
        trl["rewards"],
        trl["values"],
        with_one_more,
        gamma=ragged.settings["gamma"],
        gae_lambda=ragged.settings["lam"],
    )
    assert_same(estimated.returns[with_one_more], trl["returns"][with_one_more])
    whitened = masked_whiten(estimated.advantages, ragged.mask, shift_mean=True)
    assert_same(whitened, bessel(ragged.mask) * trl["advantages"])
    assert_same(masked_whiten(trl["rewards"], with_one_more, shift_mean=False), whitened_as_ours(ragged))

    rollouts = evaluated(networks, ragged)
    ours = shaped_rewards(trl["scores"], rollouts.logratio, ragged.mask, kl_coef=ragged.settings["kl_coef"])
    is_early = trl["sequence_lengths"] < ragged.mask.shape[1] - 1
    assert is_early.any()
    moved = trl["rewards"].clone()
    for row in is_early.nonzero().flatten().tolist():
        last = int(trl["sequence_lengths"][row])
        assert_same(trl["rewards"][row, last + 1], trl["scores"][row])
        moved[row, last] += moved[row, last + 1]
        moved[row, last + 1] = 0
    assert_same(ours, moved)


@pytest.mark.parametrize("name", ["full", "ragged"])
@pytest.mark.parametrize("step", [0, 1])
def test_clipped_losses(name: str, step: int) -> None:
    """From TRL's numbers of each optimizer step; in the second, ratios and values have left their ranges."""
    batch = batch_named(name)
    trl, settings = batch.trl, batch.settings
    order = trl[f"step_{step}/order"]
    policy = clipped_policy_loss(
        trl[f"step_{step}/new_logprobs"],
        trl["logprobs"][order],
        trl["advantages"][order],
        batch.mask[order],
        cliprange=settings["cliprange"],
    )
    with_one_more = ~trl["padding_mask_p1"][order]
    value = clipped_value_loss(
        trl[f"step_{step}/vpred"],
        trl["values"][order],
        trl["returns"][order],
        with_one_more,
        cliprange_value=settings["cliprange_value"],
    )
    assert_same(policy.loss / batch.mask.sum(), trl[f"step_{step}/pg_loss"])
    assert_same(value.loss / with_one_more.sum(), trl[f"step_{step}/vf_loss"])
    assert (policy.n_clipped > 0) == (value.n_clipped > 0) == (step == 1)


def test_two_optimizer_steps_of_full_answers(full: Batch, networks: FourNetworks) -> None:
    """From token ids, in micro-batches of three, to the losses and every weight of both networks after each step."""
    rollouts = evaluated(networks, full)
    advantages = rewarded(full, rollouts).advantages
    # As TRL whitens; everything else is ours.
    advantages = advantages._replace(advantages=advantages.advantages / bessel(full.mask))
    rate = full.settings["learning_rate"]
    settings = UpdateSettings(
        epochs=1,
        batch_size=len(full.prompt_ids),
        learning_rate=rate,
        value_learning_rate=rate,
        schedule="constant",
        warmup_steps=0,
        adam_epsilon=full.settings["adam_epsilon"],
        max_grad_norm=math.inf,
        cliprange=full.settings["cliprange"],
        cliprange_value=full.settings["cliprange_value"],
        vf_coef=full.settings["vf_coef"],
    )
    networks.value_model.head.bias.requires_grad_(False)  # TRL's head has none
    policy = networks.shared.policy
    optimizer = make_optimizer(policy, networks.value_model, settings)
    for step in (0, 1):
        statistics: UpdateStatistics = update_networks(
            *networks,
            optimizer,
            rollouts,
            advantages,
            settings,
            learning_rates=(rate, rate),
            temperature=full.settings["temperature"],
            micro_batch_size=3,
            seed=0,
            step=step,
        )
        assert statistics.policy_loss == pytest.approx(float(full.trl[f"step_{step}/pg_loss"]), abs=TOLERANCE)
        assert statistics.value_loss == pytest.approx(float(full.trl[f"step_{step}/vf_loss"]), abs=TOLERANCE)
        after = part(f"full/weights_{step + 1}")
        assert_same_weights(policy.model, after, "policy/")
        assert_same_weights(networks.value_model.backbone, after, "value/model.")
        assert_same(networks.value_model.head.weight, after["value/score.weight"])


def assert_same_weights(network: nn.Module, after: dict[str, Tensor], prefix: str) -> None:
    weights = network.state_dict()
    assert len(weights) > 10
    moved = 0.0
    for name, weight in weights.items():
        assert_same(weight, after[prefix + name])
        moved = max(moved, float((weight - part("full/weights_0")[prefix + name]).abs().max()))
    assert moved > 100 * TOLERANCE
