"""`farm.rank`: models ranked by recorded labels, every figure with its interval."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.humans.pictures import draw_ranking
from farm.analysis.humans.rankings.labels import ranking_of_labels
from farm.analysis.humans.rankings.source_ranking import SourceRanking
from farm.analysis.humans.sources import of_annotator
from farm.api.reading import Labels, LabelSource, read_labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.api.shown import html_of, png, text_of
from farm.errors import UserError
from farm.labels.annotation_source import Kind
from farm.labels.equal_outputs import without_equal_outputs
from farm.labels.matched import match_labels
from farm.labels.read import rule_of
from farm.labels.row_filter import row_filters
from farm.labels.soft_verdicts import judged
from farm.options.compare import compare_settings
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Models from the best to the worst, by one kind of annotators."""

    kind: Kind
    """Whose labels these are."""
    annotators: tuple[str, ...]
    """Who labelled; the most frequent label of a pair counts, or of graded labels the mean."""
    details: ModelRanking
    """All figures, with other conventions for ties too."""
    source_ranking: SourceRanking = field(repr=False)
    """The ranking with its resamples."""
    notes: tuple[str, ...]
    """What was left out or changed when the labels were read and matched."""

    def to_frame(self) -> pd.DataFrame:
        """One row a model, the best first.

        Columns: place; model; win_rate in [0, 1], ties one half, with low and high, its 95% interval over instructions
        and annotators, and its standard_error; n_total parsed comparisons and n_unparsed others; strength
        (Bradley-Terry, natural logarithm, mean 0) and elo with their intervals; rank_low and rank_high, the best and
        the worst place that are not excluded.
        """
        return pd.DataFrame([_row(model) for model in self.details.models])

    def draw(self, path: str | Path | None = None) -> Figure:
        """Win rates with their intervals, the best on top; written to `path` if one is given."""
        return draw_ranking(self.source_ranking, png(path))

    def __repr__(self) -> str:
        return text_of(self._title(), self.to_frame()[["place", "model", "win_rate", "low", "high", "n_total"]])

    def _repr_html_(self) -> str:
        return html_of(self._title(), self.to_frame(), self.notes)

    def _title(self) -> str:
        against = f" against {self.details.reference}" if self.details.reference else ""
        return (
            f"Ranking of {len(self.details.models)} models{against} by {len(self.annotators)} {self.kind} annotators, "
            f"{self.details.n_total:,} comparisons (95% intervals)"
        )


def rank(
    labels: LabelSource, *, kind: Kind | None = None, annotator: str | None = None, **settings: Setting
) -> Ranking:
    """Rank the models whose outputs were labelled.

    Args:
        labels: a file, a folder, a DataFrame, or what `farm.read` gave.
        kind: "human" or "llm", whose labels count, and the kind of annotators of rows that do not say it; None where
            there is one kind only.
        annotator: narrows them to one annotator.
        settings: those of `farm compare` that say which labels count and how to rank: where, rule, soft_verdicts,
            tie_model, report (seed, n_resamples).

    Raises:
        farm.errors.UserError: labels of both kinds without `kind`; no such annotator; no item that holds two different
            models against each other; models that cannot be ranked because they never meet.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> rows = [("dpo", "sft", 1), ("ppo", "sft", 1), ("sft", "ppo", 1), ("dpo", "ppo", 1), ("dpo", "sft", 1)]
        >>> pairs = pd.DataFrame(rows, columns=["model_1", "model_2", "preference"]).assign(
        ...     annotator="w1", output_1="Plum.", output_2="Pear.", instruction=[f"Name {n} fruits." for n in range(5)])
        >>> ranking = farm.rank(farm.read(pairs, kind="human"))
        >>> ranking.to_frame()["model"].tolist()
        ['dpo', 'ppo', 'sft']
    """
    only_for_files(settings, ("root", "output", "humans", "simulated", "columns"))
    asked = compare_settings(overrides_of(settings))
    options = asked.ranking
    table = read_labels(labels, kind=kind, where=row_filters(asked.where, kind))
    chosen = _kind(table, kind)
    frame, equal = without_equal_outputs(table.frame[table.frame["annotator_kind"] == chosen], table.source)
    if annotator is not None:
        frame = of_annotator(frame, annotator, table.source)
    if chosen == "llm":
        frame = judged(frame, is_soft=asked.soft_verdicts)
    people, judges = (frame, None) if chosen == "human" else (None, frame)
    matched = match_labels(people, judges)
    if not matched.models:
        reason = matched.without_models or "no item names the models that wrote its outputs"
        raise UserError(f"{table.source}: models are not ranked: {reason}")
    ranked = ranking_of_labels(
        matched,
        "humans" if chosen == "human" else "simulated",
        str(table.source),
        rule=options.rule or rule_of(table.frame),
        tie_model=options.tie_model,
        resampling=options.resampling,
    )
    assert ranked.ranking is not None
    if ranked.ranking.is_refused:
        raise UserError(f"models are not ranked: {ranked.ranking.reason}")
    notes = dict.fromkeys([*table.notes, *equal, *matched.notes, *ranked.notes])
    return Ranking(
        kind=chosen, annotators=ranked.annotators, details=ranked.ranking, source_ranking=ranked, notes=tuple(notes)
    )


def _kind(labels: Labels, given: Kind | None) -> Kind:
    kinds: list[Kind] = [kind for kind in get_args(Kind) if kind in set(labels.frame["annotator_kind"])]
    if given is None and len(kinds) != 1:
        raise UserError(f"{labels.source}: there are labels by {' and '.join(kinds) or 'nobody'}; say whose, kind=...")
    return kinds[0] if given is None else given


def _row(model: RankedModel) -> dict[str, object]:
    rate = model.under("ties_half")
    return {
        "place": model.place,
        "model": model.model,
        "win_rate": rate.estimate.value,
        "low": rate.estimate.low,
        "high": rate.estimate.high,
        "standard_error": rate.standard_error,
        "n_total": rate.estimate.n_total,
        "n_unparsed": rate.estimate.n_unparsed,
        "strength": model.strength.value,
        "strength_low": model.strength.low,
        "strength_high": model.strength.high,
        "elo": model.elo.value,
        "elo_low": model.elo.low,
        "elo_high": model.elo.high,
        "rank_low": model.rank_low,
        "rank_high": model.rank_high,
    }
