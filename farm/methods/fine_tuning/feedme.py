"""Binary FeedME: imitate the preferred answer of each pair, starting from the SFT policy.

Objective: that of supervised fine-tuning, on (prompt, chosen).
Paper: AlpacaFarm, arXiv 2305.14387 v1, appendix A.1 (after OpenAI's FeedME models); it published no code.
The rejected answers are never seen.
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
class FeedME:
    """Supervised fine-tuning on the chosen answers."""

    key_name: ClassVar[str] = "FeedME"

    name: str
    """Shown in tables."""
    training: TrainingSettings
    """How the weights are fitted."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "pairs")

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("pairs", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        assert inputs.sft is not None
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        examples = [
            Example(p.instruction, p.input, p.chosen, p.chosen_is_finished, history=p.history) for p in inputs.pairs
        ]
        checkpoint = fine_tune(inputs.sft.checkpoint, examples, job)
        return Policy(checkpoint=checkpoint, temperature=self.temperature)
