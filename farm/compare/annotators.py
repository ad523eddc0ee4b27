"""Humans against simulated annotators on recorded labels: label by label, and the rankings of models they imply.

The human majority is the most frequent label of an item, a tie where several are equally frequent. Single humans are
compared with each other and, leave-one-out, with the majority of the others: the ceiling for any judge. A judge is
compared with the majority of all humans, which is a little easier than with the majority of all but one.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from farm.compare.label_tables import Labels, match_labels
from farm.seeds import rng_for
from farm.stats.agreement import Accuracy, accuracy, cohen_kappa, leave_one_out, majority, raw_agreement
from farm.stats.bootstrap import Estimate, FloatArray, item_weights
from farm.stats.bradley_terry import Strengths, bradley_terry, fit_wins
from farm.stats.rankings import RankingAgreement, compare_rankings, correlation_estimate, correlations
from farm.stats.win_rates import WinRate, win_rate

MAJORITY = "human majority"


@dataclass(frozen=True, kw_only=True)
class ModelWinRate:
    """How often one model was preferred to the others."""

    model: str
    win_rate: WinRate
    """Over the comparisons it took part in."""


@dataclass(frozen=True, kw_only=True)
class RankedModels:
    """The ranking of the models by one annotator."""

    annotator: str
    kind: Literal["majority", "human", "llm"]
    n_total: int
    """Items with a verdict."""
    n_unparsed: int
    """Items it was asked about without a verdict."""
    win_rates: tuple[ModelWinRate, ...]
    """Best first; empty if the items do not name their models."""
    strengths: Strengths | None
    """Bradley-Terry; None if the items do not name their models."""


@dataclass(frozen=True, kw_only=True)
class StrengthCorrelation:
    """Correlations of two annotators' Bradley-Terry strengths, intervals over items."""

    spearman: Estimate
    kendall: Estimate
    pearson: Estimate


@dataclass(frozen=True, kw_only=True)
class PairComparison:
    """Two annotators on the items both labelled."""

    first: str
    second: str
    agreement: Estimate
    """Share of equal labels among first, tie, second."""
    kappa: Estimate
    """Cohen's kappa on the same labels."""
    ranking: RankingAgreement | None
    """Of the models by win rate; None if there are no models, or one of them has no verdict."""
    strengths: StrengthCorrelation | None
    """Of the models by Bradley-Terry strength; only made for judges."""


@dataclass(frozen=True, kw_only=True)
class JudgeReport:
    """One simulated annotator against the humans."""

    judge: str
    versus_majority: PairComparison
    unparsed_dropped: Accuracy
    """Accuracy with the majority as the truth, over the parsed items."""
    unparsed_as_tie: Accuracy
    """The same over all items, an unparsed verdict read as a tie."""
    without_ties: Estimate
    """Agreement where both the majority and the judge prefer one output; the rest is in its n_unparsed."""
    single_humans: tuple[Estimate, ...]
    """Agreement with each human, in the order of the humans."""


@dataclass(frozen=True, kw_only=True)
class AnnotatorsComparison:
    """Everything about one set of recorded labels."""

    n_items: int
    """Items that at least one human labelled."""
    majority: RankedModels
    humans: tuple[RankedModels, ...]
    judges: tuple[RankedModels, ...]
    human_pairs: tuple[PairComparison, ...]
    leave_one_out: Estimate
    """One human against the majority of the others (expected value of a random tie-break), mean over humans."""
    leave_one_out_strict: Estimate
    """The same on the items where the others are unanimous."""
    reports: tuple[JudgeReport, ...]


