"""A table's rows: the entries of one model, whatever their seed, with every figure that is shown of it."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from farm.leaderboard.board import BoardRow
from farm.leaderboard.entries import Entry
from farm.leaderboard.integrity.noted import told_apart
from farm.leaderboard.making.matrices import VerdictMatrices
from farm.leaderboard.verdict_table import REFERENCE_PREFIX
from farm.stats.bootstrap import FloatArray, Resampling
from farm.stats.length_control.difficulty import difficulty_among
from farm.stats.length_control.length import length_controlled_rates
from farm.stats.length_control.style import OutputStyles, style_controlled_rates
from farm.stats.one_reference.rank_sets import SeededScores, rank_sets, seeded_difference
from farm.stats.one_reference.ratings import rate_models
from farm.stats.ranking.repeatability import repeat_variance
from farm.stats.ranking.win_rates import WinRate, win_rate

DIGITS = 12
"""Figures that differ less are equal: a machine that adds in another order must not order models otherwise."""


class Members(NamedTuple):
    """The entries of one row."""

    rows: tuple[int, ...]
    """Of the table's matrices."""
    entries: tuple[Entry, ...]
    scores: FloatArray
    """(S, I)"""
    rate: WinRate

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of one without a seed it is -1: such models share nothing that depends on it."""
        return tuple(-1 if entry.seed is None else entry.seed for entry in self.entries)


def members_of(table: VerdictMatrices) -> list[Members]:
    """The table's rows, best win rate first; without a win rate at the end."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, entry in enumerate(table.entries):
        groups.setdefault((entry.name, entry.feedback, entry.base), []).append(index)
    members = []
    for rows in groups.values():
        scores = table.of("score", rows)
        entries = tuple(table.entries[row] for row in rows)
        members.append(Members(tuple(rows), entries, scores, win_rate(scores)))
    return sorted(members, key=_place)


def _place(members: Members) -> tuple[float, str, str, str]:
    rate, first = members.rate.win_rate, members.first
    return (2.0 if rate is None else -round(rate, DIGITS), first.name, first.feedback, first.base)


def board_rows(table: VerdictMatrices, members: Sequence[Members], resampling: Resampling | None) -> list[BoardRow]:
    """Every row with its figures.

    Args:
        table: the matrices of all members.
        members: best first.
        resampling: draws instructions and seeds; None leaves out the intervals that need it.
    """
    scores = [each.scores for each in members]
    ratings = [rated.rating for rated in rate_models(scores, resampling)]
    lengths = [_gap_in_length(table, each) for each in members]
    # Style goes without, so that a model more moves nobody's figure; length, which goes with difficulty, cannot.
    difficulty = difficulty_among(scores, lengths)
    by_length = length_controlled_rates(scores, lengths, difficulty=difficulty, resampling=resampling)
    by_style = style_controlled_rates(
        scores,
        [_styles(table, each, "") for each in members],
        [_styles(table, each, REFERENCE_PREFIX) for each in members],
        difficulty=None,
        resampling=resampling,
    )
    ranks = _ranks(members)
    seeded = [SeededScores(each.seeds, each.scores) for each in members]
    gaps = [*(seeded_difference(a, b) for a, b in pairwise(seeded)), None][: len(members)]
    return [
        BoardRow(
            name=each.first.name,
            feedback=each.first.feedback,
            base=each.first.base,
            is_label_free=each.first.is_label_free,
            keys=tuple(entry.key for entry in each.entries),
            seeds=tuple(entry.seed for entry in each.entries if entry.seed is not None),
            rank_low=ranks[k][0],
            rank_high=ranks[k][1],
            win_rate=each.rate.win_rate,
            standard_error=each.rate.standard_error,
            discrete_win_rate=_discrete_rate(table, each) if table.is_graded else None,
            length_controlled=by_length[k].estimate,
            style_controlled=by_style[k].estimate,
            rating=ratings[k],
            to_next=gaps[k],
            n_instructions=int(np.isfinite(each.scores).any(axis=0).sum()),
            n_wins=_total(table, each, "n_wins"),
            n_ties=_total(table, each, "n_ties"),
            n_losses=_total(table, each, "n_losses"),
            n_unparsed=_total(table, each, "n_unparsed"),
            mean_length=_mean(table, each, "length") or 0.0,
            mean_tokens=_mean(table, each, "n_tokens"),
            utility=_mean(table, each, "utility"),
            cost_usd=_mean_cost(each),
            repeat_sd=_repeat_sd(table, each),
            findings=noted.findings,
            notes=noted.notes,
        )
        for k, each in enumerate(members)
        for noted in [told_apart(note for entry in each.entries for note in _notes(entry))]
    ]


