"""Simulated annotators or published figures against humans: label by label, and ranking by ranking.

The humans' label of an item is the most frequent one, a tie where several are equally frequent; where labels are
graded, models are ranked by the mean. The same holds for simulated annotators if there are several. Either source may
be missing: then the other is described by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from farm.analysis.humans.agreement import HumanPair, LabelAgreement, human_pairs, label_agreement
from farm.analysis.humans.label_statistics import LabelStatistics, label_statistics
from farm.analysis.humans.orders import order_effects
from farm.analysis.humans.rankings.certainty import ONE_ANNOTATOR
from farm.analysis.humans.rankings.labels import ranking_of_labels
from farm.analysis.humans.rankings.source_ranking import SourceRanking
from farm.analysis.humans.rankings.standings import ranking_of_standings
from farm.errors import UserError
from farm.labels.annotation_table import notes_of
from farm.labels.label_table import LabelTable
from farm.labels.matched import MatchedLabels, match_labels
from farm.labels.published.standings import PublishedStandings, Role
from farm.labels.read import rule_of
from farm.labels.soft_verdicts import judged
from farm.stats.bias.outliers import Screening, screen_annotators
from farm.stats.bias.position import OrderEffect
from farm.stats.bootstrap import Resampling
from farm.stats.ranking.bradley_terry import TieModel
from farm.stats.ranking.label_rules import LabelRule
from farm.stats.ranking.ranking_comparison import RankingComparison, by_source, compare_rankings, no_comparison
from farm.wording import listed

_NAMES = ("humans", "simulated")
MOST_RANKED = 8
"""Annotators of one source whose own rankings are made."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """People, or simulated annotators: a table of their labels, or published standings by them."""

    path: Path
    content: pd.DataFrame | PublishedStandings
    """A frame has the columns `ANNOTATION_COLUMNS` and only rows of this source's kind."""


@dataclass(frozen=True, kw_only=True)
class RankingSettings:
    """How rankings are made and resampled."""

    rule: LabelRule | None
    """How several labels of an item count, on both sides; None: as in the figures that the humans' source published, or
    without humans the simulated annotators'."""
    tie_model: TieModel
    """What a tie is to Bradley-Terry."""
    soft_verdicts: bool
    """Whether a simulated annotator's probability counts where it gave one, instead of its verdict."""
    trained_in_lab: tuple[str, ...] | None
    """Models that were trained in the laboratory; None if it is not known, or the standings say it."""
    resampling: Resampling
    """Of every interval."""


@dataclass(frozen=True, kw_only=True)
class HumanComparison:
    """Everything that `farm compare humans=... simulated=...` says."""

    humans: SourceRanking | None
    """None if they were not given, or their items name no models."""
    simulated: SourceRanking | None
    labels: MatchedLabels | None
    """The labels that were compared; None if both sources are published figures."""
    agreement: LabelAgreement
    """All simulated annotators against the humans."""
    agreement_by_annotator: dict[str, LabelAgreement]
    """The same for each simulated annotator, where there are several."""
    order_effects: dict[str, OrderEffect]
    """By simulated annotator, of those that saw pairs in both orders."""
    human_pairs: tuple[HumanPair, ...]
    """Every two humans; empty with more than `agreement.MOST_HUMANS`."""
    label_statistics: LabelStatistics | None
    """What the human labels are like by themselves; None if there are none."""
    screening: Screening | None
    """Humans who do not look at what they label; None if there are no human labels."""
    ranking: RankingComparison
    """Over all models that both sources rank; the humans' ranking first."""
    annotator_rankings: tuple[SourceRanking, ...]
    """Every annotator's own ranking, humans first; empty for a source of one, or of more than `MOST_RANKED`."""
    ranking_by_annotator: dict[str, RankingComparison]
    """Over all models, each simulated annotator against the humans, where there are several."""
    trained_ranking: RankingComparison | None
    """Over those trained in the laboratory; None if it is not known which these are, or all are."""
    n_not_trained: int | None
    """Ranked models that were not trained in the laboratory; None if unknown."""
    is_trained_in_lab: dict[str, bool]
    """As far as it is known."""
    notes: tuple[str, ...]
    """What was left out, turned around or is missing, with counts."""

    @property
    def all_models(self) -> list[str]:
        """The models of either source, the best for the humans (or else the simulated annotators) first."""
        rates: dict[str, float] = {}
        for source in (self.simulated, self.humans):
            if source is not None:
                rates |= {m.model: -1.0 if m.win_rate is None else m.win_rate for m in source.models}
        in_first = {m.model for m in self.humans.models} if self.humans is not None else set(rates)
        return sorted(rates, key=lambda name: (name not in in_first, -rates[name], name))

    @property
    def no_win_rates(self) -> str:
        """Which figures that models are ranked by are no win rates; empty if all are."""
        sources = [source for source in (self.humans, self.simulated) if source is not None]
        return by_source({s.role: "" if s.is_win_rate else f"{s.figure} is no win rate" for s in sources})

    @property
    def refusal(self) -> str:
        """Why models that were given cannot be ranked; empty if they are, if there are none, or if that was not all."""
        sources = [source for source in (self.humans, self.simulated) if source is not None]
        if not sources and self.labels is not None and None in (self.labels.humans, self.labels.judges):
            return self.labels.without_models
        return by_source({source.role: source.draws.refusal for source in sources})


