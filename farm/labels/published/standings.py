"""Standings that somebody published: a table with one row per model, its win rate or another figure, and its noise.

The model's name stands in a column `model`, `method`, `generator`, `name` or `system`, or in a first column without a
name. One file may hold the humans' and the simulated figures side by side (`human_win_rate`, `human_standard_error`,
`simulated_win_rate`, `simulated_standard_error`), or those of one side (`win_rate`, `standard_error`); any other column
can be named. Which columns hold standard errors or 95% intervals: `farm.labels.published.errors`. Optional: `n_total`
or `n`, `is_trained_in_sandbox` or `is_trained_in_lab` (True or False), `source`, and `seed`, with one row per model and
training seed.

Win rates are fractions or percent (`farm.labels.published.scale`). A named column that is no win rate, such as an Elo
rating, is taken as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from farm.data.files.decimal_commas import with_points
from farm.data.files.open_files import READ_ERRORS, open_text
from farm.data.files.row_stream import delimiter_of, file_notes, numbers_of
from farm.data.files.rows import DataError, Row, format_of, read_rows
from farm.data.files.table_files import DELIMITED, has_table_ending, is_table
from farm.labels.annotation_source import first_row
from farm.labels.published.errors import (
    ErrorColumns,
    PublishedFigure,
    error_columns,
    is_about_noise,
    is_missing,
    is_number,
    plain_name,
    reading_notes,
    row_error,
    table_number,
)
from farm.labels.published.scale import Scale, scale_of
from farm.wording import listed

Role = Literal["humans", "simulated"]

NAME_COLUMNS = ("method", "model", "generator", "name", "system", "Model", "Method", "")
N_COLUMNS = ("n_total", "n")
TRAINED_COLUMNS = ("is_trained_in_sandbox", "is_trained_in_lab", "trained_in_lab")
_PREFIX: Mapping[Role, str] = {"humans": "human_", "simulated": "simulated_"}
_OF_LABELS = {
    "preference", "instruction", "prompt", "input", "output", "response", "output_1", "chosen", "completions",
    "question_id", "model_a", "winner", "rating", "score", "games", "completion", "messages", "conversations",
}  # fmt: skip
"""Columns of recorded labels; a table of models without any of them can only be one of standings."""
_NO_FIGURES = (
    "rank", "Rank", "n", "n_total", "n_wins", "n_draws", "n_ties", "n_losses", "avg_length", "mean_length", "votes",
    "num_battles", "seed", "",
)  # fmt: skip
"""Columns of numbers that are no figure with a noise of its own."""
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """One row, or several of one model that differ in their training seed."""

    model: str
    values: tuple[float, ...]
    """One per training seed; a single one where the file has no seeds. Win rates in [0, 1]."""
    standard_errors: tuple[float | None, ...]
    """On the same scale; None if the file says nothing about the noise of the figure."""
    n_total: int | None
    """Verdicts behind the values; None if the file does not say."""
    is_trained_in_lab: bool | None
    """None if the file does not say."""


@dataclass(frozen=True, kw_only=True)
class PublishedStandings:
    """What one file says of one side."""

    source: str
    """The file's own source line, if it has one, else its path."""
    column: str
    is_win_rate: bool
    models: tuple[PublishedModel, ...]
    """In the order of the file."""
    seeds: tuple[int, ...]
    """Training seeds that every model has; empty if the file has no seeds."""
    notes: tuple[str, ...]


def is_standings(path: Path, role: Role, column: str | None) -> bool:
    """Whether a path is a table of standings rather than of annotations, by the names of its columns."""
    if not is_table(path) or (path.is_file() and not has_table_ending(path)):
        return False
    if column is not None:
        return True
    names = set(first_row(path))
    if names & {"win_rate", f"{_PREFIX[role]}win_rate"}:
        return "preference" not in names
    return bool(names & set(NAME_COLUMNS)) and not names & _OF_LABELS


