"""The networks of a method that trains on its own answers: loaded once, and kept together."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

import torch
from transformers import PreTrainedTokenizerBase

from farm.methods.method import TrainingInputs
from farm.models.checkpoint import load_tokenizer
from farm.models.forward import LanguageModel
from farm.models.scoring.reward import RewardScorer, load_reward_scorer
from farm.models.trainable import load_policy_and_reference


class Networks(NamedTuple):
    """What PPO and Quark both work with."""

    policy: LanguageModel
    """All its weights are trained, or an adapter on them."""
    ref_policy: LanguageModel
    """The SFT policy, frozen."""
    reward_model: RewardScorer
    """Frozen."""
    tokenizer: PreTrainedTokenizerBase
    """Of the policy; the others read its ids."""
    precision: Callable[[], AbstractContextManager[object]]
    """Opens the context of every forward pass: mixed precision, or nothing."""

    @property
    def device(self) -> torch.device:
        return self.policy.model.device


def load_networks(inputs: TrainingInputs, seed: int) -> Networks:
    """Policy and reference from the SFT policy, and the reward model; the seed is that of an adapter's weights."""
    assert inputs.sft is not None and inputs.reward_model is not None
    model, device, sft = inputs.model, inputs.model.torch_device, inputs.sft.checkpoint
    policy, ref_policy = load_policy_and_reference(sft, model, reference=sft, seed=seed)
    is_mixed = model.dtype == "bfloat16"
    return Networks(
        policy=LanguageModel(policy),
        ref_policy=LanguageModel(ref_policy),
        reward_model=load_reward_scorer(inputs.reward_model, dtype=model.torch_dtype, device=device),
        tokenizer=load_tokenizer(sft),
        precision=partial(torch.autocast, device.type, dtype=torch.bfloat16) if is_mixed else nullcontext,
    )
