"""What a method is: it trains a policy from the inputs that it asks for, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from farm.models.checkpoint import Model
from farm.records import (
    Comparison,
    Demonstration,
    Instruction,
    LabelledOutput,
    Policy,
    Preference,
    PreferencePair,
)

Requirement = Literal["demonstrations", "sft", "pairs", "unpaired", "reward_model", "unlabeled", "labels"]
"""What a method may ask for; unpaired: the labelled outputs that came with the dataset, or else pairs."""


class Labeller(Protocol):
    """The annotator that labels for this run, asked while a method trains, within the budget of every other method."""

    @property
    def budget(self) -> int:
        """How many labels may be asked for in all: as many as are given to methods that learn from finished pairs."""

    def label(self, comparisons: Sequence[Comparison], request: int) -> list[Preference | None]:
        """One verdict per comparison, in order, noise included; None where there is none. Each costs one label.

        Args:
            comparisons: answers drawn for the purpose.
            request: counts the method's requests from 0. A request that is made again after a kill, with the same
                comparisons, is answered from what was kept and costs nothing.

        Raises:
            UserError: with these, more labels would have been asked for than the budget allows.
        """


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """What a method may see. What it did not require is None or empty, so that using it fails at once."""

    model: Model
    """The pretrained base with its prompt template and token limits; device and micro-batch size too."""
    sft: Policy | None
    """The supervised policy that every method starts from."""
    demonstrations: Sequence[Demonstration]
    pairs: Sequence[PreferencePair]
    unlabeled: Sequence[Instruction]
    unpaired: Sequence[LabelledOutput] = ()
    """Outputs with a label each; methods that require "unpaired" get these or, where the data are pairs, `pairs`."""
    reward_model: Path | None
    """A Hugging Face sequence-classification directory."""
    labels: Labeller | None = None
    """Whoever labels what the method draws; everything that was labelled lies in the artifact beside the policy."""


class RewardStage(Protocol):
    """How a reward model is made from preference pairs: one classifier, or an ensemble."""

    @property
    def least_pairs(self) -> int:
        """So many pairs are enough."""

    def check_pairs(self, n_pairs: int, key: str) -> None:
        """Raise UnfitError, before anything is trained, if so many pairs are too few.

        Args:
            n_pairs: how many there can be at most.
            key: dotted key of this reward model's settings, for the message.
        """

    def train(
        self,
        pairs: Sequence[PreferencePair],
        *,
        model: Model,
        sft: Policy,
        output_dir: Path,
        scratch_dir: Path,
        seed: int,
    ) -> Path:
        """Fit and evaluate; returns output_dir, which farm/models/scoring/reward.py can load."""


class Need(NamedTuple):
    """Rows of one kind without which a method cannot train."""

    kind: Requirement
    """Of what: demonstrations, pairs, unpaired labels, unlabeled instructions, or labels to ask for."""
    n: int
    """At least so many."""
    settings: Mapping[str, int]
    """The method's settings that ask for so many, with their values."""


class Method(Protocol):
    """A frozen dataclass with the method's settings, one per file of this folder."""

    @property
    def name(self) -> str: ...

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """The inputs it needs; the pipeline makes only these."""

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        """Train and return the policy.

        Args:
            inputs: the required inputs.
            output_dir: empty folder, kept: the checkpoint goes here, and `metrics.jsonl`, one object per logged step.
            scratch_dir: survives a killed run and is removed after success: training checkpoints to resume from.
            seed: every random draw is keyed by it.
        """


@runtime_checkable
class NeedsRows(Protocol):
    """A method that says how many rows it takes, so that too few are refused before anything is trained."""

    def needs(self, n_labels: int) -> Sequence[Need]:
        """The least of each kind of rows that its settings can do with.

        Args:
            n_labels: how many labels the run may spend, for methods that ask for as many.
        """
