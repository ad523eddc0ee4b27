"""What `farm`'s DPO, KTO and SFT cost beside TRL's own trainers, used plainly, on the same model, rows and batches.

    OMP_NUM_THREADS=1 python experiments/benchmarks/trainer_overhead.py

Both sides do the whole job in this process: load the checkpoint, tokenise texts, train in float32 on one thread, save.
TRL gets texts and its own defaults but for what a CPU needs (no bfloat16, no gradient checkpointing) and what is set
equal: batch size, steps, learning rate, no reports and no checkpoints. The ratio is our CPU seconds over TRL's, per
pair of neighbouring runs; wall seconds stand beside them.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import Method, TrainingInputs
from farm.methods.preference.dpo import DPO
from farm.methods.preference.kto import KTO
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import Model
from farm.models.prompts import PromptTemplate, render_all
from farm.pocket.dataset import PocketDataset
from farm.records import Demonstration, Policy, PreferencePair

BASE = Path(__file__).parents[2] / "farm" / "pocket" / "base"
PROMPTS = Path(__file__).parents[2] / "conf" / "prompt" / "pocket"
BATCH, LEARNING_RATE, MAX_PROMPT, MAX_ANSWER = 16, 1e-5, 96, 64


class Rows(NamedTuple):
    """The same rows for both sides."""

    demonstrations: list[Demonstration]
    pairs: list[PreferencePair]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of farm's trainers over TRL's own")
    parser.add_argument("--pairs", type=int, default=5, help="measurements of each side")
    parser.add_argument("--steps", type=int, default=12, help="optimizer steps of each run")
    parser.add_argument("--methods", nargs="+", default=["sft", "dpo", "kto"], choices=["sft", "dpo", "kto"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = _rows(arguments.steps * BATCH)
    for name in arguments.methods:
        sides: dict[str, Callable[[], None]] = {
            "trl": lambda name=name: _run_trl(name, rows),  # type: ignore[misc]
            "farm": lambda name=name: _run_farm(name, rows),  # type: ignore[misc]
        }
        for run in sides.values():
            run()  # imports, allocations, first calls
        cpu, wall = [], []
        for _ in range(arguments.pairs):
            pair = {side: _seconds(run) for side, run in sides.items()}
            cpu.append(pair["farm"][0] / pair["trl"][0])
            wall.append(pair["farm"][1] / pair["trl"][1])
            timings = ", ".join(f"{side} {c:.2f} CPU-s ({w:.2f} s)" for side, (c, w) in pair.items())
            print(f"{name}: {timings}: ratio {cpu[-1]:.3f} by CPU time", flush=True)
        print(
            f"{name}: farm / TRL by CPU time: median {median(cpu):.3f}, min {min(cpu):.3f}, max {max(cpu):.3f}; "
            f"by wall time: median {median(wall):.3f}",
            flush=True,
        )


def run_side(side: str, name: str, *, n_steps: int) -> None:
    """One side's whole job: side is farm or trl, name is sft, dpo or kto."""
    rows = _rows(n_steps * BATCH)
    _run_farm(name, rows) if side == "farm" else _run_trl(name, rows)


