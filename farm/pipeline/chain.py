"""What one run is made of: everything that decides a row of the leaderboard. How it runs: farm/pipeline/training.py."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from farm.annotators.annotator import Annotator
from farm.config.checks import check_fields
from farm.data.dataset import Dataset, Utility
from farm.methods.best_of_n import check_best_of
from farm.methods.method import Method, Requirement, RewardStage
from farm.models.checkpoint import Model
from farm.pipeline.judging.checkpoint_selection import CheckpointSelection, check_held_out
from farm.pipeline.judging.standings import Evaluation


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """Where the comparisons to be labelled come from."""

    key_name: ClassVar[str] = "ComparisonSettings"

    source: Literal["sampled", "recorded"]
    """sampled: two answers of the SFT policy per preference instruction; recorded: pairs that came with the dataset."""
    temperature: float
    """Sampling temperature of the two answers (not used for recorded pairs)."""
    n_comparisons: int | None
    """Use the first n only (the label budget); null for all."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0, "n_comparisons": 1})


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One run: everything that decides a row of the leaderboard."""

    dataset: Dataset
    utility: Utility | None
    """True utility, in closed worlds only."""
    model: Model
    sft: Method
    """How the policy that every method starts from is made."""
    comparisons: ComparisonSettings
    annotator: Annotator
    reward_model: RewardStage
    method: Method
    selection: CheckpointSelection | None
    """Who chooses among the candidates that the method keeps; None: the end of its training is its policy."""
    best_of: int | None
    """Answers per evaluation instruction of which the best is kept, whatever the method; None: as the method says."""
    scorer: str
    """Who picks it."""
    evaluation: Evaluation
    seed: int

    def __post_init__(self) -> None:
        check_best_of(1 if self.best_of is None else self.best_of, self.scorer)
        if self.selection is not None:
            evaluating = {f"evaluates as {name}": judges for name, judges in self.evaluation.annotators.items()}
            check_held_out(self.selection, {"labels for training": self.annotator, **evaluating})

    @property
    def method_name(self) -> str:
        """Shown in tables."""
        picked = "" if self.best_of is None else f" (best of {self.best_of} by {self.scorer})"
        return self.method.name + picked

    @property
    def requires(self) -> set[Requirement]:
        """What the method and the choice among its answers need."""
        picking: set[Requirement] = {"reward_model"} if self.best_of and self.scorer == "reward_model" else set()
        return {*self.method.requires, *picking}
