"""Iterated DPO: rounds of drawing, labelling and optimising, so that the pairs are the policy's own.

Objective: per round, draw two answers of the current policy to each of some new instructions, let the annotator say
which is better, and go on from the current policy with DPO (farm/methods/preference/dpo.py) on these pairs.
Papers: Xu et al. 2023, arXiv 2312.16682 (iterative preference optimisation); Yuan et al. 2024, arXiv 2401.10020, whose
reference is the policy that the round started from (`reference: previous`); Xiong et al. 2023, arXiv 2312.11456, whose
reference stays the SFT policy (`reference: sft`), so that the pull towards it does not fade.

The label budget is that of the methods that learn from finished pairs, in equal parts for the rounds; one comparison
per instruction. Pairs of earlier rounds are not used again, and the optimizer starts anew. Ties and missing verdicts
give no pair. The artifact keeps all comparisons with their annotations, and `labels.json` counts them.

`metrics.jsonl` is the last round's, `metrics_round_1.jsonl` and so on those before; their lines are those of DPO.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from farm.config.checks import check_fields
from farm.errors import UserError
from farm.methods.examples import encode_pairs
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.online.candidates import Snapshots, check_rounds_are_candidates
from farm.methods.online.fresh_labels import pairs_of
from farm.methods.online.rollouts import prompts_of_step
from farm.methods.trl.dpo import train_dpo
from farm.methods.trl.dpo_loss import DPOLoss, LossName
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.models.answering import draw_answers
from farm.models.checkpoint import load_tokenizer
from farm.records import Policy, PreferencePair


@dataclass(frozen=True, kw_only=True)
class IteratedDPO:
    """DPO on pairs of the policy's own answers, drawn and labelled anew each round."""

    key_name: ClassVar[str] = "IteratedDPO"

    name: str
    """Shown in tables."""
    rounds: int
    """How often to draw, label and optimise; the label budget is split between them."""
    reference: Literal["sft", "previous"]
    """What the policy is pulled to: the SFT policy always, or the policy that the round started from."""
    loss_type: LossName
    """TRL's name of the loss (farm/methods/trl/dpo_loss.py)."""
    beta: float
    """Strength of the pull towards the reference."""
    label_smoothing: float | None
    """As in DPO; None for the value of the loss's paper."""
    rollout_temperature: float
    """Sampling temperature of the answers that are compared."""
    training: TrainingSettings
    """How the weights are fitted in each round; the batch size counts pairs."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"rounds": 1, "temperature": 0}, above={"beta": 0, "rollout_temperature": 0})
        check_rounds_are_candidates(self.training.n_snapshots)
        if self.loss.is_of_forward_pass:
            raise ValueError(f"loss_type: {self.loss_type} mixes the pairs of a forward pass; use it with method=dpo")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "labels", "unlabeled")

    @property
    def loss(self) -> DPOLoss:
        return DPOLoss(loss_type=self.loss_type, beta=self.beta, label_smoothing=self.label_smoothing)

    def needs(self, n_labels: int) -> Sequence[Need]:
        settings = {"rounds": self.rounds, "training.batch_size": self.training.batch_size}
        return [
            Need("labels", self.rounds * self.training.batch_size, settings),
            Need("unlabeled", n_labels // self.rounds, {"rounds": self.rounds}),
        ]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None and inputs.labels is not None
        if inputs.labels.budget // self.rounds < self.training.batch_size:
            raise UserError(
                f"{self.name}: the budget of {inputs.labels.budget} labels gives {self.rounds} rounds less than a "
                f"batch of {self.training.batch_size} pairs each"
            )
        policy = inputs.sft
        snapshots = Snapshots(output_dir, scratch_dir, n_steps=self.rounds, n_snapshots=self.rounds)
        for index in range(self.rounds):
            is_last = index == self.rounds - 1
            checkpoint_dir = output_dir if is_last else scratch_dir / f"policy_{index + 1}"
            finished = scratch_dir / f"policy_{index + 1}.finished"
            if not finished.is_file():
                pairs = self._labelled_pairs(inputs, policy, index, seed)
                job = TrainingJob(
                    f"{self.name} round {index + 1}",
                    inputs.model,
                    self.training,
                    checkpoint_dir,
                    scratch_dir / f"training_{index + 1}",
                    seed,
                    sequences_per_row=2,
                )
                start = policy.checkpoint
                encoded = encode_pairs(inputs.model, load_tokenizer(start), pairs)
                reference = inputs.sft.checkpoint if self.reference == "sft" else start
                train_dpo(job, self.loss, encoded, start=start, reference=reference)
            if not is_last:
                finished.touch()
                shutil.copy(checkpoint_dir / "metrics.jsonl", output_dir / f"metrics_round_{index + 1}.jsonl")
            snapshots.keep(index + 1, partial(shutil.copytree, checkpoint_dir, dirs_exist_ok=True))
            policy = Policy(checkpoint=checkpoint_dir, temperature=self.temperature)
        snapshots.finish()
        return policy

    def _labelled_pairs(
        self, inputs: TrainingInputs, policy: Policy, index: int, seed: int
    ) -> Sequence[PreferencePair]:
        """Two fresh answers to each of the round's instructions, in the annotator's order."""
        assert inputs.labels is not None
        chosen = prompts_of_step(len(inputs.unlabeled), inputs.labels.budget // self.rounds, index, seed)
        rows = draw_answers(
            inputs.model,
            policy,
            [inputs.unlabeled[place] for place in chosen],
            n=2,
            temperature=self.rollout_temperature,
            seed=seed,
            label=f"{self.name} round {index + 1}: two samples each",
        )
        return pairs_of(inputs.labels, rows, index)