def compare_with_humans(humans: Source | None, simulated: Source | None, settings: RankingSettings) -> HumanComparison:
    """Compare two sources of labels or standings, or describe one.

    Raises:
        UserError: nothing given, tables that do not fit together, or no model in common where nothing else is compared.
    """
    settings = replace(settings, rule=_rule(humans, simulated, settings))
    if simulated is not None and isinstance(simulated.content, pd.DataFrame):
        simulated = replace(simulated, content=judged(simulated.content, is_soft=settings.soft_verdicts))
    labels = _labels(humans, simulated)
    by_humans = None if humans is None else _source_ranking(humans, "humans", labels, settings)
    by_simulated = None if simulated is None else _source_ranking(simulated, "simulated", labels, settings)
    ranking = _ranking(by_humans, by_simulated, labels)
    has_labels = labels is not None and labels.humans is not None and labels.judges is not None
    if ranking.reason and not has_labels and humans is not None and simulated is not None:
        raise UserError(ranking.reason)
    known = _known_trained([each for each in (by_humans, by_simulated) if each is not None], settings.trained_in_lab)
    is_known = bool(ranking.models) and all(model in known for model in ranking.models)
    trained = [model for model in ranking.models if known[model]] if is_known else None
    annotator_rankings = _annotator_rankings(labels, settings)
    human_frame, simulated_frame = _frame(humans), _frame(simulated)
    return HumanComparison(
        humans=by_humans,
        simulated=by_simulated,
        labels=labels,
        agreement=_agreement(labels, None, settings),
        agreement_by_annotator=_agreement_by_annotator(labels, settings),
        order_effects={} if simulated_frame is None else order_effects(simulated_frame, resampling=settings.resampling),
        human_pairs=human_pairs(None if labels is None else labels.humans, resampling=settings.resampling),
        label_statistics=None
        if human_frame is None
        else label_statistics(
            human_frame, has_first_labels_only=settings.rule == "first_label", resampling=settings.resampling
        ),
        screening=None if human_frame is None else screen_annotators(human_frame),
        ranking=ranking,
        annotator_rankings=tuple(annotator_rankings),
        ranking_by_annotator={
            each.source: compare_rankings(by_humans.draws, each.draws, names=_NAMES)
            for each in annotator_rankings
            if each.role == "simulated" and by_humans is not None
        },
        trained_ranking=None
        if by_humans is None or by_simulated is None or not trained or len(trained) == len(ranking.models)
        else compare_rankings(by_humans.draws, by_simulated.draws, names=_NAMES, only=trained),
        n_not_trained=None if trained is None else len(ranking.models) - len(trained),
        is_trained_in_lab=known,
        notes=_notes((humans, simulated), labels, (by_humans, by_simulated), ranking),
    )


def _frame(source: Source | None) -> pd.DataFrame | None:
    return source.content if source is not None and isinstance(source.content, pd.DataFrame) else None


def _labels(humans: Source | None, simulated: Source | None) -> MatchedLabels | None:
    human_frame, simulated_frame = _frame(humans), _frame(simulated)
    if human_frame is None and simulated_frame is None:
        return None
    labels = match_labels(human_frame, simulated_frame)
    for role, table in (("humans", labels.humans), ("simulated", labels.judges)):
        if table is not None and table.n_verdicts == 0:
            raise UserError(f"{role}: all {table.n_unparsed} verdicts are unparsed; there is nothing to compare")
    return labels


def _source_ranking(
    source: Source, role: Role, labels: MatchedLabels | None, settings: RankingSettings
) -> SourceRanking | None:
    if isinstance(source.content, PublishedStandings):
        return ranking_of_standings(source.content, role, resampling=settings.resampling)
    assert labels is not None
    return _by_labels(labels, role, str(source.path), settings) if labels.models else None


