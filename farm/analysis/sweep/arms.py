"""Does the simulator rank methods as the crowd does? Methods trained and judged by one, and by the other.

AlpacaFarm's Figure 3, with intervals.

Two arms, each with its own chains and seeds. Per arm and method a win rate against the same reference on the same
instructions, averaged over seeds; then the rank correlation of the two rankings and the pairs of methods they invert.
What learns nothing from labels (controls such as the longest answer) or learns from labels of neither arm (the shuffled
ones) is shown in the same table but takes no part in the correlation: it would make the arms look alike for the wrong
reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from farm.analysis.sweep.verdicts import RUN_COLUMNS, check_verdicts, seeds_of, select, value_table, win_rate_of
from farm.errors import UserError
from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.ranking.draws.scores import draws_of_scores
from farm.stats.ranking.ranking_comparison import RankingComparison, compare_rankings
from farm.stats.ranking.win_rates import WinRate

Kind = Literal["trained", "other", "label_free"]
"""trained: in both arms, ranked; other: labels of neither arm, or run in one arm only; label_free: learns nothing."""

_KINDS: tuple[Kind, ...] = ("trained", "other", "label_free")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Whose labels train the methods and who judges them."""

    annotator_train: str
    annotator_eval: str


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """One method in one arm."""

    win_rate: WinRate
    """Against the reference, over seeds and instructions."""
    mean_length: float
    """Of the outputs, in characters."""
    utility: float | None
    """Mean true utility of the outputs; None where nobody knows it."""


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One row of the table."""

    method: str
    labels: str
    """Whose labels trained it, where that is not the arm's annotator; else empty."""
    kind: Kind
    """Only "trained" rows are ranked and correlated."""
    crowd: ArmResult | None
    """None if it was not run in that arm."""
    simulated: ArmResult | None

    @property
    def name(self) -> str:
        return f"{self.method} ({self.labels})" if self.labels else self.method


@dataclass(frozen=True, kw_only=True)
class ArmsComparison:
    """The two arms side by side."""

    crowd: Arm
    simulated: Arm
    crowd_seeds: tuple[int, ...]
    """Seeds that every ranked method has in this arm; only these are used."""
    simulated_seeds: tuple[int, ...]
    n_instructions: int
    """Evaluation instructions that both arms judged."""
    ranking: RankingComparison
    """Crowd first, simulated second, over the "trained" rows."""
    rows: tuple[ModelRow, ...]
    """Trained, other, label-free; within each the best crowd win rate first."""

    @property
    def trained(self) -> tuple[ModelRow, ...]:
        """The rows that are ranked."""
        return tuple(row for row in self.rows if row.kind == "trained")


def compare_arms(
    verdicts: pd.DataFrame,
    *,
    crowd: Arm,
    simulated: Arm,
    label_free: Collection[str],
    resampling: Resampling,
) -> ArmsComparison:
    """Compare the rankings of two arms.

    Args:
        verdicts: columns `VERDICT_COLUMNS`; rows of other annotators are ignored.
        crowd: the arm whose ranking is taken as the truth.
        simulated: the arm that is to predict it.
        label_free: names of the methods that use no labels; known by their judge, whatever `annotator_train` says.
        resampling: draws instructions and training seeds.

    Raises:
        UserError: a column is missing, no method is in both arms, they share no seed within an arm, or no instruction.
    """
    check_verdicts(verdicts)
    # Sums of floats depend on their order: the same verdicts in another order must give the same bytes.
    verdicts = verdicts.sort_values([*RUN_COLUMNS, "instruction_key"], ignore_index=True)
    methods = verdicts[~verdicts["method"].isin(list(label_free))]
    halves = [_half(methods, arm) for arm in (crowd, simulated)]
    ranked = sorted(set(halves[0]["method"]) & set(halves[1]["method"]))
    if not ranked:
        raise UserError(
            f"no method is in both arms: {crowd} has {sorted(set(halves[0]['method']))}, "
            f"{simulated} has {sorted(set(halves[1]['method']))}"
        )
    instruction_keys = sorted(set(halves[0]["instruction_key"]) & set(halves[1]["instruction_key"]))
    if not instruction_keys:
        raise UserError("the two arms were judged on different instructions; nothing to compare")
    seeds = _shared_seeds(halves[0], ranked, crowd), _shared_seeds(halves[1], ranked, simulated)
    scores = [_scores(half, ranked, seeds[k], instruction_keys) for k, half in enumerate(halves)]
    draws = draws_of_scores(ranked, scores[0], scores[1], resampling=resampling)
    return ArmsComparison(
        crowd=crowd,
        simulated=simulated,
        crowd_seeds=seeds[0],
        simulated_seeds=seeds[1],
        n_instructions=len(instruction_keys),
        ranking=compare_rankings(*draws, names=("crowd", "simulated")),
        rows=_rows(verdicts, (crowd, simulated), seeds, ranked=ranked, label_free=label_free, keys=instruction_keys),
    )


