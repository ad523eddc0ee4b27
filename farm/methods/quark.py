"""Quark: the policy imitates its own best samples, sorted by reward, and stays near the reference by an exact KL.

One step: draw one answer to each of `rollouts_per_step` prompts, score it, sort the pool of answers into quantiles of
reward, and imitate. `train_on: best` trains on the best quantile only; `train_on: all` trains on every quantile behind
a text that names it, and asks for the best one when sampling.

Objective: minimise the mean over tokens of -log pi(token) + kl_coef KL(pi || SFT policy) - entropy_coef H(pi), where
the KL is over the whole vocabulary at each token.
Papers: Lu et al. 2022, arXiv 2205.13636; AlpacaFarm, arXiv 2305.14387 v1, appendix B.2 (best quantile of four, pool
emptied at each step).

What we do differently from AlpacaFarm: the end token is trained (its pool held decoded text without end tokens, so that
the policy forgot how to stop); quantiles are named by text, so that no embedding is added and any tokenizer will do; KL
and losses are over real tokens only; the reference always sees the plain prompt.

`metrics.jsonl`, one line per step, measured on the step's rollouts before its updates unless "update" is said:

| name | formula | direction |
|---|---|---|
| score_mean, score_std | raw reward-model scores over answers | mean up; std falling to 0 is collapse |
| score_threshold | lowest score in the best quantile of the pool | up |
| mean_length | mean tokens per answer, end token included | a jump is reward hacking |
| share_finished | share of answers that end with the end token | high |
| n_trained | answers trained on | |
| learning_rate | in force | |
| loss | update: the objective | down |
| nll | update: mean over tokens of -log pi | down |
| kl | update: mean over tokens of the exact KL, nats | small |
| entropy | update: mean over tokens of the entropy, nats | slow fall; 0 is collapse |
| grad_norm | update: mean norm before clipping | steady |

`timings.jsonl` and `rollouts.parquet` as in farm/methods/ppo.py, without kl.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from farm.methods.method import Requirement, TrainingInputs
from farm.methods.online.candidates import Snapshots, check_n_snapshots
from farm.methods.online.rollouts import draw_completions, micro_batches, prompts_of_step
from farm.methods.online.training_log import Clock, StepLog, load_state, save_state
from farm.methods.quark_update import QuarkUpdate, imitation_terms
from farm.models.answering import keep_short
from farm.models.checkpoint import Model, load_tokenizer, save_checkpoint
from farm.models.forward import LanguageModel
from farm.models.prompts import render_all
from farm.models.scoring.reward import RewardScorer, load_reward_scorer
from farm.models.tokens import decode_completion, encode_prompt
from farm.models.trainable import load_policy_and_reference
from farm.progress import progress
from farm.records import Instruction, Policy
from farm.seeds import rng_for
from farm.store.cost import Cost, count


class Sample(NamedTuple):
    """An answer in the pool."""

    instruction: str
    input: str
    completion_ids: list[int]
    """End token included, if the answer has ended."""
    score: float


@dataclass(frozen=True, kw_only=True)
class Quark:
    """Imitation of the policy's own samples by quantiles of their reward."""

    key_name: ClassVar[str] = "Quark"

    name: str
    """Shown in tables."""
    n_steps: int
    """Rounds of sampling and imitation."""
    rollouts_per_step: int
    """Prompts answered per step, one answer each."""
    rollout_temperature: float
    """Sampling temperature in training; log-probabilities are taken at the same temperature."""
    n_quantiles: int
    """Parts into which the pool is sorted by score; 1 trains on everything alike."""
    train_on: Literal["best", "all"]
    """best: the best quantile only. all: every quantile behind its name, sampling behind that of the best."""
    quantile_text: str
    """With train_on: all, the text in front of the prompt; {quantile} stands for its number, 0 = best."""
    pool: Literal["step", "all"]
    """What is sorted: the answers of this step (as in AlpacaFarm) or of all steps so far (as in Quark)."""
    update: QuarkUpdate
    """How the weights are fitted."""
    temperature: float
    """Sampling temperature at evaluation."""
    n_snapshots: int
    """Candidates kept at evenly spaced steps, of which a held-out judge chooses one; 1 for the end only."""
    checkpoint_every: int = field(metadata={"in_key": False})
    """Steps after which a killed run can resume."""

    def __post_init__(self) -> None:
        check_n_snapshots(self.n_snapshots)
        if self.n_quantiles < 1 or self.rollouts_per_step < self.n_quantiles:
            raise ValueError(
                f"n_quantiles: expected 1 to rollouts_per_step ({self.rollouts_per_step}), got {self.n_quantiles}"
            )
        if self.train_on == "all" and self.n_quantiles > 1 and "{quantile}" not in self.quantile_text:
            raise ValueError(f"quantile_text: expected a text with {{quantile}}, got {self.quantile_text!r}")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model", "unlabeled")

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        run = _open_run(inputs, self.update.adam_epsilon, seed)
        trained, state_path = {"policy": run.policy.model}, scratch_dir / "state.pt"
        saved = load_state(state_path, trained, run.optimizer, run.policy.model.device)
        first_step = saved["step"] if saved else 0
        pool = [Sample(*row) for row in saved["pool"]] if saved else []
        log = StepLog(output_dir, scratch_dir, first_step)
        snapshots = Snapshots(output_dir, scratch_dir, n_steps=self.n_steps, n_snapshots=self.n_snapshots)
        with progress(self.name, total=self.n_steps, unit="steps") as bar:
            bar.advance(first_step)
            for step in range(first_step, self.n_steps):
                pool = self._step(run, pool, step, log)
                snapshots.keep(step + 1, partial(save_checkpoint, run.policy.model, run.tokenizer))
                if (step + 1) % self.checkpoint_every == 0:
                    values = {"step": step + 1, "pool": [list(sample) for sample in pool]}
                    save_state(state_path, values, trained, run.optimizer)
                bar.advance()
        log.finish(self.n_steps)
        snapshots.finish()
        checkpoint = save_checkpoint(run.policy.model, run.tokenizer, output_dir)
        return Policy(checkpoint=checkpoint, prefix=self._name_of(0), temperature=self.temperature)

    def _step(self, run: "_Run", pool: Sequence[Sample], step: int, log: StepLog) -> list[Sample]:
        """Sample, sort, imitate, log; returns the pool for the next step."""
        clock = Clock()
        # Nothing has been taught yet in the first step: the text that asks for the best means nothing.
        new = self._roll_out(run, step, clock, prefix=self._name_of(0) if step else "")
        pool = [*(pool if self.pool == "all" else ()), *new]
        quantiles = quantiles_of([sample.score for sample in pool], self.n_quantiles)
        taught = [
            (sample, quantile)
            for sample, quantile in zip(pool, quantiles, strict=True)
            if self.train_on == "all" or quantile == 0
        ]
        learning_rate = self.update.learning_rate_of(step, self.n_steps)
        with clock.measure("update"):
            statistics = self._imitate(run, taught, learning_rate, step)
        scores = np.array([sample.score for sample in new])
        n_tokens = [len(sample.completion_ids) for sample in new]
        end = run.tokenizer.eos_token_id
        metrics = {
            "step": step,
            "score_mean": float(scores.mean()),
            "score_std": float(scores.std(ddof=1)),
            "score_threshold": min(s.score for s, q in zip(pool, quantiles, strict=True) if q == 0),
            "mean_length": float(np.mean(n_tokens)),
            "share_finished": float(np.mean([sample.completion_ids[-1] == end for sample in new])),
            "n_trained": len(taught),
            "learning_rate": learning_rate,
            **statistics._asdict(),
        }
        log.write(step, metrics, clock.report(len(new)), _table(step, new, run.tokenizer))
        return pool

    def _roll_out(self, run: "_Run", step: int, clock: Clock, *, prefix: str) -> list[Sample]:
        chosen = prompts_of_step(len(run.instructions), self.rollouts_per_step, step, run.seed)
        instructions = [run.instructions[i] for i in chosen]
        with clock.measure("rollout"), run.precision():
            drawn = draw_completions(
                run.model,
                run.policy,
                run.tokenizer,
                instructions,
                temperature=self.rollout_temperature,
                seed=run.seed,
                purpose=f"quark rollouts {step}",
                prefix=prefix,
            )
        with clock.measure("score"), run.precision():
            prompts = [run.prompt_ids(instruction.instruction, instruction.input) for instruction in instructions]
            sequences = [[*p, *c.ids] for p, c in zip(prompts, drawn.completions, strict=True)]
            scores = run.reward_model.of_ids(sequences, batch_size=run.model.micro_batch_size)
        return [
            Sample(i.instruction, i.input, c.ids, float(score))
            for i, c, score in zip(instructions, drawn.completions, scores, strict=True)
        ]

    def _imitate(
        self, run: "_Run", taught: Sequence[tuple[Sample, int]], learning_rate: float, step: int
    ) -> "_Statistics":
        """Several passes over the answers."""
        for group in run.optimizer.param_groups:
            group["lr"] = learning_rate
        sums, n_tokens, norms = torch.zeros(3, device=run.policy.model.device), 0, []
        for epoch in range(self.update.epochs):
            order = rng_for(run.seed, "quark minibatches", f"{step} {epoch}").permutation(len(taught)).tolist()
            for start in range(0, len(order), self.update.batch_size):
                batch = [taught[row] for row in order[start : start + self.update.batch_size]]
                sums += self._accumulate_gradients(run, batch)
                n_tokens += sum(len(sample.completion_ids) for sample, _ in batch)
                parameters = run.policy.model.parameters()
                norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, self.update.max_grad_norm)))
                run.optimizer.step()
                count(Cost(gradient_steps=1))
                run.optimizer.zero_grad()
        nll, kl, entropy = (sums / n_tokens).tolist()
        loss = nll + self.update.kl_coef * kl - self.update.entropy_coef * entropy
        return _Statistics(loss, nll, kl, entropy, float(np.mean(norms)))

    def _accumulate_gradients(self, run: "_Run", batch: Sequence[tuple[Sample, int]]) -> Tensor:
        """Gradients of the batch's mean loss per token; returns the sums of -log p, KL and entropy."""
        n_tokens = sum(len(sample.completion_ids) for sample, _ in batch)
        sums = torch.zeros(3, device=run.policy.model.device)
        plain = [run.prompt_ids(sample.instruction, sample.input) for sample, _ in batch]
        named = [run.prompt_ids(s.instruction, s.input, self._name_of(quantile)) for s, quantile in batch]
        completions = [sample.completion_ids for sample, _ in batch]
        lengths = [len(p) + len(c) for p, c in zip(named, completions, strict=True)]
        for rows in micro_batches(lengths, run.model.micro_batch_size):
            terms = imitation_terms(
                run.policy,
                run.ref_policy,
                [named[row] for row in rows],
                [plain[row] for row in rows],
                [completions[row] for row in rows],
                temperature=self.rollout_temperature,
                precision=run.precision(),
            )
            loss = terms.nll + self.update.kl_coef * terms.kl - self.update.entropy_coef * terms.entropy
            (loss / n_tokens).backward()
            sums += torch.stack(terms).detach()
        return sums

    def _name_of(self, quantile: int) -> str:
        """The text in front of a prompt; empty where quantiles are not named."""
        is_named = self.train_on == "all" and self.n_quantiles > 1
        return self.quantile_text.replace("{quantile}", str(quantile)) if is_named else ""