def _by_labels(labels: MatchedLabels, role: Role, source: str, settings: RankingSettings) -> SourceRanking:
    assert settings.rule is not None
    return ranking_of_labels(
        labels, role, source, rule=settings.rule, tie_model=settings.tie_model, resampling=settings.resampling
    )


def _rule(humans: Source | None, simulated: Source | None, settings: RankingSettings) -> LabelRule:
    """The rule that was asked for, or that of the source."""
    of_sources = [rule_of(frame) for frame in (_frame(humans), _frame(simulated)) if frame is not None]
    return settings.rule or (of_sources[0] if of_sources else "consensus")


def _annotator_rankings(labels: MatchedLabels | None, settings: RankingSettings) -> list[SourceRanking]:
    """The ranking by each annotator; the name stands for the source."""
    if labels is None or not labels.models:
        return []

    def ranking(own: MatchedLabels, role: Role, table: LabelTable) -> SourceRanking:
        return _by_labels(own, role, table.annotators[0], settings)

    return [
        *(ranking(replace(labels, humans=table), "humans", table) for table in _by_annotator(labels.humans)),
        *(ranking(replace(labels, judges=table), "simulated", table) for table in _by_annotator(labels.judges)),
    ]


def _by_annotator(table: LabelTable | None) -> list[LabelTable]:
    """One table per annotator, where there are several and not too many."""
    if table is None or not 2 <= len(table.annotators) <= MOST_RANKED:
        return []
    return [table.of_annotator(k) for k in range(len(table.annotators))]


def _ranking(
    humans: SourceRanking | None, simulated: SourceRanking | None, labels: MatchedLabels | None
) -> RankingComparison:
    if humans is not None and simulated is not None:
        return compare_rankings(humans.draws, simulated.draws, names=_NAMES)
    if labels is not None and not labels.models:
        return no_comparison(labels.without_models or "no item names the models that wrote its outputs")
    missing = "simulated" if simulated is None else "humans"
    return no_comparison(f"{missing}: no labels and no standings were given")


def _known_trained(rankings: Collection[SourceRanking], given: tuple[str, ...] | None) -> dict[str, bool]:
    """Which models are known to be trained in the laboratory, or known not to be."""
    names = sorted({model for ranking in rankings for model in ranking.draws.models})
    if given is not None:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise UserError(f"trained_in_lab: no model {', '.join(unknown)}; there are {', '.join(names)}")
        return {name: name in given for name in names}
    return {name: is_trained for each in rankings for name, is_trained in each.is_trained_in_lab.items()}


def _agreement(labels: MatchedLabels | None, judges: LabelTable | None, settings: RankingSettings) -> LabelAgreement:
    return label_agreement(
        None if labels is None else labels.humans,
        judges if judges is not None else None if labels is None else labels.judges,
        resampling=settings.resampling,
    )


def _agreement_by_annotator(labels: MatchedLabels | None, settings: RankingSettings) -> dict[str, LabelAgreement]:
    if labels is None or labels.judges is None or labels.humans is None or len(labels.judges.annotators) < 2:
        return {}
    judges = labels.judges
    return {name: _agreement(labels, judges.of_annotator(k), settings) for k, name in enumerate(judges.annotators)}


def _notes(
    sources: tuple[Source | None, Source | None],
    labels: MatchedLabels | None,
    rankings: tuple[SourceRanking | None, SourceRanking | None],
    comparison: RankingComparison,
) -> tuple[str, ...]:
    notes: list[str] = []
    for source in sources:
        frame = _frame(source)
        if source is not None and frame is not None:
            notes += [f"{source.path.name}: {note}" for note in notes_of(frame)]
    notes += labels.notes if labels is not None else ()
    there = [ranking for ranking in rankings if ranking is not None]
    for ranking in there:
        notes += ranking.notes
    notes += [comparison.without_strength] if comparison.without_strength else []
    if len(there) == 2:
        for ranking, against in (there, reversed(there)):
            only_here = sorted(set(ranking.draws.models) - set(against.draws.models))
            if only_here:
                are = "model is" if len(only_here) == 1 else "models are"
                notes.append(f"{len(only_here)} {are} only ranked by {ranking.role}: {listed(only_here)}")
    for ranking in there:
        if len(ranking.annotators) == 1:
            notes.append(ONE_ANNOTATOR.format(role=ranking.role))
    return tuple(dict.fromkeys(notes))
