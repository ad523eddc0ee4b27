"""What gpu_training.py trains: random Llamas, texts of random letters, and the settings of PPO and DPO."""

import random
import string
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast

from farm.methods.method import TrainingInputs
from farm.methods.ppo import PPO, RewardSettings, UpdateSettings
from farm.methods.preference.dpo import DPO
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import Model
from farm.models.prompts import PromptTemplate
from farm.records import Instruction, Policy, PreferencePair


@dataclass(frozen=True, kw_only=True)
class Size:
    """What is trained on what; tokens are bytes."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    prompt_tokens: int
    answer_tokens: int
    rollouts: int
    ppo_steps: int
    ppo_epochs: int
    ppo_batch: int
    dpo_steps: int
    dpo_batch: int
    micro_batch: int


HALF_BILLION = Size(
    hidden=1024,
    intermediate=4864,
    layers=24,
    heads=16,
    kv_heads=4,
    vocabulary=32768,
    prompt_tokens=128,
    answer_tokens=256,
    rollouts=256,
    ppo_steps=3,
    ppo_epochs=2,
    ppo_batch=64,
    dpo_steps=8,
    dpo_batch=64,
    micro_batch=32,
)
SMALL = Size(
    hidden=64,
    intermediate=128,
    layers=2,
    heads=4,
    kv_heads=2,
    vocabulary=512,
    prompt_tokens=16,
    answer_tokens=12,
    rollouts=8,
    ppo_steps=2,
    ppo_epochs=2,
    ppo_batch=4,
    dpo_steps=3,
    dpo_batch=4,
    micro_batch=4,
)


def ppo_method(size: Size) -> PPO:
    return PPO(
        name="ppo",
        n_steps=size.ppo_steps,
        rollouts_per_step=size.rollouts,
        rollout_temperature=1.0,
        value_init="reward_model",
        temperature=0.7,
        n_snapshots=1,
        checkpoint_every=1000,
        reward=RewardSettings(
            kl_coef=0.05,
            adaptive_kl=None,
            score_normalisation="first_rollouts",
            missing_eos_penalty=1.0,
            whiten_rewards=False,
            gamma=1.0,
            gae_lambda=0.95,
        ),
        update=UpdateSettings(
            epochs=size.ppo_epochs,
            batch_size=size.ppo_batch,
            learning_rate=1e-6,
            value_learning_rate=1e-6,
            schedule="constant",
            warmup_steps=0,
            adam_epsilon=1e-8,
            max_grad_norm=1.0,
            cliprange=0.2,
            cliprange_value=0.2,
            vf_coef=0.1,
        ),
    )


def dpo_method(size: Size) -> DPO:
    return DPO(
        name="dpo",
        loss_type="sigmoid",
        beta=0.1,
        label_smoothing=None,
        ld_alpha=None,
        uses_wpo=False,
        rows_per_forward=size.dpo_batch,
        temperature=0.7,
        training=TrainingSettings(
            learning_rate=1e-6,
            epochs=1,
            batch_size=size.dpo_batch,
            batches_per_length_group=1,
            warmup_share=0.0,
            schedule="constant_with_warmup",
            weight_decay=0.0,
            max_grad_norm=1.0,
            gradient_checkpointing=False,
        ),
    )


def random_inputs(size: Size, device: torch.device, folder: Path) -> TrainingInputs:
    """Random weights, and texts of random letters, one token each."""
    tokenizer = _byte_tokenizer()
    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.kv_heads,
        max_position_embeddings=2048,
        bos_token_id=None,
        pad_token_id=0,
        eos_token_id=1,
        num_labels=1,
    )
    torch.manual_seed(0)
    policy = LlamaForCausalLM(config)
    with torch.no_grad():
        policy.lm_head.weight.mul_(5)  # clear preferences among tokens, so that a wrong sampler would show
    for name, model in (("sft", policy), ("reward_model", LlamaForSequenceClassification(config))):
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    letters = random.Random(0)

    def text(length: int) -> str:
        return "".join(letters.choices(string.ascii_letters, k=length))

    n_pairs, n_answer = size.dpo_batch * size.dpo_steps, size.answer_tokens - 1  # and the end token
    return TrainingInputs(
        model=_model(size, device, folder / "sft"),
        sft=Policy(checkpoint=folder / "sft", temperature=0.7),
        demonstrations=[],
        pairs=[
            PreferencePair(
                instruction=text(size.prompt_tokens),
                input="",
                chosen=text(n_answer),
                rejected=text(n_answer),
            )
            for _ in range(n_pairs)
        ],
        unlabeled=[Instruction(instruction=text(size.prompt_tokens), input="") for _ in range(size.rollouts)],
        reward_model=folder / "reward_model",
    )


def _model(size: Size, device: torch.device, checkpoint: Path) -> Model:
    return Model(
        name="random",
        checkpoint=str(checkpoint),
        prompt=PromptTemplate(without_input="{instruction}", with_input="{instruction}{input}"),
        max_prompt_tokens=size.prompt_tokens,
        max_new_tokens=size.answer_tokens,
        dtype="bfloat16",
        device=device.type,
        threads=None,
        micro_batch_size=size.micro_batch,
        generation_batch_size=size.rollouts,
        adapter=None,
    )


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
