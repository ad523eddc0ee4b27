"""PPO and DPO of a 0.5B-parameter Llama on one GPU in bfloat16: tokens per second, FLOPs utilisation, memory.

    python experiments/benchmarks/gpu_training.py --device cuda --output gpu.json
    python experiments/benchmarks/gpu_training.py --device cpu --small

`farm.methods.ppo` and `farm.methods.dpo` are run as they are, on random weights. Their public parts are wrapped in
timers that wait for the device on both sides, so each phase has its own seconds and its own peak memory:

| phase | what it is | its kind |
|---|---|---|
| rollout | prompts are read in and answers sampled | generation |
| score, evaluate | forward passes of the reward model; of policy, reference and value network | training |
| update, step | forward and backward passes, clipping and Adam; for DPO with the reference's forward pass | training |
| neither | everything else within a step: advantages, data loading, logging, writing | neither |

The first step of each method is left out. Model FLOPs utilisation counts 2 operations per weight and token of a forward
pass (the output matrix only at positions whose logits are used: answers; DPO's trainer asks for all of them and is not
credited), attention over half a square, a backward pass as two forward passes, and no recomputation; it is a share of
the published dense bfloat16 peak of an H100 or H200 SXM, and beside it of a large matrix product measured here.
The timers' own waiting makes every phase a little longer than in a run without them.
"""

import argparse
import json
import platform
import random
import string
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
)

from farm.methods import dpo, ppo
from farm.methods.method import TrainingInputs
from farm.methods.ppo_reward import RewardSettings
from farm.methods.ppo_update import UpdateSettings
from farm.methods.trl_training import TrainingSettings
from farm.models.checkpoint import Model
from farm.models.prompts import PromptTemplate
from farm.records import Instruction, Policy, PreferencePair

PUBLISHED_PEAK = 989.4e12
"""Dense bfloat16 FLOP/s of H100 SXM and H200 SXM, by NVIDIA's data sheets."""


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


class Meter:
    """Seconds and peak memory by phase, one entry per call; the device is idle at both ends."""

    def __init__(self, device: torch.device) -> None:
        self._is_cuda = device.type == "cuda"
        self.seconds: dict[str, list[float]] = {}
        self.peak_bytes: dict[str, int] = {}

    def now(self) -> float:
        if self._is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        before = self._begin_peak()
        start = self.now()
        yield
        self.seconds.setdefault(name, []).append(self.now() - start)
        if self._is_cuda:
            peak = max(torch.cuda.max_memory_allocated(), self.peak_bytes.get(name, 0))
            self.peak_bytes[name] = peak
            self.peak_bytes["all"] = max(peak, before, self.peak_bytes.get("all", 0))

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return function(*args, **kwargs)

        return timed

    def _begin_peak(self) -> int:
        if not self._is_cuda:
            return 0
        before = torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        return before


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO and DPO on one GPU")
    parser.add_argument("--device", choices=["cuda", "cpu"], required=True)
    parser.add_argument("--small", action="store_true", help="a toy, to try the script where there is no GPU")
    parser.add_argument("--output", type=Path, help="write the results here too, as JSON")
    parser.add_argument("--label", default="", help="kept in the results: what was measured")
    arguments = parser.parse_args()
    device, size = torch.device(arguments.device), SMALL if arguments.small else HALF_BILLION
    results: dict[str, Any] = {"label": arguments.label, "size": asdict(size), "machine": _machine(device)}
    with tempfile.TemporaryDirectory() as folder:
        inputs = _inputs(size, device, Path(folder))
        results["machine"]["measured_peak"] = peak = _matmul_peak(device, 256 if arguments.small else 8192)
        for name, measure in (("ppo", _measure_ppo), ("dpo", _measure_dpo)):
            results[name] = measure(size, inputs, device, peak)
            _print(name, results[name])
            if arguments.output:
                arguments.output.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


def _measure_ppo(size: Size, inputs: TrainingInputs, device: torch.device, peak: float) -> dict[str, Any]:
    meter, fit = Meter(device), {}
    for name in ("draw_completions", "score_completions", "evaluate_completions", "update_networks"):
        phase = {"draw": "rollout", "score": "score", "evaluate": "evaluate", "update": "update"}[name.split("_")[0]]
        setattr(ppo, name, meter.wrapped(phase, getattr(ppo, name)))
    evaluate, step = ppo.evaluate_completions, ppo.PPO._step

    def evaluate_and_compare(*args: Any, **kwargs: Any) -> Any:
        """Tokens drawn from the right distribution have minus its entropy as mean log-probability."""
        rollouts = evaluate(*args, **kwargs)
        mask = rollouts.completion_mask
        fit["mean_logp"] = float(rollouts.logps[mask].mean())
        fit["minus_mean_entropy"] = -float(rollouts.entropies[mask].mean())
        return rollouts

    ppo.evaluate_completions = evaluate_and_compare
    ppo.PPO._step = meter.wrapped("whole step", step)  # type: ignore[method-assign]
    _train(_ppo(size), inputs)
    seconds = {name: median(values[1:]) for name, values in meter.seconds.items()}
    all_phases = [name for name in seconds if name != "whole step"]
    n_prompt, n_answer, n = size.prompt_tokens, size.answer_tokens, size.rollouts
    body, head = _forward_flops(size, n * (n_prompt + n_answer)), 2 * size.hidden * size.vocabulary * n * n_answer
    flops = {
        "rollout": body + head,
        "score": body,
        "evaluate": 3 * body + 2 * head,
        "update": 3 * size.ppo_epochs * (2 * body + head),
    }
    tokens = dict.fromkeys(("score", "evaluate", "update"), n * (n_prompt + n_answer)) | {"rollout": n * n_answer}
    tokens["update"] *= size.ppo_epochs
    return {
        "phases": {
            name: _rates(seconds[name], tokens[name], flops[name], meter.peak_bytes.get(name), peak)
            for name in all_phases
        },
        "seconds_per_step": seconds["whole step"],
        "all_steps": meter.seconds,
        "share_neither": 1 - sum(seconds[name] for name in all_phases) / seconds["whole step"],
        "peak_gb": meter.peak_bytes.get("all", 0) / 1e9,
        "fit": fit,
    }