def _half(verdicts: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    return select(verdicts, annotator_train=arm.annotator_train, annotator_eval=arm.annotator_eval)


def _shared_seeds(rows: pd.DataFrame, methods: Sequence[str], arm: Arm) -> tuple[int, ...]:
    by_method = {method: set(seeds_of(select(rows, method=method))) for method in methods}
    shared = set.intersection(*by_method.values())
    if not shared:
        raise UserError(f"{arm}: the methods share no seed: { {m: sorted(s) for m, s in by_method.items()} }")
    return tuple(sorted(shared))


def _scores(rows: pd.DataFrame, methods: Sequence[str], seeds: Sequence[int], keys: Sequence[str]) -> FloatArray:
    """(M, S, I)"""
    tables = [value_table(select(rows, method=m), "score", seeds=seeds, instruction_keys=keys) for m in methods]
    return np.stack(tables)


def _rows(
    verdicts: pd.DataFrame,
    arms: tuple[Arm, Arm],
    seeds: tuple[tuple[int, ...], tuple[int, ...]],
    *,
    ranked: Sequence[str],
    label_free: Collection[str],
    keys: Sequence[str],
) -> tuple[ModelRow, ...]:
    """All rows of the table, each with its result in both arms where it has one."""
    results: dict[tuple[Kind, str, str], dict[int, ArmResult]] = {}
    for place, arm in enumerate(arms):
        judged = select(verdicts, annotator_eval=arm.annotator_eval)
        for (method, labels), rows in judged.groupby(["method", "annotator_train"], sort=True):
            kind = _kind(str(method), str(labels), arm, arms, ranked=ranked, label_free=label_free)
            if kind is None:
                continue
            used = seeds[place] if kind == "trained" else seeds_of(rows)
            key = (kind, str(method), str(labels) if kind == "other" else "")
            # A control was perhaps run on both arms' samples: the arm's own come first.
            if place not in results.get(key, {}) or labels == arm.annotator_train:
                results.setdefault(key, {})[place] = _result(rows, used, keys)
    table = [
        ModelRow(kind=kind, method=method, labels=labels, crowd=by_arm.get(0), simulated=by_arm.get(1))
        for (kind, method, labels), by_arm in results.items()
    ]
    return tuple(
        sorted(table, key=lambda row: (_KINDS.index(row.kind), -_rate(row.crowd), -_rate(row.simulated), row.name))
    )


def _kind(
    method: str, labels: str, arm: Arm, arms: tuple[Arm, Arm], *, ranked: Sequence[str], label_free: Collection[str]
) -> Kind | None:
    """None: trained by the other arm's annotator, which belongs to neither arm here."""
    if method in label_free:
        return "label_free"
    if labels == arm.annotator_train:
        return "trained" if method in ranked else "other"
    return None if labels in {a.annotator_train for a in arms} else "other"


def _result(rows: pd.DataFrame, seeds: Sequence[int], keys: Sequence[str]) -> ArmResult:
    used = rows[rows["seed"].isin(list(seeds)) & rows["instruction_key"].isin(list(keys))]
    utility = float(used["utility"].mean())
    return ArmResult(
        win_rate=win_rate_of(used),
        mean_length=float(used["length"].mean()),
        utility=None if np.isnan(utility) else utility,
    )


def _rate(result: ArmResult | None) -> float:
    return -1.0 if result is None or result.win_rate.win_rate is None else result.win_rate.win_rate
