"""C-RLFT: one supervised stage on demonstrations of mixed quality, each conditioned on and weighted by its class.

Objective: maximise E over (x, y, c) of exp(r_c / beta) log pi(y | x, c), where the class c is the demonstration's
source and r_c its coarse reward: reward-weighted regression towards a class-conditioned behaviour policy. Only the
ratios of the weights exp(r_c / beta) matter: 1 and 0.1 mean rewards ln 10 apart in units of beta. The policy is then
asked under the expert's condition.
Paper: Wang et al. 2023 (OpenChat), arXiv 2309.11235; no preference label is used.

What we do differently: conditions are text around any prompt template (OpenChat names the roles, "GPT4 User:" and
"GPT4 Assistant:"), so that any checkpoint will do; the loss is the weighted token mean over the whole batch, as in
OpenChat's released trainer; there are as many classes as one likes, and they may also be buckets of scores instead of
sources: those of a reward model, or of a file, such as the grades that a judge gave the demonstrations one by one.
`classes.json` says how many demonstrations each class had.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from farm.config.checks import check_fields
from farm.data.score_table import read_scores
from farm.errors import UserError
from farm.methods.examples import Example
from farm.methods.method import Need, Requirement, TrainingInputs
from farm.methods.trl.training import TrainingJob, TrainingSettings, need_of_a_batch
from farm.methods.trl.weighted_sft import fine_tune_weighted
from farm.models.answering import rewards_of
from farm.records import Demonstration, Output, Policy, instruction_key

Floats = NDArray[np.float64]
Placement = Literal["first_turn", "assistant", "both", "none"]


@dataclass(frozen=True, kw_only=True)
class DemonstrationClass:
    """Demonstrations that are trained on alike."""

    key_name: ClassVar[str] = "DemonstrationClass"

    sources: tuple[str, ...]
    """Values of a demonstration's `source` that belong to it; with buckets, none."""
    condition: str
    """The text that names the class to the policy."""
    weight: float
    """Of its tokens in the loss; 0 leaves the class out."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"weight": 0})


@dataclass(frozen=True, kw_only=True)
class ScoreBuckets:
    """Classes by score instead of by source."""

    key_name: ClassVar[str] = "ScoreBuckets"

    classes: tuple[str, ...]
    """Names of the classes, worst bucket first."""
    edges: tuple[float, ...] | None
    """Scores at which the next class begins; None for equal shares, which cut through equal scores."""
    file: Path | None
    """Where the scores are: a table with instruction, output and score; None for the reward model's scores."""

    def __post_init__(self) -> None:
        edges = self.edges
        if edges is not None and (len(edges) != len(self.classes) - 1 or list(edges) != sorted(set(edges))):
            raise ValueError(f"edges: {len(self.classes)} classes need {len(self.classes) - 1}, ascending; got {edges}")

    def of(self, scores: Floats) -> list[str]:
        """The class of each demonstration from its score (N,)."""
        if self.edges is not None:
            places = np.searchsorted(self.edges, scores, side="right")
        else:
            ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
            places = ranks * len(self.classes) // len(ranks)
        return [self.classes[int(place)] for place in places]


@dataclass(frozen=True, kw_only=True)
class CRLFT:
    """Conditioned, weighted imitation of demonstrations from several sources."""

    key_name: ClassVar[str] = "CRLFT"

    name: str
    """Shown in tables."""
    classes: Mapping[str, DemonstrationClass]
    """By name."""
    expert: str
    """The class under whose condition the policy is asked afterwards."""
    placement: Placement
    """Where the condition stands: in front of the prompt (first_turn), right before the answer (assistant), in both
    places (both), or nowhere (none: weighted imitation)."""
    buckets: ScoreBuckets | None
    """Form the classes from scores; null to form them from sources."""
    start: Literal["base", "sft"]
    """Whose weights training starts from: the pretrained model's (as in the paper) or the SFT policy's."""
    training: TrainingSettings
    """How the weights are fitted."""
    temperature: float
    """Sampling temperature at evaluation."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0})
        names = sorted(self.classes)
        unknown = {self.expert, *(self.buckets.classes if self.buckets else ())} - set(names)
        if unknown:
            raise ValueError(f"classes: {sorted(unknown)} is named elsewhere, but the classes are {names}")
        sources = Counter(source for c in self.classes.values() for source in c.sources)
        twice = sorted(source for source, count in sources.items() if count > 1)
        if twice:
            raise ValueError(f"classes: the sources {twice} belong to two classes")

    @property
    def requires(self) -> tuple[Requirement, ...]:
        asks_reward_model = self.buckets is not None and self.buckets.file is None
        started: tuple[Requirement, ...] = ("sft",) if self.start == "sft" or asks_reward_model else ()
        return ("demonstrations", *started, "reward_model") if asks_reward_model else ("demonstrations", *started)

    def needs(self, n_labels: int) -> Sequence[Need]:  # noqa: ARG002
        return [need_of_a_batch("demonstrations", self.training)]

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        if self.buckets:
            names = self.buckets.of(self._scores(inputs, self.buckets.file))
        else:
            names = self._classes_by_source(inputs.demonstrations)
        counts = {name: names.count(name) for name in self.classes}
        (output_dir / "classes.json").write_text(json.dumps(counts, sort_keys=True, indent=1) + "\n")
        examples = [self._example(row, name) for row, name in zip(inputs.demonstrations, names, strict=True)]
        start = inputs.sft.checkpoint if self.start == "sft" and inputs.sft else inputs.model.checkpoint
        checkpoint = fine_tune_weighted(start, examples, job)
        prefix, suffix = self._around(self.expert)
        return Policy(checkpoint=checkpoint, prefix=prefix, suffix=suffix, temperature=self.temperature)

    def _classes_by_source(self, demonstrations: Sequence[Demonstration]) -> list[str]:
        class_of = {source: name for name, c in self.classes.items() for source in c.sources}
        unknown = sorted({row.source for row in demonstrations} - class_of.keys())
        if unknown:
            raise UserError(
                f"{self.name}: demonstrations come from the sources {unknown}, which belong to no class; the classes "
                f"name {sorted(class_of)}. Set method.classes (a weight of 0 leaves a source out)"
            )
        return [class_of[row.source] for row in demonstrations]

    def _scores(self, inputs: TrainingInputs, file: Path | None) -> Floats:
        """Of every demonstration: by the reward model, or as the file has them."""
        if file is None:
            assert inputs.reward_model is not None
            outputs = [
                Output(instruction=d.instruction, input=d.input, output=d.output, generator=d.source, history=d.history)
                for d in inputs.demonstrations
            ]
            return rewards_of(inputs.model, inputs.reward_model, outputs)
        known = read_scores(file)
        keys = [instruction_key(d, d.output) for d in inputs.demonstrations]
        n_missing = sum(key not in known for key in keys)
        if n_missing:
            raise UserError(
                f"{self.name}: {n_missing} of {len(keys)} demonstrations have no score in {file}; it needs a row with "
                "the instruction, input, output and score of each"
            )
        return np.array([known[key] for key in keys])

    def _example(self, row: Demonstration, name: str) -> Example:
        prefix, suffix = self._around(name)
        weight = self.classes[name].weight
        return Example(
            row.instruction, row.input, row.output, prefix=prefix, suffix=suffix, weight=weight, history=row.history
        )

    def _around(self, name: str) -> tuple[str, str]:
        """The class's text in front of and behind the prompt."""
        condition = self.classes[name].condition
        in_front = condition if self.placement in ("first_turn", "both") else ""
        behind = condition if self.placement in ("assistant", "both") else ""
        return in_front, behind
