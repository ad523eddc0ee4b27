"""Simulated annotators or published figures against humans: label by label, and ranking by ranking.

The humans' label of an item is the most frequent one, a tie where several are equally frequent; the same holds for the
simulated side if it has several annotators. Either side may be missing: then the other is described alone.
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from farm.analysis.humans.agreement import LabelAgreement, label_agreement
from farm.analysis.humans.label_statistics import HumanHabits, human_habits
from farm.analysis.humans.rankings import Side, side_of_labels, side_of_standings
from farm.analysis.humans.rankings_compared import SidesComparison, by_side, compare_sides, no_comparison
from farm.errors import UserError
from farm.labels.matched import Labels, LabelTable, match_labels
from farm.labels.published_standings import PublishedStandings, Role
from farm.stats.bias.outliers import Screening, screen_annotators
from farm.stats.bootstrap import Estimate, Resampling
from farm.stats.ranking.bradley_terry import TieModel

MOST_HUMANS = 6
"""Humans whose pairs are compared one by one."""
MOST_RANKED = 8
"""Annotators of one side who are ranked by one by one."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was given for one side: a table of labels or published standings."""

    path: Path
    content: pd.DataFrame | PublishedStandings
    """A frame has the columns `ANNOTATION_COLUMNS` and only rows of this side's kind."""


@dataclass(frozen=True, kw_only=True)
class RankingSettings:
    """How rankings are made and resampled."""

    tie_model: TieModel
    """What a tie is to Bradley-Terry."""
    trained_in_lab: tuple[str, ...] | None
    """Models that were trained in the laboratory; None if it is not known, or the standings say it."""
    resampling: Resampling
    """Of every interval."""


@dataclass(frozen=True, kw_only=True)
class HumanPair:
    """Two humans on the items that both labelled."""

    first: str
    second: str
    raw: Estimate
    """Share of equal labels among first, tie, second."""
    kappa: Estimate


@dataclass(frozen=True, kw_only=True)
class HumanComparison:
    """Everything that `farm compare humans=... simulated=...` says."""

    humans: Side | None
    """None if they were not given, or their items name no models."""
    simulated: Side | None
    labels: Labels | None
    """The labels that were compared; None if both sides are published figures."""
    agreement: LabelAgreement
    """All simulated annotators against the humans."""
    by_annotator: dict[str, LabelAgreement]
    """The same for each simulated annotator, where there are several."""
    human_pairs: tuple[HumanPair, ...]
    """Every two humans; empty with more than `MOST_HUMANS`."""
    habits: HumanHabits | None
    """What the human labels are like by themselves; None if there are none."""
    screening: Screening | None
    """Humans who do not look at what they label; None if there are no human labels."""
    ranking: SidesComparison
    """Over all models that both sides rank."""
    alone: tuple[Side, ...]
    """Every annotator's own ranking, humans first; empty for a side of one, or of more than `MOST_RANKED`."""
    ranking_by_annotator: dict[str, SidesComparison]
    """Over all models, each simulated annotator against the humans, where there are several."""
    trained_ranking: SidesComparison | None
    """Over those trained in the laboratory; None if it is not known which these are, or all are."""
    n_not_trained: int | None
    """Ranked models that were not trained in the laboratory; None if unknown."""
    is_trained_in_lab: dict[str, bool]
    """As far as it is known."""
    notes: tuple[str, ...]
    """What was left out, turned around or is missing, with counts."""

    @property
    def all_models(self) -> list[str]:
        """The models of either side, the best for the humans (for the simulated side, if there is none) first."""
        rates: dict[str, float] = {}
        for side in (self.simulated, self.humans):
            rates |= {} if side is None else {m.model: -1.0 if m.win_rate is None else m.win_rate for m in side.models}
        in_first = {m.model for m in self.humans.models} if self.humans is not None else set(rates)
        return sorted(rates, key=lambda name: (name not in in_first, -rates[name], name))

    @property
    def refusal(self) -> str:
        """Why models that were given cannot be ranked; empty if they are, or there are none."""
        sides = [side for side in (self.humans, self.simulated) if side is not None and side.is_refused]
        return by_side({side.role: side.strength_reason for side in sides})


def compare_with_humans(humans: Given | None, simulated: Given | None, settings: RankingSettings) -> HumanComparison:
    """Compare two sides, or describe one.

    Raises:
        UserError: nothing given, tables that do not fit together, or no model in common where nothing else is compared.
    """
    labels = _labels(humans, simulated)
    sides = {role: _side(given, role, labels, settings) for role, given in _roles(humans, simulated)}
    one, other = sides.get("humans"), sides.get("simulated")
    ranking = _ranking(one, other, labels)
    has_labels = labels is not None and labels.humans is not None and labels.judges is not None
    if ranking.reason and not has_labels and humans is not None and simulated is not None:
        raise UserError(ranking.reason)
    known = _known_trained([side for side in (one, other) if side is not None], settings.trained_in_lab)
    is_known = bool(ranking.models) and all(model in known for model in ranking.models)
    trained = [model for model in ranking.models if known[model]] if is_known else None
    alone = _alone(labels, settings)
    human_frame = _frame(humans)
    return HumanComparison(
        humans=one,
        simulated=other,
        labels=labels,
        agreement=_agreement(labels, None, settings),
        by_annotator=_by_annotator(labels, settings),
        human_pairs=_human_pairs(labels, settings),
        habits=None if human_frame is None else human_habits(human_frame, resampling=settings.resampling),
        screening=None if human_frame is None else screen_annotators(human_frame),
        ranking=ranking,
        alone=tuple(alone),
        ranking_by_annotator={
            side.source: compare_sides(one, side) for side in alone if side.role == "simulated" and one is not None
        },
        trained_ranking=None
        if one is None or other is None or not trained or len(trained) == len(ranking.models)
        else compare_sides(one, other, only=trained),
        n_not_trained=None if trained is None else len(ranking.models) - len(trained),
        is_trained_in_lab=known,
        notes=_notes(humans, simulated, labels, one, other),
    )


