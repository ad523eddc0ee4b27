"""Sample throughput of `farm`'s PPO and of TRL 1.12's, on the same model, prompts, batch and hardware, interleaved.

    pip install --no-deps --target trl_1_12 trl==1.12.0
    OMP_NUM_THREADS=1 python experiments/benchmarks/ppo_throughput.py trl_1_12

Both sides run in this process: 128 answers per step, 4 minibatches, 4 epochs, temperature 1, at most 64 new tokens, the
shipped pocket base as policy, reference and value network, a reward model of the same size, prompts of the pocket
world. A side's cost per step is (seconds of 1 + K steps) - (seconds of 1 step), divided by K, so that loading and the
first step count for neither. The ratio is TRL's seconds over ours, per pair of neighbouring measurements.

TRL keeps finished rows in the batch until the longest answer ends, and trains on padding; nothing was changed there but
the settings that a CPU needs (no bfloat16, no gradient checkpointing) and the batch sizes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from transformers import AutoModelForSequenceClassification

from farm.methods.method import TrainingInputs
from farm.methods.ppo import PPO, RewardSettings, UpdateSettings
from farm.models.checkpoint import Model, load_causal_lm, load_reward_model, load_tokenizer, save_checkpoint
from farm.models.prompts import PromptTemplate, render_all
from farm.models.tokens import encode_prompt
from farm.pocket.dataset import PocketDataset
from farm.records import Instruction, Policy

BASE = Path(__file__).parents[2] / "farm" / "pocket" / "base"
BATCH, MINIBATCHES, EPOCHS, MAX_NEW_TOKENS = 128, 4, 4, 64
CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO throughput against TRL 1.12")
    parser.add_argument("trl", type=Path, help="folder with trl 1.12.0, from pip install --target")
    parser.add_argument("--policy", type=Path, default=BASE, help="a causal LM checkpoint that ends its answers")
    parser.add_argument("--pairs", type=int, default=3, help="measurements of each side")
    parser.add_argument("--steps", type=int, default=3, help="steps per measurement, after the first one")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.trl))
    torch.set_num_threads(1)
    model = _model(arguments.policy)
    instructions = _instructions()
    with tempfile.TemporaryDirectory() as folder:
        reward_model = _make_reward_model(arguments.policy, Path(folder))
        sides: dict[str, Callable[[int], None]] = {
            "trl": lambda steps: _run_trl(model, reward_model, instructions, steps),
            "farm": lambda steps: _run_farm(model, reward_model, instructions, steps),
        }
        for run in sides.values():
            run(1)  # imports, allocations, first calls
        ratios = []
        for _ in range(arguments.pairs):
            pair = {name: _seconds_per_step(run, arguments.steps) for name, run in sides.items()}
            ratios.append(pair["trl"][0] / pair["farm"][0])
            rates = ", ".join(
                f"{name} {BATCH / cpu:.1f}/CPU-s ({BATCH / wall:.1f}/s)" for name, (cpu, wall) in pair.items()
            )
            print(f"{rates}: ratio {ratios[-1]:.2f} by CPU time", flush=True)
    print(f"ratio of samples per CPU-second: median {median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f}")


def run_alone(*, n_steps: int) -> None:
    """Our side by itself, on the shipped base."""
    with tempfile.TemporaryDirectory() as folder:
        _run_farm(_model(BASE), _make_reward_model(BASE, Path(folder)), _instructions(), n_steps)


def _seconds_per_step(run: Callable[[int], None], n_steps: int) -> tuple[float, float]:
    """CPU and wall seconds per step, without loading and the first step."""
    readings = []
    for steps in (1, 1 + n_steps):
        cpu, wall = time.process_time(), time.perf_counter()
        run(steps)
        readings.append((time.process_time() - cpu, time.perf_counter() - wall))
    (short_cpu, short_wall), (long_cpu, long_wall) = readings
    return (long_cpu - short_cpu) / n_steps, (long_wall - short_wall) / n_steps


def _run_farm(model: Model, reward_model: Path, instructions: list[Instruction], n_steps: int) -> None:
    method = PPO(
        name="ppo",
        n_steps=n_steps,
        rollouts_per_step=BATCH,
        rollout_temperature=1.0,
        value_init="reward_model",
        temperature=0.7,
        n_snapshots=1,
        checkpoint_every=1000,
        reward=RewardSettings(
            kl_coef=0.05,
            adaptive_kl=None,
            score_normalisation="none",
            missing_eos_penalty=1.0,
            whiten_rewards=False,
            gamma=1.0,
            gae_lambda=0.95,
        ),
        update=UpdateSettings(
            epochs=EPOCHS,
            batch_size=BATCH // MINIBATCHES,
            learning_rate=3e-6,
            value_learning_rate=3e-6,
            schedule="linear",
            warmup_steps=0,
            adam_epsilon=1e-8,
            max_grad_norm=1.0,
            cliprange=0.2,
            cliprange_value=0.2,
            vf_coef=0.1,
        ),
    )
    inputs = TrainingInputs(
        model=model,
        sft=Policy(checkpoint=Path(model.checkpoint), temperature=0.7),
        demonstrations=[],
        pairs=[],
        unlabeled=instructions,
        reward_model=reward_model,
    )
    with tempfile.TemporaryDirectory() as output_dir, tempfile.TemporaryDirectory() as scratch_dir:
        method.train(inputs, Path(output_dir), Path(scratch_dir), 0)


def _run_trl(model: Model, reward_model: Path, instructions: list[Instruction], n_steps: int) -> None:
    from datasets import Dataset
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    tokenizer = load_tokenizer(model.checkpoint)
    tokenizer.padding_side = "left"
    prompts = render_all(model.prompt, tokenizer, instructions)
    with tempfile.TemporaryDirectory() as output_dir:
        config = PPOConfig(
            output_dir=output_dir,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=1,
            num_mini_batches=MINIBATCHES,
            num_ppo_epochs=EPOCHS,
            local_rollout_forward_batch_size=BATCH,
            total_episodes=n_steps * BATCH,
            num_sample_generations=0,
            response_length=MAX_NEW_TOKENS,
            stop_token="eos",
            missing_eos_penalty=1.0,
            temperature=1.0,
            learning_rate=3e-6,
        )
        trainer = PPOTrainer(
            args=config,
            processing_class=tokenizer,
            model=load_causal_lm(model.checkpoint, dtype=torch.float32, device=CPU),
            ref_model=load_causal_lm(model.checkpoint, dtype=torch.float32, device=CPU),
            reward_model=load_reward_model(reward_model, dtype=torch.float32, device=CPU),
            value_model=load_reward_model(reward_model, dtype=torch.float32, device=CPU),
            train_dataset=Dataset.from_dict({"input_ids": [encode_prompt(tokenizer, prompt) for prompt in prompts]}),
            eval_dataset=Dataset.from_dict({"input_ids": [encode_prompt(tokenizer, prompts[0])]}),
        )
        trainer.train()


def _model(policy: Path) -> Model:
    folder = Path(__file__).parents[2] / "conf" / "prompt" / "pocket"
    return Model(
        name="pocket",
        checkpoint=str(policy),
        prompt=PromptTemplate(
            without_input=(folder / "without_input.txt").read_text(),
            with_input=(folder / "with_input.txt").read_text(),
        ),
        max_prompt_tokens=96,
        max_new_tokens=MAX_NEW_TOKENS,
        dtype="float32",
        device="cpu",
        threads=1,
        micro_batch_size=16,
        generation_batch_size=BATCH,
        adapter=None,
    )


def _instructions() -> list[Instruction]:
    dataset = PocketDataset(
        name="pocket",
        n_demonstrations=2,
        n_preference=2,
        n_unlabeled=1024,
        n_evaluation=2,
        n_validation=0,
        expert_share=0.5,
        seed=0,
    )
    return list(dataset.load().unlabeled)


def _make_reward_model(policy: Path, directory: Path) -> Path:
    """A new scalar head on the policy's body: what it says does not matter here, only what it costs."""
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(policy, num_labels=1, dtype=torch.float32)
    return save_checkpoint(model, load_tokenizer(policy), directory)


if __name__ == "__main__":
    main()
