"""Pretrains the pocket base: `farm pocket build`. Its log and evaluation are in experiments/pocket_base.md.

A causal language model that has read many drafts of mixed quality and has learned to tell what is good about each.
It is to the pocket world what a pretrained base is to the real one; supervised fine-tuning, reward models and every
method start from it. A killed build resumes from its last checkpoint; the base on disk is renewed at each.
"""

import json
import logging
import math
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch.utils.data import DataLoader
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from farm.bounded.json_text import read_json
from farm.config.checks import check_fields
from farm.pocket.pretrained.build_report import Report, evaluate
from farm.pocket.pretrained.pretraining import (
    CHUNK_BATCHES,
    Batch,
    DraftChunks,
    Heads,
    StreamSettings,
    Templates,
    pretraining_loss,
)
from farm.pocket.pretrained.tokenizer import MAX_TOKENS, make_tokenizer
from farm.seeds import derive_seed

log = logging.getLogger(__name__)
_SECONDS_BETWEEN_CHECKPOINTS = 300.0


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """Settings of the pretraining; conf/pocket_build.yaml says them in words."""

    n_drafts: int
    """Drafts read in all, each once."""
    batch_size: int
    """Drafts per optimizer step."""
    learning_rate: float
    """Peak learning rate; cosine to a fiftieth."""
    weight_decay: float
    """AdamW weight decay on matrices."""
    prompt_weight: float
    """Language-modelling weight of the prompt's tokens."""
    criteria_weight: float
    """Weight of the heads at the end token."""
    pause_weight: float
    """Weight of the heads at the pauses."""
    hidden_size: int
    """Width of the model."""
    intermediate_size: int
    """Width of the feed-forward layers."""
    n_layers: int
    """Number of layers."""
    n_heads: int
    """Attention heads of each layer."""
    seed: int
    """Every random draw is keyed by it."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={
                "n_drafts": 1,
                "batch_size": 1,
                "weight_decay": 0,
                "prompt_weight": 0,
                "criteria_weight": 0,
                "pause_weight": 0,
                "hidden_size": 1,
                "intermediate_size": 1,
                "n_layers": 1,
                "n_heads": 1,
            },
            above={"learning_rate": 0},
        )

    @property
    def n_steps(self) -> int:
        """Optimizer steps, whole chunks of batches."""
        return max(1, self.n_drafts // (self.batch_size * CHUNK_BATCHES)) * CHUNK_BATCHES


class Training(NamedTuple):
    """Everything that a checkpoint holds."""

    model: LlamaForCausalLM
    heads: Heads
    optimizer: torch.optim.AdamW


def build(settings: BuildSettings, output_dir: Path, *, prompt_dir: Path, scratch_dir: Path, is_compiled: bool) -> None:
    """Pretrain the base and write it, with its tokenizer and `build.json`, as a Hugging Face checkpoint.

    Args:
        settings: what determines the base.
        output_dir: the checkpoint's folder; renewed at every checkpoint of the training, and at the end.
        prompt_dir: folder with the prompt templates.
        scratch_dir: survives a killed build; what it resumes from.
        is_compiled: compile the model first, which needs a C++ compiler; changes the speed only.
    """
    templates = Templates.read(prompt_dir)
    tokenizer = make_tokenizer((templates.without_input, templates.with_input))
    training = _start(settings, tokenizer)
    checkpoint, log_path = scratch_dir / "checkpoint.pt", scratch_dir / "log.jsonl"
    scratch_dir.mkdir(parents=True, exist_ok=True)
    step, seconds = _resume(training, checkpoint)
    stream = StreamSettings(batch_size=settings.batch_size, prompt_weight=settings.prompt_weight, seed=settings.seed)
    chunks = DraftChunks(tokenizer, templates, stream)
    loader = DataLoader(
        chunks,
        batch_size=None,
        sampler=range(step // CHUNK_BATCHES, settings.n_steps // CHUNK_BATCHES),
        num_workers=1,
        prefetch_factor=4,
    )
    if is_compiled:
        training.model.model.compile(dynamic=True)
    started = saved = time.monotonic()
    for batches in loader:
        loss = 0.0
        for batch in batches:
            loss += _step(training, batch, settings, step) / CHUNK_BATCHES
            step += 1
        now = time.monotonic()
        if now - saved > _SECONDS_BETWEEN_CHECKPOINTS or step == settings.n_steps:
            saved, spent = now, seconds + now - started
            report = evaluate(training.model, training.heads, chunks, seed=settings.seed)
            _record(log_path, step, spent, loss, report)
            _save(training, checkpoint, step, spent)
            export(training.model, tokenizer, output_dir, settings, log_path)


def export(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    output_dir: Path,
    settings: BuildSettings,
    log_path: Path,
) -> None:
    """Write the base without the heads; each file appears whole."""
    beside = output_dir.with_name(f".{output_dir.name}.partial")
    model.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    history = [cast(dict[str, Any], read_json(line)) for line in log_path.read_text().splitlines()]
    about = {"settings": asdict(settings), "date": datetime.now(UTC).date().isoformat(), "evaluation": history[-1]}
    (beside / "build.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")
    output_dir.mkdir(parents=True, exist_ok=True)
    for path in beside.iterdir():
        path.replace(output_dir / path.name)
    beside.rmdir()


def _start(settings: BuildSettings, tokenizer: PreTrainedTokenizerFast) -> Training:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.n_layers,
        num_attention_heads=settings.n_heads,
        num_key_value_heads=settings.n_heads,
        max_position_embeddings=MAX_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.04,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(settings.seed, "pocket initial weights"))
        model, heads = LlamaForCausalLM(config), Heads(settings.hidden_size)
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=True
    )
    parameters = [*model.parameters(), *heads.parameters()]
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)
    return Training(model, heads, optimizer)


def _step(training: Training, batch: Batch, settings: BuildSettings, step: int) -> float:
    for group in training.optimizer.param_groups:
        group["lr"] = settings.learning_rate * _schedule(step / settings.n_steps)
    loss = pretraining_loss(
        training.model,
        training.heads,
        batch,
        criteria_weight=settings.criteria_weight,
        pause_weight=settings.pause_weight,
    )
    training.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([*training.model.parameters(), *training.heads.parameters()], 1.0)
    training.optimizer.step()
    return float(loss.detach())


def _schedule(progress: float) -> float:
    """Linear warm-up over 2%, cosine to 2% of the peak."""
    if progress < 0.02:
        return (progress + 1e-4) / 0.0201
    return 0.02 + 0.98 * (1 + math.cos(math.pi * (progress - 0.02) / 0.98)) / 2


def _record(log_path: Path, step: int, seconds: float, loss: float, report: Report) -> None:
    row = {"step": step, "seconds": round(seconds), "loss": loss, **report._asdict()}
    with log_path.open("a") as file:
        file.write(json.dumps(row, sort_keys=True) + "\n")
    log.info("%s", json.dumps(row, sort_keys=True))


def _save(training: Training, checkpoint: Path, step: int, seconds: float) -> None:
    state = {
        "model": training.model.state_dict(),
        "heads": training.heads.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "step": step,
        "seconds": seconds,
    }
    partial = checkpoint.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(checkpoint)


def _resume(training: Training, checkpoint: Path) -> tuple[int, float]:
    if not checkpoint.exists():
        return 0, 0.0
    state = torch.load(checkpoint, weights_only=True)
    training.model.load_state_dict(state["model"])
    training.heads.load_state_dict(state["heads"])
    training.optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["seconds"])