def read_standings(path: Path, role: Role, column: str | None) -> PublishedStandings:
    """Read one side's figures.

    Args:
        path: .csv, .tsv, .json, .jsonl or .parquet.
        role: whose figures.
        column: which column holds them; None for `human_win_rate` or `simulated_win_rate`, else `win_rate`.

    Raises:
        DataError: a column is missing, a value is no number, or a model stands twice.
    """
    rows = _rows(path)
    names = list(rows[0]) if rows else []
    columns = _columns(path, names, role, column)
    notes: list[str] = file_notes(path)
    filled = _with_values(path, rows, columns, notes)
    scale = scale_of(path, filled, columns.value)
    errors = error_columns(
        names, columns.value, _other_figures(filled, columns), columns.n_total if scale.is_win_rate else None
    )
    columns = columns._replace(errors=errors)
    if errors.note:
        notes.append(f"{role}: {path.name}: {errors.note}")
    has_seeds = "seed" in names
    models = _models(path, filled, columns, scale, has_seeds=has_seeds)
    said = reading_notes(path, filled, errors, columns.value, scale.divisor)
    notes += [f"{role}: {path.name}: {note}" for note in (*said, *scale.notes)]
    seeds = _seeds(path, filled, columns) if has_seeds else ()
    if all(error == 0 for model in models for error in model.standard_errors):
        notes.append(f"{role}: every standard error in {path.name} is 0, which no measurement has; they are not used")
        models = tuple(replace(model, standard_errors=(None,) * len(model.values)) for model in models)
    n_without = sum(error is None for model in models for error in model.standard_errors[:1])
    if n_without:
        notes.append(
            f"{role}: {n_without} of {len(models)} models have no standard error and no interval in {path.name}, so "
            "nothing that needs their noise is said: no interval, no p-value, no chance of another order"
        )
    sources = {str(row["source"]) for row in filled if row.get("source")}
    return PublishedStandings(
        source=sources.pop() if len(sources) == 1 else str(path),
        column=columns.value,
        is_win_rate=scale.is_win_rate,
        models=models,
        seeds=seeds,
        notes=tuple(notes),
    )


def _rows(path: Path) -> list[Row]:
    """As in the file; in published CSV files many a row ends before its empty cells do."""
    if format_of(path) not in DELIMITED:
        rows = read_rows(path)
    else:
        try:
            with open_text(path) as stream:
                frame = pd.read_csv(
                    stream, dtype=str, keep_default_na=False, na_filter=False, sep=delimiter_of(path), index_col=False
                )
        except (ValueError, *READ_ERRORS) as error:
            raise DataError(f"{path}: cannot be read as CSV: {error}") from error
        frame = frame.fillna("").rename(columns={"Unnamed: 0": ""})
        numbers = numbers_of(path).columns
        rows = [
            with_points({str(name): value for name, value in row.items()}, numbers) for row in frame.to_dict("records")
        ]
    if not rows:
        raise DataError(f"{path}: expected standings, there are no rows")
    # Objects of a JSON file may leave out what they have no figure for.
    columns = dict.fromkeys(rows[0])
    return [{_one_line(name): value for name, value in {**columns, **row}.items()} for row in rows]


class _Columns(NamedTuple):
    name: str
    value: str
    errors: ErrorColumns
    n_total: str | None
    trained: str | None


def _columns(path: Path, names: Sequence[str], role: Role, column: str | None) -> _Columns:
    name = next((n for n in NAME_COLUMNS if n in names), None)
    if name is None:
        wanted = ", ".join(n for n in NAME_COLUMNS if n)
        raise DataError(f"{path}: expected a column with the models' names ({wanted}), found {list(names)}")
    candidates = [_one_line(column)] if column is not None else [f"{_PREFIX[role]}win_rate", "win_rate"]
    value = next((c for c in candidates if c in names), None)
    value = value or next((name for name in names if column is None and plain_name(name) in candidates), None)
    if value is None:
        raise DataError(
            f"{path}: expected a column {' or '.join(map(repr, candidates))}, found {list(names)}; "
            f"another one can be named with {role}_column=NAME"
        )
    return _Columns(
        name=name,
        value=value,
        errors=ErrorColumns("none", (), ""),
        n_total=next((n for n in N_COLUMNS if n in names), None),
        trained=next((n for n in TRAINED_COLUMNS if n in names), None),
    )


