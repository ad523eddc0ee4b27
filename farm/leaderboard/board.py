"""What a leaderboard shows: tracks, their rows, and what stands beside them. Tables, JSON and site only print it."""

from collections.abc import Sequence
from dataclasses import dataclass

from farm.stats.bootstrap import Estimate
from farm.stats.ranking.win_rates import Difference


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an integrity check found; shown beside the row that it is about."""

    check: str
    """Name of the check, such as duplicate_outputs, constant_outputs, addresses_judge, truncated."""
    sentence: str
    """What was found, with counts."""
    n_rows: int
    """Outputs that it is about."""
    is_severe: bool
    """Whether the figures should not be believed before somebody has looked."""


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One model (all seeds of it) in one table."""

    name: str
    feedback: str
    base: str
    is_label_free: bool
    keys: Sequence[str]
    """Of the entries behind it, by seed."""
    seeds: Sequence[int]
    rank_low: int | None
    """Best and worst rank that the data leave it: models whose gap is smaller than noise share ranks. None unranked."""
    rank_high: int | None
    win_rate: float | None
    """Mean over seeds, in [0, 1]; ties one half, grades by their grade."""
    standard_error: float | None
    """Of win_rate, over instructions and seeds (`farm.stats.ranking.win_rates`)."""
    discrete_win_rate: float | None
    """Where preferences are graded: with each grade rounded to win, tie or loss. None elsewhere."""
    length_controlled: Estimate
    """Win rate at equal length; the interval includes the fit."""
    style_controlled: Estimate
    """Win rate at equal length, headings, lists and bold."""
    rating: Estimate
    """Bradley-Terry, Elo scale; the reference is 0."""
    to_next: Difference | None
    """Paired difference to the next row of the table; None of the last."""
    n_instructions: int
    n_wins: int
    n_ties: int
    n_losses: int
    n_unparsed: int
    mean_length: float
    """Characters."""
    mean_tokens: float | None
    utility: float | None
    cost_usd: float | None
    repeat_sd: float | None
    """Standard deviation of win_rate if the same outputs were judged again and again."""
    findings: Sequence[Finding]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TrustPoint:
    """One model in a comparison with another ranking."""

    name: str
    here: Estimate
    """Its win rate in this table, from 0 to 1."""
    there: Estimate
    """Its win rate in the other ranking, from 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class TrackTrust:
    """How far a table's order agrees with another ranking of the same models."""

    source: str
    """Whose ranking it is compared with, with its origin."""
    points: Sequence[TrustPoint]
    spearman: Estimate
    kendall: Estimate
    r_squared: Estimate
    inversions: Sequence[str]
    """Pairs that are in another order beyond noise on both sides, a sentence each."""
    advice: str
    """How many labels would settle the pairs that are undecided; empty if none is."""


@dataclass(frozen=True, kw_only=True)
class BoardTable:
    """One track, judged by one annotator: a ranking."""

    track: str
    title: str
    annotator: str
    reference: str
    """Who wrote the reference outputs."""
    n_instructions: int
    rows: Sequence[BoardRow]
    """Best win rate first."""
    trust: Sequence[TrackTrust]
    is_graded: bool


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything that is shown."""

    tables: Sequence[BoardTable]