def _measure_dpo(size: Size, inputs: TrainingInputs, device: torch.device, peak: float) -> dict[str, Any]:
    meter, train = Meter(device), Trainer.train

    def train_timed(trainer: Trainer, *args: Any, **kwargs: Any) -> Any:
        trainer.add_callback(_StepTimer(meter))
        return train(trainer, *args, **kwargs)

    Trainer.train = train_timed  # type: ignore[method-assign]
    _train(_dpo(size), inputs)
    starts, ends = meter.seconds["start"], meter.seconds["end"]
    steps = [end - start for start, end in zip(starts, ends, strict=True)][1:]
    whole = (ends[-1] - ends[0]) / len(steps)
    n_tokens = 2 * size.dpo_batch * (size.prompt_tokens + size.answer_tokens)
    head = 2 * size.hidden * size.vocabulary * 2 * size.dpo_batch * size.answer_tokens
    flops = 4 * (_forward_flops(size, n_tokens) + head)  # the policy forward and backward, the reference forward
    return {
        "phases": {"step": _rates(sum(steps) / len(steps), n_tokens, flops, meter.peak_bytes.get("all"), peak)},
        "seconds_per_step": whole,
        "all_steps": steps,
        "share_neither": 1 - sum(steps) / len(steps) / whole,
        "peak_gb": meter.peak_bytes.get("all", 0) / 1e9,
    }


class _StepTimer(TrainerCallback):
    """When each optimizer step's first forward pass may begin, and when its update has ended."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._meter.seconds.setdefault("start", []).append(self._meter.now())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._meter.seconds.setdefault("end", []).append(self._meter.now())
        if torch.cuda.is_available():
            self._meter.peak_bytes["all"] = max(torch.cuda.max_memory_allocated(), self._meter.peak_bytes.get("all", 0))


def _rates(seconds: float, n_tokens: int, flops: float, peak_bytes: int | None, measured_peak: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "tokens_per_second": n_tokens / seconds,
        "mfu_of_published_peak": flops / seconds / PUBLISHED_PEAK,
        "mfu_of_measured_peak": flops / seconds / measured_peak,
        "peak_gb": None if peak_bytes is None else peak_bytes / 1e9,
    }


def _forward_flops(size: Size, n_tokens: int) -> float:
    """Of the transformer without its output matrix, over sequences of full length."""
    head_dim = size.hidden // size.heads
    weights = 2 * size.hidden**2 + 2 * size.hidden * size.kv_heads * head_dim + 3 * size.hidden * size.intermediate
    # Two products of length by length by hidden, of which causal attention needs half.
    attention = 2 * size.hidden * (size.prompt_tokens + size.answer_tokens)
    return size.layers * (2.0 * weights + attention) * n_tokens


def _train(method: Any, inputs: TrainingInputs) -> None:
    with tempfile.TemporaryDirectory() as output_dir, tempfile.TemporaryDirectory() as scratch_dir:
        method.train(inputs, Path(output_dir), Path(scratch_dir), 0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _ppo(size: Size) -> ppo.PPO:
    return ppo.PPO(
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


def _dpo(size: Size) -> dpo.DPO:
    return dpo.DPO(
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


def _inputs(size: Size, device: torch.device, folder: Path) -> TrainingInputs:
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


def _matmul_peak(device: torch.device, size: int) -> float:
    """FLOP/s of a square bfloat16 matrix product, the median of ten."""
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    meter = Meter(device)
    for _ in range(13):
        with meter.phase("product"):
            a @ b
    return 2 * size**3 / median(meter.seconds["product"][3:])


def _machine(device: torch.device) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor()
    return {
        "device": name,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "farm": str(Path(ppo.__file__).parents[2]),
    }


def _print(name: str, result: dict[str, Any]) -> None:
    print(f"{name}: {result['seconds_per_step']:.2f} s a step, neither {result['share_neither']:.1%}, ", end="")
    print(f"peak {result['peak_gb']:.1f} GB {result.get('fit', '')}", flush=True)
    for phase, rates in result["phases"].items():
        print(
            f"  {phase:9} {rates['seconds']:7.3f} s {rates['tokens_per_second']:10.0f} tokens/s"
            f"  MFU {rates['mfu_of_published_peak']:6.2%} (of measured peak {rates['mfu_of_measured_peak']:6.2%})"
            f"  peak {rates['peak_gb'] or 0:5.1f} GB",
            flush=True,
        )


if __name__ == "__main__":
    main()
