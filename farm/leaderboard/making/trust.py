"""How far to trust a table's order: it is held against another ranking of the same models.

The other ranking is that of another annotator of the track (whose verdicts count as the truth then), of another set of
instructions, or a published one. Both are resampled together (`farm.stats.ranking.ranking_comparison`): the
instructions, the same ones where both are about the same, and the training seeds, the same ones in both, for the same
policies were judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from farm.analysis.humans.rankings.standings import ranking_of_standings
from farm.errors import UserError
from farm.labels.published.standings import read_standings
from farm.leaderboard.board import TrackTrust, TrustPoint
from farm.leaderboard.making.advice import labels_that_settle
from farm.leaderboard.making.matrices import VerdictMatrices
from farm.leaderboard.making.rows import DIGITS, Members, is_ranked
from farm.stats.bootstrap import Estimate, FloatArray, Resampling, estimate, item_weights, seed_weights
from farm.stats.one_reference.rank_sets import SeededScores, gaps_between
from farm.stats.ranking.correlations import Correlation
from farm.stats.ranking.draws.ranking import RankingDraws, draws_of_win_rates
from farm.stats.ranking.pair_orders import PairOrder
from farm.stats.ranking.ranking_comparison import RankingComparison, compare_rankings, no_comparison

_PURPOSE = "trust in a leaderboard"
Model = tuple[str, str, str]
"""Name, feedback, base."""


class Table(NamedTuple):
    """A table's verdicts and its rows."""

    verdicts: VerdictMatrices
    members: Sequence[Members]


def trust_in(
    table: Table, others: Mapping[tuple[str, str], Table], compared_with: Sequence[str], *, folder: Path,
    resampling: Resampling,
) -> tuple[TrackTrust, ...]:  # fmt: skip
    """The table held against each ranking that its track names, where there is one.

    Args:
        table: the one in question.
        others: all tables, by track and annotator.
        compared_with: as in `farm.leaderboard.entries.TrackNotes`.
        folder: of the leaderboard.
        resampling: draws instructions, seeds and the noise of published figures.

    Raises:
        UserError: a name in `compared_with` is none of the three kinds, or its file cannot be read.
    """
    found = []
    for named in compared_with:
        kind, _, name = named.partition(" ")
        if kind == "standings" and name:
            found.append(_against_standings(table, folder, name, resampling))
            continue
        if kind not in ("annotator", "track") or not name:
            raise UserError(
                f"track {table.verdicts.track}: compared_with: expected `annotator NAME`, `track NAME` or "
                f"`standings FILE`, got {named!r}"
            )
        track, annotator = table.verdicts.track, table.verdicts.annotator
        place = (track, name) if kind == "annotator" else (name, annotator)
        if place != (track, annotator) and place in others:
            found.append(_against_table(table, others[place], resampling))
    return tuple(found)


def _against_table(here: Table, there: Table, resampling: Resampling) -> TrackTrust:
    is_same_track = here.verdicts.track == there.verdicts.track
    source = (
        f"the same outputs judged by {there.verdicts.annotator}"
        if is_same_track
        else f"the instructions of {there.verdicts.track}, judged by {there.verdicts.annotator}"
    )
    ours, theirs = ({_model(m): m for m in table.members if is_ranked(m)} for table in (here, there))
    names = _names(sorted(ours.keys() & theirs.keys()))
    ours, theirs = ({model: of[model] for model in names} for of in (ours, theirs))
    keys = sorted({*here.verdicts.instruction_keys, *there.verdicts.instruction_keys})
    draws = []
    for table, members in ((here, ours), (there, theirs)):
        own_keys = keys if is_same_track else table.verdicts.instruction_keys
        spread = [_on(keys=own_keys, table=table.verdicts, scores=m.scores) for m in members.values()]
        purpose = _PURPOSE if is_same_track else f"{_PURPOSE}, {table.verdicts.track}"
        seeds = [m.seeds for m in members.values()]
        draws.append(_draws([names[m] for m in members], seeds, spread, resampling, purpose))
    advice = ""
    if names:
        rates = [m.scores for m in theirs.values()]
        advice = labels_that_settle(draws[1], [np.nanmean(scores, axis=0) for scores in rates])
    return _trust(draws[0], draws[1], names=("here", "there"), source=source, advice=advice)


def _against_standings(table: Table, folder: Path, file: str, resampling: Resampling) -> TrackTrust:
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise UserError(f"compared_with: standings {file!r}: expected a file in the folder of the leaderboard")
    if not (folder / file).is_file():
        missing = no_comparison(f"{file} is not in the folder of the leaderboard")
        return _as_trust(missing, points=(), source="published figures", advice="")
    published = read_standings(folder / file, "humans", None)
    ranking = ranking_of_standings(published, "humans", resampling=resampling)
    members = [m for m in table.members if is_ranked(m)]
    once = [m for m in members if sum(m.first.name == other.first.name for other in members) == 1]
    once = sorted(once, key=lambda m: m.first.name)
    keys = table.verdicts.instruction_keys
    spread = [_on(keys=keys, table=table.verdicts, scores=m.scores) for m in once]
    draws = _draws([m.first.name for m in once], [m.seeds for m in once], spread, resampling, _PURPOSE)
    return _trust(draws, ranking.draws, names=("here", "published"), source=published.source, advice="")