class _Statistics(NamedTuple):
    """Means over all real tokens of all passes, and over optimizer steps."""

    loss: float
    nll: float
    kl: float
    entropy: float
    grad_norm: float


def quantiles_of(scores: Sequence[float], n_quantiles: int) -> list[int]:
    """For each score its quantile, 0 = best; sizes differ by at most one, equal scores keep their order."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return [int(rank * n_quantiles // len(ranks)) for rank in ranks]


class _Run(NamedTuple):
    """What stays the same through a run."""

    model: Model
    policy: LanguageModel
    ref_policy: LanguageModel
    """The SFT policy, frozen."""
    reward_model: RewardScorer
    tokenizer: PreTrainedTokenizerBase
    optimizer: torch.optim.Optimizer
    instructions: Sequence[Instruction]
    precision: Callable[[], AbstractContextManager[object]]
    """Opens the context of every forward pass: mixed precision, or nothing."""
    seed: int

    def prompt_ids(self, instruction: str, input: str, prefix: str = "") -> list[int]:
        """The rendered prompt behind `prefix`."""
        (prompt,) = render_all(self.model.prompt, self.tokenizer, [(instruction, input)], prefix)
        return encode_prompt(self.tokenizer, prompt)


def _open_run(inputs: TrainingInputs, adam_epsilon: float, seed: int) -> _Run:
    assert inputs.sft is not None and inputs.reward_model is not None
    model, device = inputs.model, inputs.model.torch_device
    sft = inputs.sft.checkpoint
    policy, ref_policy = load_policy_and_reference(sft, model, reference=sft, seed=seed)
    is_mixed = model.dtype == "bfloat16"
    return _Run(
        model=model,
        policy=LanguageModel(policy),
        ref_policy=LanguageModel(ref_policy),
        reward_model=load_reward_scorer(inputs.reward_model, dtype=model.torch_dtype, device=device),
        tokenizer=load_tokenizer(inputs.sft.checkpoint),
        optimizer=torch.optim.Adam(policy.parameters(), eps=adam_epsilon, fused=True),
        instructions=keep_short(model, inputs.unlabeled),
        precision=partial(torch.autocast, device.type, dtype=torch.bfloat16) if is_mixed else nullcontext,
        seed=seed,
    )


def _table(step: int, samples: Sequence[Sample], tokenizer: PreTrainedTokenizerBase) -> pd.DataFrame:
    """rollouts.parquet's rows of one step."""
    return pd.DataFrame(
        {
            "step": step,
            "instruction": [sample.instruction for sample in samples],
            "input": [sample.input for sample in samples],
            "output": [decode_completion(tokenizer, sample.completion_ids) for sample in samples],
            "score": [sample.score for sample in samples],
        }
    )
