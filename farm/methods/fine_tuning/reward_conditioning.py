"""Binary reward conditioning: imitate both answers of each pair behind a prefix that says which one was preferred.

Objective: that of supervised fine-tuning, on (positive prefix + prompt, chosen) and (negative prefix + prompt,
rejected), starting from the SFT policy. The policy is then asked with the positive prefix.
Paper: AlpacaFarm, arXiv 2305.14387 v1, appendix A.1 (after Keskar et al. 2019 and Korbak et al. 2023); it published no
code and used two new tokens. Our prefixes are text, so that no embedding has to be added and any tokenizer will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from farm.config.checks import check_fields
from farm.methods.examples import Example
from farm.methods.fine_tuning.sft import fine_tune
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.training import TrainingJob, TrainingSettings, need_of_a_batch
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class RewardConditioning:
    """Supervised fine-tuning on both answers, each behind its verdict."""

    key_name: ClassVar[str] = "RewardConditioning"

    name: str
    """Shown in tables."""
    positive_prefix: str
    """Text in front of the prompt of a preferred answer, and of every prompt at evaluation."""
    negative_prefix: str
    """Text in front of the prompt of a rejected answer."""
    training: TrainingSettings
    """How the weights are fitted; every pair gives two rows."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})
        if self.positive_prefix == self.negative_prefix:
            raise ValueError(f"positive_prefix and negative_prefix are both {self.positive_prefix!r}")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "pairs")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("pairs", self.training, rows_each=2)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        positive = [
            Example(p.instruction, p.input, p.chosen, p.chosen_is_finished, self.positive_prefix, history=p.history)
            for p in inputs.pairs
        ]
        negative = [
            Example(p.instruction, p.input, p.rejected, p.rejected_is_finished, self.negative_prefix, history=p.history)
            for p in inputs.pairs
        ]
        checkpoint = fine_tune(inputs.sft.checkpoint, [*positive, *negative], job)
        return Policy(checkpoint=checkpoint, prefix=self.positive_prefix, temperature=self.temperature)
