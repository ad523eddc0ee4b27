"""`leaderboard.json`: everything that the leaderboard shows, for programs.

Win rates are fractions in [0, 1], ties one half, unparsed verdicts left out and counted. The standard error of a win
rate is over instructions and seeds, the one of all of the project's files (`farm.stats.ranking.win_rates`). Every
figure with an interval is a `FigureJson`: null stands with its reason. Keys are sorted, floats are not rounded.
`schema_version` grows when a key changes its name, place or meaning; a new key leaves it.

| key | what |
|:----|:-----|
| schema_version | 1 |
| settings | n_resamples, seed: what the intervals rest on |
| tables | one ranking for each track and annotator |

Of a table:

| key | what |
|:----|:-----|
| track, title | the set of instructions with its reference; title is for people |
| annotator | who judged |
| reference | who wrote the reference outputs |
| n_instructions | instructions that any model was judged on |
| is_graded | whether preferences are graded, so that win_rate is AlpacaEval 2's "weighted" one |
| rows | the models, best win rate first |
| trust | how far the order agrees with other rankings of the same models |

Of a row, which holds all seeds of one model:

| key | what |
|:----|:-----|
| model, feedback, base | its name or method; whose labels it learnt from; the model it started from; may be empty |
| is_label_free | no label stands behind it, nor behind what starts from it: shown, and not ranked |
| rank_low, rank_high | best and worst rank that the data leave it; a gap below two standard errors is a tie of rank |
| win_rate, standard_error | by grades where they are graded |
| discrete_win_rate | there, with each grade taken for a win, tie or loss; elsewhere null |
| length_controlled | win rate at equal length; the interval includes the fit. From three models on, the difficulty |
|  | of the instructions is estimated from them, so that a model more moves it a little |
| style_controlled | win rate at equal length, headings, lists and bold |
| rating | Bradley-Terry on the Elo scale; the reference is 0 |
| to_next | paired difference to the next row; null of the last |
| n_instructions | with a parsed verdict |
| n_total, n_wins, n_ties, n_losses, n_unparsed | verdicts, summed over seeds; n_total are the parsed ones |
| mean_length, mean_tokens | of its outputs, in characters and in tokens of the track's tokenizer |
| utility | mean true utility, where the dataset knows it |
| cost_usd | of answering and judging once, in USD, mean over seeds; null if it is not known |
| repeat_sd | standard deviation of win_rate if the same outputs were judged again and again |
| findings, notes | what the integrity checks found, and other signs of trouble |
| keys, seeds | the artifacts behind it, and the seeds of their training |
"""

from typing import TypedDict

from farm.reports.json_file import FigureJson

SCHEMA_VERSION = 1


class BoardSettingsJson(TypedDict):
    """`farm.leaderboard.making.build.BoardSettings`"""

    n_resamples: int
    seed: int


class DifferenceJson(TypedDict):
    """A win rate minus the next one's, on the same instructions."""

    difference: float | None
    standard_error: float | None
    p_value: float | None
    """Two-sided, by the normal approximation."""


class FindingJson(TypedDict):
    """`farm.leaderboard.board.Finding`"""

    check: str
    sentence: str
    n_rows: int
    is_severe: bool


class RowJson(TypedDict):
    """One model."""

    model: str
    feedback: str
    base: str
    is_label_free: bool
    rank_low: int | None
    rank_high: int | None
    win_rate: float | None
    standard_error: float | None
    discrete_win_rate: float | None
    length_controlled: FigureJson
    style_controlled: FigureJson
    rating: FigureJson
    to_next: DifferenceJson | None
    n_instructions: int
    n_total: int
    n_wins: int
    n_ties: int
    n_losses: int
    n_unparsed: int
    mean_length: float
    mean_tokens: float | None
    utility: float | None
    cost_usd: float | None
    repeat_sd: float | None
    findings: list[FindingJson]
    notes: list[str]
    keys: list[str]
    seeds: list[int]


class TrustPointJson(TypedDict):
    """One model in both rankings."""

    model: str
    here: FigureJson
    there: FigureJson


class TrustJson(TypedDict):
    """How far a table's order agrees with another ranking of the same models."""

    source: str
    """Whose ranking it is held against."""
    points: list[TrustPointJson]
    spearman: FigureJson
    """n counts models."""
    kendall: FigureJson
    """tau-b."""
    r_squared: FigureJson
    """Of the two sources' figures."""
    inversions: list[str]
    """Pairs that are in another order beyond noise on both sides."""
    advice: str
    """How many labels would settle what is undecided; empty if nothing is."""


class TableJson(TypedDict):
    """One ranking."""

    track: str
    title: str
    annotator: str
    reference: str
    n_instructions: int
    is_graded: bool
    rows: list[RowJson]
    trust: list[TrustJson]


class LeaderboardJson(TypedDict):
    """The file."""

    schema_version: int
    settings: BoardSettingsJson
    tables: list[TableJson]