def is_ranked(members: Members) -> bool:
    """Label-free models are shown, and not ranked."""
    return members.rate.win_rate is not None and not members.first.is_label_free


def _ranks(members: Sequence[Members]) -> list[tuple[int | None, int | None]]:
    ranked = [k for k, each in enumerate(members) if is_ranked(each)]
    sets = rank_sets([SeededScores(members[k].seeds, members[k].scores) for k in ranked])
    ranks: list[tuple[int | None, int | None]] = [(None, None)] * len(members)
    for k, low, high in zip(ranked, sets.low, sets.high, strict=True):
        ranks[k] = (int(low), int(high))
    return ranks


def _gap_in_length(table: VerdictMatrices, members: Members) -> FloatArray:
    gap: FloatArray = table.of("length", members.rows) - table.of(f"{REFERENCE_PREFIX}length", members.rows)
    return gap


def _styles(table: VerdictMatrices, members: Members, prefix: str) -> OutputStyles:
    """Lengths in tokens where the tokens of all outputs are known, else in characters."""
    both = [table.of(f"{side}n_tokens", members.rows) for side in ("", REFERENCE_PREFIX)]
    unit = "n_tokens" if all(np.isfinite(tokens).all() for tokens in both) else "length"
    names = {"length": unit, "n_headings": "n_headings", "n_list_items": "n_list_items", "n_bold": "n_bold"}
    return OutputStyles(**{name: table.of(f"{prefix}{column}", members.rows) for name, column in names.items()})


def _discrete_rate(table: VerdictMatrices, members: Members) -> float | None:
    wins, ties, losses = (table.of(name, members.rows) for name in ("n_wins", "n_ties", "n_losses"))
    n_labels = wins + ties + losses
    with np.errstate(invalid="ignore"):
        return win_rate(np.where(n_labels > 0, (wins + ties / 2) / n_labels, np.nan)).win_rate


def _total(table: VerdictMatrices, members: Members, name: str) -> int:
    return int(np.nansum(table.of(name, members.rows)))


def _mean(table: VerdictMatrices, members: Members, name: str) -> float | None:
    """Mean over seeds of each seed's mean; None where a judged output's figure is not known."""
    values = table.of(name, members.rows)
    is_judged = np.isfinite(table.of("n_wins", members.rows))
    if np.isnan(values[is_judged]).any() or not is_judged.any(axis=1).all():
        return None
    return float(np.nanmean(values, axis=1).mean())


def _mean_cost(members: Members) -> float | None:
    costs = [entry.cost_usd for entry in members.entries if entry.cost_usd is not None]
    return math.fsum(costs) / len(costs) if len(costs) == len(members.entries) else None


def _repeat_sd(table: VerdictMatrices, members: Members) -> float | None:
    """The seeds' outputs are judged independently, so that their variances add; of grades nothing is known."""
    if table.is_graded:
        return None
    variances = [
        repeat_variance(*(table.of(name, [row])[0] for name in ("n_wins", "n_ties", "n_losses")))
        for row in members.rows
    ]
    known = [variance for variance in variances if variance is not None]
    return math.sqrt(math.fsum(known)) / len(known) if known and len(known) == len(variances) else None


def _notes(entry: Entry) -> list[str]:
    seed = "" if entry.seed is None else f"seed {entry.seed}: "
    return [f"{seed}{note}" for note in entry.notes]
