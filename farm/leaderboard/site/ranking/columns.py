"""The columns of figures in a ranking; one that says nothing of any row is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from farm.leaderboard.board import BoardRow, BoardTable
from farm.leaderboard.site.ranking.cells import (
    ABSENT,
    Axis,
    Cell,
    axis_of,
    estimate_cell,
    number_cell,
    outcome_drawing,
    rate_cell,
    rate_interval,
)
from farm.leaderboard.site.ranking.three_benchmarks import TRACKS
from farm.stats.bootstrap import Estimate

CellOf = Callable[[BoardRow], Cell]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column with the cells of all rows."""

    title: str
    meaning: str
    """What it says and in which unit."""
    cells: Sequence[Cell]


def columns_of(table: BoardTable, averages: Mapping[str, float]) -> list[Column]:
    """The figures of each row, in the order in which they are shown.

    Args:
        table: the ranking.
        averages: of the three benchmarks, by name (`farm.leaderboard.site.ranking.three_benchmarks`).
    """
    made = [
        Column(title=title, meaning=meaning, cells=[cell(row) for row in table.rows])
        for title, meaning, cell in [*_rates(table), *_average(table, averages), *_gaps(), *_counts()]
    ]
    return [column for column in made if any(cell.text != ABSENT for cell in column.cells)]


def _rates(table: BoardTable) -> list[tuple[str, str, CellOf]]:
    rating = axis_of((end for row in table.rows for end in _ends(row.rating)), 0.0)
    rates = _axis_of_rates(table.rows)
    ties = "ties one half, grades by their grade" if table.is_graded else "ties one half"
    return [
        (
            "Win rate",
            f"Percent of the answers preferred to the reference's, {ties}; ± one standard error over instructions and "
            "seeds. Drawn: the 95% interval, on an axis that all columns of win rates share, with a line at 50.",
            lambda row: rate_cell(row.win_rate, row.standard_error, rates),
        ),
        (
            "Discrete",
            "Win rate in percent with each grade rounded to win, tie or loss.",
            lambda row: rate_cell(row.discrete_win_rate, None, rates),
        ),
        (
            "Length-controlled",
            "Win rate in percent at equal length; its 95% interval includes the fit.",
            lambda row: estimate_cell(row.length_controlled, rates, scale=100, digits=1),
        ),
        (
            "Style-controlled",
            "Win rate in percent at equal length, headings, lists and bold, with its 95% interval.",
            lambda row: estimate_cell(row.style_controlled, rates, scale=100, digits=1),
        ),
        (
            "Rating",
            "Bradley-Terry on the Elo scale, the reference at 0 (the line), with its 95% interval.",
            lambda row: estimate_cell(row.rating, rating, scale=1, digits=0),
        ),
    ]


def _average(table: BoardTable, averages: Mapping[str, float]) -> list[tuple[str, str, CellOf]]:
    if table.track not in TRACKS:
        return []
    meaning = (
        "Mean of the win rates on AlpacaEval, MT-Bench and Vicuna-Bench, in percent, where a model has one on each. "
        "No interval: how far the three go together is not known."
    )
    return [("Average of three", meaning, lambda row: _percent(averages.get(row.name)))]


def _percent(rate: float | None) -> Cell:
    return number_cell(None if rate is None else 100 * rate, digits=1)


def _axis_of_rates(rows: Sequence[BoardRow]) -> Axis:
    """One axis for all columns of win rates, so that they can be compared by eye."""
    ends: list[float | None] = [row.discrete_win_rate for row in rows]
    for row in rows:
        ends += [*_ends(row.length_controlled), *_ends(row.style_controlled)]
        if row.win_rate is not None:
            ends += [row.win_rate, *rate_interval(row.win_rate, row.standard_error)]
    return axis_of(ends, 0.5)


def _ends(estimate: Estimate) -> tuple[float | None, ...]:
    return estimate.value, estimate.low, estimate.high


def _gaps() -> list[tuple[str, str, CellOf]]:
    return [
        (
            "To next",
            "Points of win rate above the next row, paired by instruction, ± one standard error. "
            "≈: within noise, at most two standard errors from zero.",
            _to_next,
        ),
        (
            "Repeat sd",
            "Standard deviation of the win rate, in points, if the same answers were judged again and again.",
            lambda row: number_cell(None if row.repeat_sd is None else 100 * row.repeat_sd, digits=1),
        ),
    ]


def _counts() -> list[tuple[str, str, CellOf]]:
    return [
        ("Won, tied, lost", "Verdicts over all seeds; sorted by the share of wins.", _outcomes),
        (
            "Unparsed",
            "Verdicts that could not be read: they count for nobody.",
            lambda row: number_cell(row.n_unparsed, digits=0),
        ),
        ("Instructions", "With a verdict.", lambda row: number_cell(row.n_instructions, digits=0)),
        ("Length", "Mean characters of an answer.", lambda row: number_cell(row.mean_length, digits=0)),
        ("Tokens", "Mean tokens of an answer.", lambda row: number_cell(row.mean_tokens, digits=0)),
        (
            "Utility",
            "Mean true utility, where it is known.",
            lambda row: number_cell(row.utility, digits=2),
        ),
        (
            "Cost",
            "What answering and judging cost, in US dollars.",
            lambda row: number_cell(row.cost_usd, digits=2, prefix="$"),
        ),
        (
            "Seeds",
            "Trainings that the row is the mean of.",
            lambda row: number_cell(len(row.seeds) or None, digits=0),
        ),
    ]


def _to_next(row: BoardRow) -> Cell:
    gap = row.to_next
    if gap is None or gap.difference is None:
        return Cell(text=ABSENT)
    detail = "" if gap.standard_error is None else f"± {100 * gap.standard_error:.1f}"
    mark = "" if gap.is_beyond_noise else "≈ "
    return Cell(text=f"{mark}{100 * gap.difference:+.1f}", detail=detail, order=gap.difference)


def _outcomes(row: BoardRow) -> Cell:
    n_total = row.n_wins + row.n_ties + row.n_losses
    return Cell(
        text=f"{row.n_wins:,} / {row.n_ties:,} / {row.n_losses:,}",
        order=row.n_wins / n_total if n_total else None,
        drawing=outcome_drawing(row.n_wins, row.n_ties, row.n_losses),
    )