def _trust(here: RankingDraws, there: RankingDraws, *, names: tuple[str, str], source: str, advice: str) -> TrackTrust:
    """The other ranking is taken as the truth."""
    compared = compare_rankings(there, here, names=(names[1], names[0]))
    return _as_trust(compared, points=_points(compared, here, there), source=source, advice=advice)


def _as_trust(compared: RankingComparison, *, points: tuple[TrustPoint, ...], source: str, advice: str) -> TrackTrust:
    coefficients = compared.on_win_rates
    return TrackTrust(
        source=source,
        points=points,
        spearman=coefficients.spearman.estimate,
        kendall=coefficients.kendall.estimate,
        r_squared=r_squared(coefficients.pearson),
        inversions=tuple(_sentence(pair) for pair in compared.inversions if pair.is_beyond_noise),
        advice=advice if not compared.reason else "",
    )


def r_squared(pearson: Correlation) -> Estimate:
    """Of a regression of one source's win rates on the other's: the square of Pearson's correlation."""
    of = pearson.estimate
    if of.value is None or of.low is None or of.high is None:
        return replace(of, value=None if of.value is None else of.value**2)
    ends = sorted((of.low**2, of.high**2))
    return replace(of, value=of.value**2, low=0.0 if of.low < 0 < of.high else ends[0], high=ends[1])


def _points(compared: RankingComparison, here: RankingDraws, there: RankingDraws) -> tuple[TrustPoint, ...]:
    if compared.reason:
        return ()
    return tuple(
        TrustPoint(name=model, here=_figure(here, model), there=_figure(there, model)) for model in compared.models
    )


def _figure(draws: RankingDraws, model: str) -> Estimate:
    k = draws.models.index(model)
    if model in draws.exact_models:
        return Estimate(value=float(draws.win_rates[k]), low=None, high=None, n_total=0, reason="no standard error")
    return estimate(float(draws.win_rates[k]), draws.win_rate_draws[:, k], n_total=0)


def _sentence(pair: PairOrder) -> str:
    """Differences are the better one's there, minus the other's."""
    return (
        f"{pair.model} over {pair.other} by {100 * abs(pair.first_difference):.1f} points there, under it by "
        f"{100 * abs(pair.second_difference):.1f} here"
    )


def _draws(
    models: Sequence[str], seeds: Sequence[Sequence[int]], scores: Sequence[FloatArray], resampling: Resampling,
    purpose: str,
) -> RankingDraws:  # fmt: skip
    """A ranking with its resamples.

    Args:
        models: M names in alphabetical order.
        seeds: of each the S training seeds.
        scores: of each (S, I) on the same instructions; NaN = no verdict.
        resampling: draws instructions and seeds.
        purpose: keys the draws of instructions.
    """
    if not models:
        empty = np.empty((resampling.n_resamples, 0))
        return draws_of_win_rates((), np.empty(0), empty, difference_errors=None, exact_models=frozenset())
    items = item_weights(scores[0].shape[1], resampling, purpose, "items")
    all_seeds = sorted({seed for own in seeds for seed in own})
    drawn_seeds = seed_weights(len(all_seeds), resampling, _PURPOSE, "seeds")
    rates, draws = [], []
    for own, table in zip(seeds, scores, strict=True):
        is_parsed = np.isfinite(table)
        rates.append(float(np.nanmean(table, axis=1).mean()))
        with np.errstate(invalid="ignore"):
            by_seed = (items @ np.where(is_parsed, table, 0.0).T) / (items @ is_parsed.T.astype(np.float64))
        shares = drawn_seeds[:, [all_seeds.index(seed) for seed in own]]
        # Where none of the model's seeds was drawn, all of them stand for it.
        shares = np.where(shares.sum(axis=1, keepdims=True) > 0, shares, 1.0)
        draws.append((by_seed * shares).sum(axis=1) / shares.sum(axis=1))
    gaps = gaps_between([SeededScores(own, table) for own, table in zip(seeds, scores, strict=True)])
    return draws_of_win_rates(
        models,
        np.round(rates, DIGITS),
        np.round(np.stack(draws, axis=1), DIGITS),
        difference_errors=gaps.standard_error,
        exact_models=frozenset(),
    )


def _on(*, keys: Sequence[str], table: VerdictMatrices, scores: FloatArray) -> FloatArray:
    """(S, I) scores on other instructions, in their order; NaN where there is no verdict."""
    place = {key: k for k, key in enumerate(keys)}
    spread = np.full((len(scores), len(keys)), np.nan)
    spread[:, [place[key] for key in table.instruction_keys]] = scores
    return spread


def _model(members: Members) -> Model:
    return members.first.name, members.first.feedback, members.first.base


def _names(models: Sequence[Model]) -> dict[Model, str]:
    """As short as they may be, in alphabetical order of what is shown."""
    has_bases = len({base for _, _, base in models}) > 1
    named = {}
    for name, feedback, base in models:
        behind = ", ".join([*([f"labels {feedback}"] if feedback else []), *([base] if has_bases and base else [])])
        named[name, feedback, base] = f"{name} ({behind})" if behind else name
    return dict(sorted(named.items(), key=lambda item: item[1]))
