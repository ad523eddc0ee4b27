"""Run TRL 1.12's own PPO trainer on a tiny model and keep what it computed: `trl_ppo.safetensors`.

    pip install --no-deps --target trl_1_12 trl==1.12.0
    python tests/methods/trl_ppo_dump.py trl_1_12

TRL 1.12 is the last release with a PPO trainer. Nothing of it is written anew here: its `train` runs, and its local
variables are read where it calls `backward`. Two batches: "full", where every answer fills all columns, so that both
sides mean the same by the last token and a whole step can be compared; and "ragged", where some answers end early.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from torch import Tensor
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

FIXTURE = Path(__file__).parent / "trl_ppo.safetensors"
PAD, EOS, VOCABULARY = 0, 1, 24
N_ROWS, LONGEST_PROMPT = 8, 4
SETTINGS = {
    "temperature": 0.7,
    "kl_coef": 0.3,
    "gamma": 0.95,
    "lam": 0.9,
    "cliprange": 0.1,
    "cliprange_value": 0.05,
    "vf_coef": 0.4,
    "missing_eos_penalty": 0.8,
    "learning_rate": 3e-3,
    "adam_epsilon": 1e-5,
}
"""Under TRL's names; none is 1 or 0, so that each one shows."""
KEPT = [
    "queries",
    "responses",
    "sequence_lengths",
    "padding_mask",
    "padding_mask_p1",
    "logprobs",
    "ref_logprobs",
    "values",
    "scores",
    "rewards",
    "advantages",
    "returns",
]
KEPT_OF_EACH_STEP = ["new_logprobs", "vpred", "pg_loss", "vf_loss"]


class Networks(NamedTuple):
    """In TRL's roles."""

    policy: PreTrainedModel
    ref_policy: PreTrainedModel
    value: PreTrainedModel
    reward: PreTrainedModel


def config() -> LlamaConfig:
    """Of all four networks."""
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32,
        tie_word_embeddings=False,
        bos_token_id=None,
        pad_token_id=PAD,
        eos_token_id=EOS,
        num_labels=1,
        initializer_range=0.3,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Dump two batches of TRL 1.12's PPO")
    parser.add_argument("trl", type=Path, help="folder with trl 1.12.0, from pip install --target")
    sys.path.insert(0, str(parser.parse_args().trl))
    import trl

    assert trl.__version__ == "1.12.0", trl.__version__
    torch.set_num_threads(1)
    tensors: dict[str, Tensor] = {name: torch.tensor(value, dtype=torch.float64) for name, value in SETTINGS.items()}
    frozen = _networks()
    for role, network in (("ref_policy", frozen.ref_policy), ("reward", frozen.reward)):
        tensors |= {f"{role}/{name}": weight for name, weight in network.state_dict().items()}
    tensors |= {f"full/{name}": value for name, value in _first_batch(4, is_ragged=False).items()}
    ragged = _first_batch(7, is_ragged=True)
    # Both start from the same weights; of the ragged batch no optimizer step is compared.
    tensors |= {f"ragged/{name}": value for name, value in ragged.items() if not name.startswith("weights_")}
    save_file({name: value.detach().contiguous().clone() for name, value in tensors.items()}, FIXTURE)
    print(f"{FIXTURE}: {FIXTURE.stat().st_size / 1000:.0f} kB")


def _first_batch(response_length: int, *, is_ragged: bool) -> dict[str, Tensor]:
    """What TRL computed from the first seed whose answers are as wanted: some finished, some not."""
    for seed in range(1000):
        batch = _run(response_length, seed)
        last = batch["sequence_lengths"]
        is_finished = batch["responses"].gather(1, last.unsqueeze(1)).squeeze(1) == EOS
        is_short = last < response_length - 1
        # TRL may also draw the padding token, which it then takes for the end.
        is_clean = not (is_short & ~is_finished).any()
        if is_clean and bool(is_short.any()) == is_ragged and is_finished.any() and not is_finished.all():
            return batch
    raise RuntimeError("no seed gave such a batch")


def _run(response_length: int, seed: int) -> dict[str, Tensor]:
    from datasets import Dataset
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    networks = _networks()
    prompts = torch.randint(2, VOCABULARY, (N_ROWS, LONGEST_PROMPT), generator=torch.Generator().manual_seed(7))
    rows = Dataset.from_dict({"input_ids": [ids[: 2 + i % 3].tolist() for i, ids in enumerate(prompts)]})
    with tempfile.TemporaryDirectory() as output_dir:
        trainer = PPOTrainer(
            args=PPOConfig(
                output_dir=output_dir,
                seed=seed,
                use_cpu=True,
                bf16=False,
                gradient_checkpointing=False,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                per_device_train_batch_size=N_ROWS,
                gradient_accumulation_steps=1,
                num_mini_batches=1,
                num_ppo_epochs=2,
                local_rollout_forward_batch_size=N_ROWS,
                total_episodes=N_ROWS,
                num_sample_generations=0,
                response_length=response_length,
                stop_token="eos",
                kl_estimator="k1",
                whiten_rewards=False,
                **SETTINGS,
            ),
            processing_class=_tokenizer(),
            model=networks.policy,
            ref_model=networks.ref_policy,
            reward_model=networks.reward,
            value_model=networks.value,
            train_dataset=rows,
            eval_dataset=rows,
        )
        seen: dict[str, Tensor] = {}
        _record(trainer, seen)
        trainer.train()
    return seen | _weights(networks.policy, networks.value, n_steps=2)


def _record(trainer: Any, seen: dict[str, Tensor]) -> None:
    """Have the trainer leave its variables in `seen` at each backward pass."""
    from trl.experimental.ppo.ppo_trainer import masked_whiten

    backward = trainer.accelerator.backward

    def backward_and_keep(loss: Tensor) -> None:
        variables = sys._getframe(1).f_locals  # those of PPOTrainer.train, which hands them to nobody
        n_steps = variables["ppo_epoch_idx"]
        if n_steps == 0:
            seen.update({name: variables[name].clone() for name in KEPT})
            mask = ~variables["padding_mask_p1"]
            seen["whitened_rewards"] = masked_whiten(variables["rewards"], mask, shift_mean=False)
        seen.update(_weights(trainer.model.policy, trainer.model.value_model, n_steps))
        seen.update({f"step_{n_steps}/{name}": variables[name].detach().clone() for name in KEPT_OF_EACH_STEP})
        seen[f"step_{n_steps}/order"] = torch.from_numpy(variables["micro_batch_inds"].copy())
        backward(loss)

    trainer.accelerator.backward = backward_and_keep


def _weights(policy: PreTrainedModel, value: PreTrainedModel, n_steps: int) -> dict[str, Tensor]:
    """After so many optimizer steps."""
    return {
        f"weights_{n_steps}/{role}/{name}": weight.clone()
        for role, network in (("policy", policy), ("value", value))
        for name, weight in network.state_dict().items()
    }


def _networks() -> Networks:
    """Four networks of their own; the reference is near the policy, so that their KL is not 0."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        policy, ref_policy = LlamaForCausalLM(config()), LlamaForCausalLM(config())
        value, reward = (LlamaForSequenceClassification(config()) for _ in range(2))
        ref_policy.load_state_dict(policy.state_dict())
        with torch.no_grad():
            for weight in ref_policy.parameters():
                weight.add_(0.05 * torch.randn_like(weight))
    return Networks(policy, ref_policy, value, reward)


def _tokenizer() -> PreTrainedTokenizerFast:
    words = ["<pad>", "<eos>", *(f"w{i}" for i in range(2, VOCABULARY))]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", padding_side="left"
    )


if __name__ == "__main__":
    main()