def compare_annotators(
    humans: pd.DataFrame, simulated: pd.DataFrame, *, seed: int, n_resamples: int = 1000
) -> AnnotatorsComparison:
    """Compare the humans of one annotation table with the judges of another (or of the same).

    Args:
        humans: columns `ANNOTATION_COLUMNS`; its human rows are used.
        simulated: columns `ANNOTATION_COLUMNS`; its llm rows are used.
        seed: keys all bootstraps.
        n_resamples: of each bootstrap, over items.

    Raises:
        UserError: the tables do not fit together.
    """
    labels = match_labels(humans, simulated)
    people, machines = labels.humans, labels.judges
    truth = majority(people.labels)
    versus = _Comparer(labels=labels, seed=seed, n_resamples=n_resamples)
    once = np.ones(len(truth), dtype=np.bool_)
    return AnnotatorsComparison(
        n_items=len(truth),
        majority=versus.ranked(MAJORITY, "majority", truth, once),
        humans=tuple(
            versus.ranked(name, "human", people.labels[:, k], people.is_asked[:, k])
            for k, name in enumerate(people.annotators)
        ),
        judges=tuple(
            versus.ranked(name, "llm", machines.labels[:, k], machines.is_asked[:, k])
            for k, name in enumerate(machines.annotators)
        ),
        human_pairs=tuple(
            versus.pair(people.annotators[a], people.labels[:, a], people.annotators[b], people.labels[:, b])
            for a, b in combinations(range(len(people.annotators)), 2)
        ),
        leave_one_out=leave_one_out(people.labels, is_strict=False, seed=seed, n_resamples=n_resamples),
        leave_one_out_strict=leave_one_out(people.labels, is_strict=True, seed=seed, n_resamples=n_resamples),
        reports=tuple(
            versus.report(name, machines.labels[:, k], machines.is_asked[:, k], truth)
            for k, name in enumerate(machines.annotators)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Comparer:
    """The items and the bootstrap settings that all comparisons share."""

    labels: Labels
    seed: int
    n_resamples: int

    def ranked(
        self,
        annotator: str,
        kind: Literal["majority", "human", "llm"],
        column: FloatArray,
        is_asked: np.ndarray[tuple[int], np.dtype[np.bool_]],
    ) -> RankedModels:
        """The ranking by one column of labels (I,)."""
        scores = self.scores(column)[:, :, is_asked]
        rates = []
        for index, model in enumerate(self.labels.models):
            has_part = self._has_part(model)[is_asked]
            rates.append(ModelWinRate(model=model, win_rate=win_rate(scores[index][:, has_part])))
        rates.sort(key=lambda row: (-1.0 if row.win_rate.win_rate is None else -row.win_rate.win_rate, row.model))
        strengths = None
        if self.labels.models:
            strengths = bradley_terry(self.labels.model_1, self.labels.model_2, 2 - column)
            strengths = dataclasses.replace(strengths, n_unparsed=int((is_asked & np.isnan(column)).sum()))
        return RankedModels(
            annotator=annotator,
            kind=kind,
            n_total=int(np.isfinite(column).sum()),
            n_unparsed=int((is_asked & np.isnan(column)).sum()),
            win_rates=tuple(rates),
            strengths=strengths,
        )

    def pair(
        self,
        first: str,
        first_labels: FloatArray,
        second: str,
        second_labels: FloatArray,
        *,
        with_strengths: bool = False,
    ) -> PairComparison:
        """Two columns of labels (I,) compared; rankings over the items that each of them labelled."""
        seed, n_resamples = self.seed, self.n_resamples
        scores = self.scores(first_labels), self.scores(second_labels)
        is_ranked = bool(self.labels.models) and all(np.isfinite(s).any(axis=2).all() for s in scores)
        models = self.labels.models
        return PairComparison(
            first=first,
            second=second,
            agreement=raw_agreement(first_labels, second_labels, seed=seed, n_resamples=n_resamples),
            kappa=cohen_kappa(first_labels, second_labels, seed=seed, n_resamples=n_resamples),
            ranking=compare_rankings(models, *scores, seed=seed, n_resamples=n_resamples) if is_ranked else None,
            strengths=self._strengths(first_labels, second_labels) if is_ranked and with_strengths else None,
        )

    def report(
        self,
        judge: str,
        column: FloatArray,
        is_asked: np.ndarray[tuple[int], np.dtype[np.bool_]],
        truth: FloatArray,
    ) -> JudgeReport:
        """One judge against the majority and each human, on the items it was asked about."""
        seen = np.where(is_asked, truth, np.nan)
        keep = is_asked & np.isfinite(truth)
        strict = [np.where(labels == 1.5, np.nan, labels) for labels in (seen, column)]
        settings = {"seed": self.seed, "n_resamples": self.n_resamples}
        return JudgeReport(
            judge=judge,
            versus_majority=self.pair(judge, column, MAJORITY, seen, with_strengths=True),
            unparsed_dropped=accuracy(truth[keep], column[keep], unparsed="dropped"),
            unparsed_as_tie=accuracy(truth[keep], column[keep], unparsed="tie"),
            without_ties=raw_agreement(strict[0], strict[1], **settings),
            single_humans=tuple(raw_agreement(human, column, **settings) for human in self.labels.humans.labels.T),
        )

    def scores(self, column: FloatArray) -> FloatArray:
        """Labels (I,) as scores (M, 1, I): 1 where the model won, NaN where it took no part or nothing was parsed."""
        table = np.full((len(self.labels.models), 1, len(column)), np.nan)
        for index, model in enumerate(self.labels.models):
            is_first, is_second = (np.array(names) == model for names in (self.labels.model_1, self.labels.model_2))
            table[index, 0, is_first] = 2 - column[is_first]
            table[index, 0, is_second] = column[is_second] - 1
        return table

    def _has_part(self, model: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.array([model in pair for pair in zip(self.labels.model_1, self.labels.model_2, strict=True)])

    def _strengths(self, first: FloatArray, second: FloatArray) -> StrengthCorrelation:
        weights = item_weights(len(first), self.n_resamples, rng_for(self.seed, "strength bootstrap"))
        all_once = np.ones((1, len(first)))
        point = correlations(self._fit(first, all_once), self._fit(second, all_once))
        drawn = correlations(self._fit(first, weights), self._fit(second, weights))
        n_models, reason = len(self.labels.models), "an annotator's strengths have no finite maximum"
        made = [
            correlation_estimate(float(p[0]), d, n_models=n_models, reason=reason)
            for p, d in zip(point, drawn, strict=True)
        ]
        return StrengthCorrelation(spearman=made[0], kendall=made[1], pearson=made[2])

    def _fit(self, column: FloatArray, weights: FloatArray) -> FloatArray:
        """Bradley-Terry strengths (R, M) under item weights (R, I)."""
        n_models = len(self.labels.models)
        place = {model: index for index, model in enumerate(self.labels.models)}
        first, second = ([place[m] for m in names] for names in (self.labels.model_1, self.labels.model_2))
        score = np.nan_to_num(2 - column)
        lost = np.where(np.isnan(column), 0.0, 1 - score)
        rows = np.arange(len(column))
        shape = (len(column), n_models * n_models)
        won_at = sparse.csr_matrix((score, (rows, np.array(first) * n_models + np.array(second))), shape=shape)
        lost_at = sparse.csr_matrix((lost, (rows, np.array(second) * n_models + np.array(first))), shape=shape)
        return fit_wins(np.asarray(weights @ (won_at + lost_at)).reshape(-1, n_models, n_models))


def mean_agreement(parts: Sequence[Estimate]) -> float | None:
    """Mean of the values; None if there is none or one of them is missing."""
    values = [part.value for part in parts if part.value is not None]
    return float(np.mean(values)) if values and len(values) == len(parts) else None