def _roles(humans: Given | None, simulated: Given | None) -> list[tuple[Role, Given]]:
    given: list[tuple[Role, Given | None]] = [("humans", humans), ("simulated", simulated)]
    return [(role, side) for role, side in given if side is not None]


def _frame(given: Given | None) -> pd.DataFrame | None:
    return given.content if given is not None and isinstance(given.content, pd.DataFrame) else None


def _labels(humans: Given | None, simulated: Given | None) -> Labels | None:
    one, other = _frame(humans), _frame(simulated)
    if one is None and other is None:
        return None
    labels = match_labels(one, other)
    for role, table in (("humans", labels.humans), ("simulated", labels.judges)):
        if table is not None and table.n_verdicts == 0:
            raise UserError(f"{role}: all {table.n_unparsed} verdicts are unparsed; there is nothing to compare")
    return labels


def _side(given: Given, role: Role, labels: Labels | None, settings: RankingSettings) -> Side | None:
    if isinstance(given.content, PublishedStandings):
        return side_of_standings(given.content, role, resampling=settings.resampling)
    assert labels is not None
    if not labels.models:
        return None
    return side_of_labels(
        labels,
        role,
        str(given.path),
        tie_model=settings.tie_model,
        resampling=settings.resampling,
    )


def _alone(labels: Labels | None, settings: RankingSettings) -> list[Side]:
    """The rankings by single annotators; the name stands for the source."""
    if labels is None or not labels.models:
        return []
    people, machines = _each(labels.humans), _each(labels.judges)

    def side(one: Labels, role: Role, table: LabelTable) -> Side:
        return side_of_labels(
            one,
            role,
            table.annotators[0],
            tie_model=settings.tie_model,
            resampling=settings.resampling,
        )

    return [
        *(side(replace(labels, humans=table), "humans", table) for table in people),
        *(side(replace(labels, judges=table), "simulated", table) for table in machines),
    ]


def _each(table: LabelTable | None) -> list[LabelTable]:
    """One table per annotator, where there are several and not too many."""
    if table is None or not 2 <= len(table.annotators) <= MOST_RANKED:
        return []
    return [table.one(k) for k in range(len(table.annotators))]


def _ranking(humans: Side | None, simulated: Side | None, labels: Labels | None) -> SidesComparison:
    if humans is not None and simulated is not None:
        return compare_sides(humans, simulated)
    if labels is not None and not labels.models:
        return no_comparison("the items do not name two different models each, so there is no ranking of models")
    missing = "simulated" if simulated is None else "humans"
    return no_comparison(f"{missing}: nothing was given for this side")


def _known_trained(sides: Collection[Side], given: tuple[str, ...] | None) -> dict[str, bool]:
    """Which models are known to be trained in the laboratory, or known not to be."""
    names = sorted({model for side in sides for model in side.draws.models})
    if given is not None:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise UserError(f"trained_in_lab: no model {', '.join(unknown)}; there are {', '.join(names)}")
        return {name: name in given for name in names}
    said: dict[str, bool] = {}
    for side in sides:
        said |= side.is_trained_in_lab
    return said


def _agreement(labels: Labels | None, judges: LabelTable | None, settings: RankingSettings) -> LabelAgreement:
    return label_agreement(
        None if labels is None else labels.humans,
        judges if judges is not None else None if labels is None else labels.judges,
        resampling=settings.resampling,
    )


def _by_annotator(labels: Labels | None, settings: RankingSettings) -> dict[str, LabelAgreement]:
    if labels is None or labels.judges is None or labels.humans is None or len(labels.judges.annotators) < 2:
        return {}
    judges = labels.judges
    return {name: _agreement(labels, judges.one(k), settings) for k, name in enumerate(judges.annotators)}


def _human_pairs(labels: Labels | None, settings: RankingSettings) -> tuple[HumanPair, ...]:
    if labels is None or labels.humans is None or len(labels.humans.annotators) > MOST_HUMANS:
        return ()
    humans, pairs = labels.humans, []
    for a, b in itertools.combinations(range(len(humans.annotators)), 2):
        found = label_agreement(humans.one(a), humans.one(b), resampling=settings.resampling)
        pairs.append(
            HumanPair(first=humans.annotators[a], second=humans.annotators[b], raw=found.raw, kappa=found.kappa)
        )
    return tuple(pairs)


def _notes(
    humans: Given | None,
    simulated: Given | None,
    labels: Labels | None,
    one: Side | None,
    other: Side | None,
) -> tuple[str, ...]:
    found: list[str] = []
    for _, given in _roles(humans, simulated):
        frame = _frame(given)
        if frame is not None:
            found += [f"{given.path.name}: {note}" for note in frame.attrs.get("notes", [])]
    found += labels.notes if labels is not None else ()
    for side in (one, other):
        found += side.notes if side is not None else ()
    if one is not None and other is not None:
        for side, against in ((one, other), (other, one)):
            alone = sorted(set(side.draws.models) - set(against.draws.models))
            if alone:
                more = f" and {len(alone) - 8} more" if len(alone) > 8 else ""
                found.append(f"{len(alone)} models are only ranked by {side.role}: {', '.join(alone[:8])}{more}")
    for side in (one, other):
        if side is not None and len(side.annotators) == 1:
            found.append(f"{side.role}: one annotator; intervals say nothing about other annotators")
    return tuple(dict.fromkeys(found))
