"""Best-of-n: draw n answers of a policy and keep the one that a scorer likes best. Nothing is trained.

Objective: argmax over n samples y ~ pi of score(prompt, y). The method takes the SFT policy for pi; the pipeline
does the same at evaluation to any method's policy (`farm run method=dpo best_of=4 scorer=longest`).
Papers: Stiennon et al. 2020, arXiv 2009.01325; AlpacaFarm, arXiv 2305.14387 v1, section 4.1 (n = 16, temperature 1).

For distinct scores best-of-n is exactly log n - (n - 1)/n nats of KL away from the policy, whatever the scorer, and
less where scores tie: n = 16 costs at most 1.84 nats. Both figures are reported (`farm.stats.best_of_n`).

With a scorer that has seen no label (random, longest, mean_logprob) this gives the label-free rows of every table: a
method has learned from preferences only if it beats them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from farm.config.checks import check_fields
from farm.methods.method import Requirement, TrainingInputs
from farm.models.answering import check_scorer
from farm.records import Policy


@dataclass(frozen=True, kw_only=True)
class BestOfN:
    """The best of n answers of the SFT policy."""

    key_name: ClassVar[str] = "BestOfN"

    name: str
    """Shown in tables."""
    n: int
    """Answers drawn per instruction; 1 is plain sampling."""
    scorer: str
    """Who picks: reward_model, random, longest, mean_logprob (under the SFT policy), or utility (the oracle)."""
    temperature: float
    """Sampling temperature of the n answers."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})
        check_best_of(self.n, self.scorer)

    @property
    def requires(self) -> tuple[Requirement, ...]:
        return ("sft", "reward_model") if self.scorer == "reward_model" else ("sft",)

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:  # noqa: ARG002
        assert inputs.sft is not None
        return Policy(
            checkpoint=inputs.sft.checkpoint,
            temperature=self.temperature,
            best_of=self.n,
            scorer=self.scorer,
            reward_model=inputs.reward_model,
        )


def check_best_of(n: int, scorer: str) -> None:
    """Raise ValueError unless n answers can be drawn and there is such a scorer."""
    if n < 1:
        raise ValueError(f"n: expected at least 1, got {n}")
    check_scorer(scorer)
