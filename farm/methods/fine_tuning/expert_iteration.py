"""Expert iteration: imitate the best of n answers that the policy itself gives to instructions without labels.

Objective: per round, draw n answers of the current policy per prompt, keep the one with the highest reward (or the one
that the annotator keeps), and fine-tune the first policy on what was kept (the objective of sft.py beside this file):
best-of-n's quality at the price of one sample.
Papers: Anthony et al. 2017, arXiv 1705.08439; AlpacaFarm, arXiv 2305.14387 v1, section 4.1 (one round, best of 16 on
20,000 prompts; its released script samples with top_p 0.9, we sample from the whole distribution).

With `chooser: annotator` there is no reward model: the n answers meet in a knockout before the annotator, n - 1 labels
per prompt, from the same budget of labels as for every other method (farm/methods/online/fresh_labels.py).

Each round takes new prompts and fine-tunes the first policy again (the SFT policy, or any other: `start`), so that
errors do not pile up; the rounds differ in who draws the answers. `candidates_round_1.parquet` and so on keep the
chosen answers beside the checkpoint.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from farm.config.checks import check_fields
from farm.errors import UnfitError, UserError
from farm.methods.examples import Example
from farm.methods.fine_tuning.sft import fine_tune
from farm.methods.method import Labeller, Need, Requirement, TrainingInputs
from farm.methods.online.candidates import Snapshots, check_rounds_are_candidates
from farm.methods.online.fresh_labels import best_by_knockout, knockout_rounds
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.models.answering import best_answers, draw_answers, score_answers
from farm.records import Instruction, Output, Policy
from farm.seeds import derive_seed, uniform_for
from farm.store.tables import read_table, write_table


@dataclass(frozen=True, kw_only=True)
class ExpertIteration:
    """Fine-tuning on the best of n samples by reward."""

    key_name: ClassVar[str] = "ExpertIteration"

    name: str
    """Shown in tables."""
    n: int
    """Answers drawn per prompt."""
    n_prompts: int
    """Unlabeled instructions used per round."""
    rounds: int
    """How often to draw, choose and fine-tune."""
    chooser: Literal["reward_model", "annotator"]
    """Who keeps one of the n answers: the reward model, or the annotator, who labels n - 1 comparisons per prompt."""
    start: Path | None
    """The first policy: a checkpoint's folder, such as the artifact of another method; None for the SFT policy."""
    rollout_temperature: float
    """Sampling temperature of the n answers."""
    training: TrainingSettings
    """How the weights are fitted in each round."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(
            self, at_least={"n": 1, "n_prompts": 1, "rounds": 1, "temperature": 0}, above={"rollout_temperature": 0}
        )
        check_rounds_are_candidates(self.training.n_snapshots)
        if self.n_prompts < self.training.batch_size:
            raise ValueError(
                f"n_prompts: each round trains on one answer to each of {self.n_prompts} prompts, less than one batch "
                f"(training.batch_size={self.training.batch_size})"
            )

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model" if self.chooser == "reward_model" else "labels", "unlabeled")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        n_prompts = self.n_prompts * self.rounds
        settings = {"n_prompts": self.n_prompts, "rounds": self.rounds}
        unlabeled = Need("unlabeled", n_prompts, settings)
        if self.chooser == "reward_model":
            return [unlabeled]
        return [unlabeled, Need("labels", (self.n - 1) * n_prompts, {"n": self.n, **settings})]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        self._check_budget(inputs.labels)
        first = inputs.sft if self.start is None else Policy(checkpoint=self.start, temperature=self.temperature)
        policy = first
        snapshots = Snapshots(output_dir, scratch_dir, n_steps=self.rounds, n_snapshots=self.rounds)
        for round_index in range(self.rounds):
            label = f"{self.name} round {round_index + 1}"
            kept = scratch_dir / f"round_{round_index + 1}.parquet"
            self._keep_best_answers(inputs, policy, round_index, kept, seed)
            shutil.copy(kept, output_dir / f"candidates_round_{round_index + 1}.parquet")
            is_last = round_index == self.rounds - 1
            checkpoint_dir = output_dir if is_last else scratch_dir / f"policy_{round_index + 1}"
            training_dir = scratch_dir / f"training_{round_index + 1}"
            job = TrainingJob(label, inputs.model, self.training, checkpoint_dir, training_dir, seed)
            examples = [
                Example(o.instruction, o.input, o.output, o.is_finished, history=o.history)
                for o in read_table(kept, Output)
            ]
            checkpoint = fine_tune(first.checkpoint, examples, job)
            snapshots.keep(round_index + 1, partial(shutil.copytree, checkpoint, dirs_exist_ok=True))
            policy = Policy(checkpoint=checkpoint, temperature=self.temperature)
        snapshots.finish()
        return policy

    def _prompts(self, unlabeled: Sequence[Instruction], round_index: int, seed: int) -> list[Instruction]:
        """This round's share of the instructions, drawn by key."""
        needed = self.n_prompts * self.rounds
        if len(unlabeled) < needed:
            raise UnfitError(
                f"{self.name}: n_prompts x rounds asks for {needed} unlabeled instructions, there are {len(unlabeled)}"
            )
        ordered = sorted(unlabeled, key=lambda instruction: uniform_for(seed, "expert iteration", instruction.key))
        return ordered[round_index * self.n_prompts : (round_index + 1) * self.n_prompts]

    def _keep_best_answers(
        self, inputs: TrainingInputs, policy: Policy, round_index: int, kept: Path, seed: int
    ) -> None:
        """Write the best answer to each prompt into the scratch folder, so that a killed run need not draw again."""
        if kept.is_file():
            return
        prompts = self._prompts(inputs.unlabeled, round_index, seed)
        round_seed = derive_seed(seed, "expert iteration candidates", kept.stem)
        rows = draw_answers(
            inputs.model,
            policy,
            prompts,
            n=self.n,
            temperature=self.rollout_temperature,
            seed=round_seed,
            label=f"{self.name}: best of {self.n}",
        )
        if self.chooser == "annotator":
            assert inputs.labels is not None
            best = best_by_knockout(inputs.labels, rows, round_index * knockout_rounds(self.n))
        else:
            best = self._best_by_reward(inputs, policy, rows, round_seed)
        beside = kept.with_suffix(".writing")
        write_table(beside, best, Output)
        beside.replace(kept)

    def _best_by_reward(
        self, inputs: TrainingInputs, policy: Policy, rows: Sequence[Sequence[Output]], seed: int
    ) -> list[Output]:
        assert inputs.sft is not None
        best_of_n = Policy(
            checkpoint=policy.checkpoint,
            temperature=self.rollout_temperature,
            best_of=self.n,
            scorer="reward_model",
            reward_model=inputs.reward_model,
        )
        return best_answers(rows, score_answers(inputs.model, best_of_n, inputs.sft, rows, seed=seed))

    def _check_budget(self, labels: Labeller | None) -> None:
        needed = (self.n - 1) * self.n_prompts * self.rounds
        if labels is not None and needed > labels.budget:
            raise UserError(
                f"{self.name}: a knockout among n={self.n} answers to n_prompts={self.n_prompts} prompts in "
                f"rounds={self.rounds} rounds takes {needed} labels; the budget is {labels.budget}"
            )