def _seconds(run: Callable[[], None]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def _run_farm(name: str, rows: Rows) -> None:
    training = TrainingSettings(
        learning_rate=LEARNING_RATE,
        epochs=1,
        batch_size=BATCH,
        batches_per_length_group=1,
        warmup_share=0.0,
        schedule="linear",
        weight_decay=0.0,
        max_grad_norm=1.0,
        n_snapshots=1,
        gradient_checkpointing=False,
    )
    methods: dict[str, Method] = {
        "sft": SFT(name="sft", training=training, temperature=0.7),
        "dpo": DPO(
            name="dpo",
            loss_type="sigmoid",
            beta=0.1,
            label_smoothing=None,
            ld_alpha=None,
            uses_wpo=False,
            rows_per_forward=BATCH,
            training=training,
            temperature=0.7,
        ),
        "kto": KTO(
            name="kto",
            loss_type="kto",
            beta=0.1,
            desirable_weight=1.0,
            undesirable_weight=1.0,
            rows_per_forward=BATCH,
            training=training,
            temperature=0.7,
        ),
    }
    # A KTO batch counts answers, of which a pair has two.
    n_pairs = len(rows.pairs) // 2 if name == "kto" else len(rows.pairs)
    inputs = TrainingInputs(
        model=_model(micro_batch_size=2 * BATCH if name == "dpo" else BATCH),
        sft=Policy(checkpoint=BASE, temperature=0.7),
        demonstrations=rows.demonstrations,
        pairs=rows.pairs[:n_pairs],
        unlabeled=[],
        reward_model=None,
    )
    with tempfile.TemporaryDirectory() as output_dir, tempfile.TemporaryDirectory() as scratch_dir:
        methods[name].train(inputs, Path(output_dir), Path(scratch_dir), 0)


def _run_trl(name: str, rows: Rows) -> None:
    """As TRL's documentation shows it: texts in, a trainer, `train`, `save_model`."""
    prompt = _model(micro_batch_size=BATCH).prompt
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    shared: dict[str, Any] = {
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "per_device_train_batch_size": BATCH,
        "num_train_epochs": 1,
        "learning_rate": LEARNING_RATE,
        "max_length": MAX_PROMPT + MAX_ANSWER,
    }
    table: list[dict[str, object]]
    if name == "sft":
        prompts = render_all(prompt, tokenizer, rows.demonstrations)
        table = [
            {"prompt": text, "completion": row.output} for text, row in zip(prompts, rows.demonstrations, strict=True)
        ]
        kind, config = SFTTrainer, SFTConfig
    else:
        pairs = rows.pairs[: len(rows.pairs) // 2] if name == "kto" else rows.pairs
        prompts = render_all(prompt, tokenizer, pairs)
        named = list(zip(prompts, pairs, strict=True))
        if name == "dpo":
            table = [{"prompt": text, "chosen": pair.chosen, "rejected": pair.rejected} for text, pair in named]
            kind, config = DPOTrainer, DPOConfig
        else:
            table = [{"prompt": text, "completion": pair.chosen, "label": True} for text, pair in named]
            table += [{"prompt": text, "completion": pair.rejected, "label": False} for text, pair in named]
            kind, config = KTOTrainer, KTOConfig
    with tempfile.TemporaryDirectory() as output_dir:
        model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
        trainer = kind(
            model=model,
            args=config(output_dir=output_dir, **shared),
            train_dataset=Dataset.from_list(table),
            processing_class=tokenizer,
        )
        trainer.train()
        trainer.save_model(output_dir)


def _rows(n: int) -> Rows:
    """Demonstrations of the pocket world; a pair's rejected answer is another instruction's."""
    dataset = PocketDataset(
        name="pocket",
        n_demonstrations=n,
        n_preference=2,
        n_unlabeled=2,
        n_validation=2,
        n_evaluation=2,
        expert_share=0.5,
        seed=0,
    )
    demonstrations = list(dataset.load().demonstrations)
    others = demonstrations[1:] + demonstrations[:1]
    pairs = [
        PreferencePair(instruction=row.instruction, input=row.input, chosen=row.output, rejected=other.output)
        for row, other in zip(demonstrations, others, strict=True)
    ]
    return Rows(demonstrations, pairs)


def _model(micro_batch_size: int) -> Model:
    return Model(
        name="pocket",
        checkpoint=str(BASE),
        prompt=PromptTemplate(
            without_input=(PROMPTS / "without_input.txt").read_text(),
            with_input=(PROMPTS / "with_input.txt").read_text(),
        ),
        max_prompt_tokens=MAX_PROMPT,
        max_new_tokens=MAX_ANSWER,
        dtype="float32",
        device="cpu",
        threads=1,
        micro_batch_size=micro_batch_size,
        generation_batch_size=BATCH,
        adapter=None,
    )


if __name__ == "__main__":
    main()