def _with_values(path: Path, rows: Sequence[Row], columns: _Columns, notes: list[str]) -> list[Row]:
    """The rows that have a figure; the others are counted and named."""
    filled = [row for row in rows if not is_missing(row[columns.value])]
    missing = [_name(row, columns) for row in rows if is_missing(row[columns.value])]
    if missing:
        notes.append(f"{len(missing)} of {len(rows)} rows of {path.name} have no {columns.value}: {listed(missing)}")
    if not filled:
        raise DataError(f"{path}: no row has a {columns.value}")
    return filled


def _models(
    path: Path, rows: Sequence[Row], columns: _Columns, scale: Scale, *, has_seeds: bool
) -> tuple[PublishedModel, ...]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(_name(row, columns), []).append(row)
    twice = [name for name, members in by_name.items() if len(members) > 1]
    if twice and not has_seeds:
        raise DataError(
            f"{path}: expected one row per model, {listed(twice)} {'stands' if len(twice) == 1 else 'stand'} there "
            "more than once (several training seeds need a column `seed`)"
        )
    return tuple(
        PublishedModel(
            model=name,
            values=tuple(table_number(path, row, columns.value) / scale.divisor for row in members),
            standard_errors=tuple(_error(path, row, columns, scale) for row in members),
            n_total=_count(path, members, columns.n_total),
            is_trained_in_lab=_truth(path, members[0], columns.trained),
        )
        for name, members in by_name.items()
    )


def _seeds(path: Path, rows: Sequence[Row], columns: _Columns) -> tuple[int, ...]:
    """All models must have the same seeds, each once, in one order."""
    by_name: dict[str, list[int]] = {}
    for row in rows:
        by_name.setdefault(_name(row, columns), []).append(int(table_number(path, row, "seed")))
    expected = next(iter(by_name.values()))
    for name, names in by_name.items():
        if names != expected or len(set(names)) < len(names):
            raise DataError(
                f"{path}: expected the training seeds {expected} for every model, in this order and each once; "
                f"{name!r} has {names}"
            )
    return tuple(expected)


def _other_figures(rows: Sequence[Row], columns: _Columns) -> set[str]:
    """Columns of numbers, one in every row, that are figures of the models as much as the named one."""
    known = {columns.name, columns.value, columns.n_total, columns.trained, "seed", *_NO_FIGURES}
    candidates = [name for name in rows[0] if name not in known and not is_about_noise(name)]
    return {name for name in candidates if all(is_number(row.get(name)) for row in rows)}


def _error(path: Path, row: Row, columns: _Columns, scale: Scale) -> float | None:
    figure = PublishedFigure(
        model=_name(row, columns),
        column=columns.value,
        value=table_number(path, row, columns.value),
        divisor=scale.divisor,
        is_win_rate=scale.is_win_rate,
    )
    return row_error(path, row, columns.errors, figure)


def _count(path: Path, rows: Sequence[Row], column: str | None) -> int | None:
    if column is None or any(is_missing(row[column]) for row in rows):
        return None
    return sum(int(table_number(path, row, column)) for row in rows)


def _truth(path: Path, row: Row, column: str | None) -> bool | None:
    if column is None or is_missing(row[column]):
        return None
    text = str(row[column]).strip().lower()
    if text not in _TRUTHS:
        raise DataError(f"{path}: {column}: expected True or False, got {row[column]!r}")
    return _TRUTHS[text]


def _name(row: Row, columns: _Columns) -> str:
    return _one_line(str(row[columns.name]))


def _one_line(text: str) -> str:
    """Headers and names may hold line ends."""
    return " ".join(text.split())
