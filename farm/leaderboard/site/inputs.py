"""What the site shows beside the board: texts behind verdicts, runs with their lineage, over-optimisation curves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from farm.leaderboard.answers import EntryAnswer
from farm.records import OptimizationPoint
from farm.store.cost import Cost

AnswersOf = Callable[[str, str], Iterable[EntryAnswer]]
"""(entry's key, annotator) -> its answers, in the order in which they are shown; none where the texts are not known."""


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """One artifact on the way to a run's verdicts."""

    kind: str
    """What it is: dataset, policy, reward_model, standings, ..."""
    key: str
    parents: Mapping[str, str]
    """Role -> key of what it was made from."""
    settings: Mapping[str, str]
    """Dotted name -> value, as in its manifest."""
    cost: Cost
    seed: int
    machine: str
    """Processor and threads that made it; empty if the manifest does not say."""
    phases: Mapping[str, float]
    """Seconds by phase of training, summed over steps; empty where no timings were kept."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run: its standings and everything that they rest on."""

    key: str
    """Of its standings; an entry's key."""
    stages: Sequence[StageRecord]
    """The standings first, then what they were made from, each before its own parents."""
    n_gone: int
    """Artifacts on the way that are no longer in the root."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How one run's proxy reward and true utility went as optimisation got stronger (Gao et al. 2022, 2210.10760)."""

    method: str
    labels: str
    """Whose labels the reward model learnt from."""
    seed: int
    points: Sequence[OptimizationPoint]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Everything that is shown beside the board; each part may be missing."""

    answers: AnswersOf | None = None
    runs: Sequence[RunRecord] = ()
    curves: Sequence[Curve] = ()
