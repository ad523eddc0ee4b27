"""Direct preference optimization: fit the policy to the pairs directly, without a reward model.

Objective (loss_type sigmoid): minimise -mean log sigmoid(beta (logratio(chosen) - logratio(rejected))), where
logratio = log pi(completion | prompt) - log pi_ref(completion | prompt), summed over tokens with the end token.
Paper: Rafailov et al. 2023, arXiv 2305.18290; farm/methods/trl/dpo_loss.py lists the other losses and their papers.
Two options change any of them: WPO (Zhou et al. 2024, arXiv 2406.11827, equation 2) weighs a pair by the policy's
probability of its answers, per token and relative to its own sharpness, and LD-DPO (Liu et al. 2024, arXiv 2409.06411)
discounts the tokens that only the longer answer has.
Trainer: TRL's DPOTrainer, on our token ids; the reference is the SFT policy, loaded from its own checkpoint.

`metrics.jsonl`: loss (the objective; log 2 at the reference); rewards/chosen and rewards/rejected (mean beta logratio),
rewards/margins (their mean difference, higher is better), rewards/accuracies (share of pairs with a positive margin,
higher is better), logps/* (mean log-probability of a completion), logits/* (mean logit over the vocabulary, a drift
indicator), entropy and mean_token_accuracy (on chosen completions), grad_norm, learning_rate, step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from farm.config.checks import check_fields
from farm.methods.examples import encode_pairs
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.dpo import train_dpo
from farm.methods.trl.dpo_loss import DPOLoss, LossName
from farm.methods.trl.training import TrainingJob, TrainingSettings, check_rows_per_forward, need_of_a_batch
from farm.models.checkpoint import load_tokenizer
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class DPO:
    """Preference pairs become a classification loss on the policy's own log-probabilities."""

    key_name: ClassVar[str] = "DPO"

    name: str
    """Shown in tables."""
    loss_type: LossName
    """TRL's name of the loss: sigmoid (DPO), ipo, hinge, robust, ... (farm/methods/trl/dpo_loss.py has them all)."""
    beta: float
    """Strength of the pull towards the reference."""
    label_smoothing: float | None
    """For robust: the assumed probability that a label is flipped; for exo_pair and aot: their epsilon; others ignore
    it. None for the value of the loss's paper: 0.1 for robust, 0.001 for exo_pair, 0 for aot."""
    ld_alpha: float | None
    """Weight of the tokens of the longer answer beyond the length of the shorter (LD-DPO); None for 1."""
    uses_wpo: bool
    """Weigh each pair by how likely the policy finds its answers (WPO)."""
    rows_per_forward: int
    """Pairs of one forward pass for the losses that compare pairs with one another (aot, aot_unpaired) or average over
    their tokens (sft); a divisor of the batch size. The other losses do not depend on it."""
    training: TrainingSettings
    """How the weights are fitted; the batch size counts pairs."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"rows_per_forward": 1, "temperature": 0}, above={"beta": 0})
        if self.loss.is_of_forward_pass:
            check_rows_per_forward(self.rows_per_forward, self.training)

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "pairs")

    @property
    def loss(self) -> DPOLoss:
        return DPOLoss(
            loss_type=self.loss_type,
            beta=self.beta,
            label_smoothing=self.label_smoothing,
            ld_alpha=self.ld_alpha,
            uses_wpo=self.uses_wpo,
        )

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("pairs", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(
            self.name,
            inputs.model,
            self.training,
            output_dir,
            scratch_dir,
            seed,
            sequences_per_row=2,
            rows_per_forward=self.rows_per_forward if self.loss.is_of_forward_pass else None,
        )
        sft = inputs.sft.checkpoint
        pairs = encode_pairs(inputs.model, load_tokenizer(sft), inputs.pairs)
        checkpoint = train_dpo(job, self.loss, pairs, start=sft, reference=sft)
        return Policy(checkpoint=checkpoint, temperature=self.temperature)
