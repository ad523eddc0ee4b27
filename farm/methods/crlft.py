"""C-RLFT: one supervised stage on demonstrations of mixed quality, each conditioned on and weighted by its class.

Objective: maximise E over (x, y, c) of exp(r_c / beta) log pi(y | x, c), where the class c is the demonstration's
source and r_c its coarse reward: reward-weighted regression towards a class-conditioned behaviour policy. Only the
ratios of the weights exp(r_c / beta) matter: 1 and 0.1 mean rewards ln 10 apart in units of beta. The policy is then
asked under the expert's condition.
Paper: Wang et al. 2023 (OpenChat), arXiv 2309.11235; no preference label is used.

What we do differently: conditions are text around any prompt template (OpenChat names the roles, "GPT4 User:" and
"GPT4 Assistant:"), so that any checkpoint will do; the loss is the weighted token mean over the whole batch, as in
OpenChat's released trainer; there are as many classes as one likes, and they may also be buckets of a reward model's
score instead of sources. `classes.json` says how many demonstrations each class had.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from farm.errors import UserError
from farm.methods.examples import Example
from farm.methods.method import Requirement, TrainingInputs
from farm.methods.trl_training import TrainingJob, TrainingSettings
from farm.methods.weighted_sft import fine_tune_weighted
from farm.models.answering import rewards_of
from farm.records import Demonstration, Output, Policy

Placement = Literal["first_turn", "assistant", "both", "none"]


@dataclass(frozen=True, kw_only=True)
class DemonstrationClass:
    """Demonstrations that are trained on alike."""

    sources: tuple[str, ...]
    """Values of a demonstration's `source` that belong to it; with buckets, none."""
    condition: str
    """The text that names the class to the policy."""
    weight: float
    """Of its tokens in the loss; 0 leaves the class out."""


@dataclass(frozen=True, kw_only=True)
class ScoreBuckets:
    """Classes by a reward model's score instead of by source: equal shares of the demonstrations."""

    classes: tuple[str, ...]
    """Names of the classes, worst bucket first."""


@dataclass(frozen=True, kw_only=True)
class CRLFT:
    """Conditioned, weighted imitation of demonstrations from several sources."""

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
        started: tuple[Requirement, ...] = ("sft",) if self.start == "sft" or self.buckets else ()
        return ("demonstrations", *started, "reward_model") if self.buckets else ("demonstrations", *started)

    def train(self, inputs: TrainingInputs, output_dir: Path, scratch_dir: Path, seed: int) -> Policy:
        job = TrainingJob(self.name, inputs.model, self.training, output_dir, scratch_dir, seed)
        names = self._classes_by_score(inputs) if self.buckets else self._classes_by_source(inputs.demonstrations)
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

    def _classes_by_score(self, inputs: TrainingInputs) -> list[str]:
        """Equal shares of the demonstrations by their reward-model score."""
        assert inputs.reward_model is not None and self.buckets is not None
        outputs = [
            Output(instruction=d.instruction, input=d.input, output=d.output, generator=d.source)
            for d in inputs.demonstrations
        ]
        scores = rewards_of(inputs.model, inputs.reward_model, outputs)
        ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
        n_buckets = len(self.buckets.classes)
        return [self.buckets.classes[int(rank * n_buckets // len(ranks))] for rank in ranks]

    def _example(self, row: Demonstration, name: str) -> Example:
        prefix, suffix = self._around(name)
        weight = self.classes[name].weight
        return Example(row.instruction, row.input, row.output, prefix=prefix, suffix=suffix, weight=weight)

    def _around(self, name: str) -> tuple[str, str]:
        """The class's text in front of and behind the prompt."""
        condition = self.classes[name].condition
        in_front = condition if self.placement in ("first_turn", "both") else ""
        behind = condition if self.placement in ("assistant", "both") else ""
        return in_front, behind
