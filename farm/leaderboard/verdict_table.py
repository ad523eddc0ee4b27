"""Verdicts as a table with one column a figure: hundreds of thousands of them are no matter for objects.

The columns are the fields of `EntryVerdict`, those of its two styles flattened: `length`, ... of the output and
`reference_length`, ... of the reference's. Whole numbers that may be missing are pandas' Int64.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from farm.errors import UserError
from farm.leaderboard.entries import AnswerStyle, EntryVerdict

STYLE_COLUMNS = tuple(field.name for field in dataclasses.fields(AnswerStyle))
REFERENCE_PREFIX = "reference_"
COLUMN_TYPES = {
    "key": "str",
    "annotator": "str",
    "instruction_key": "str",
    "score": "float64",
    "n_wins": "int64",
    "n_ties": "int64",
    "n_losses": "int64",
    "n_unparsed": "int64",
    "is_graded": "bool",
    **dict.fromkeys(STYLE_COLUMNS, "int64"),
    "n_tokens": "Int64",
    **{f"{REFERENCE_PREFIX}{name}": "Int64" for name in STYLE_COLUMNS},
    "utility": "float64",
}
"""NaN in `score` and `utility` where there is none; a reference whose text is not known misses all of its columns."""
IDENTITY = ("key", "annotator", "instruction_key")
_MAX_COUNT = 2**31


def verdict_table(verdicts: Iterable[EntryVerdict]) -> pd.DataFrame:
    """The table of these verdicts, in their order."""
    return typed([_row(verdict) for verdict in verdicts])


def typed(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """A table with exactly the columns of verdicts, in their types."""
    return pd.DataFrame(rows, columns=list(COLUMN_TYPES)).astype(COLUMN_TYPES)


def verdicts_of(table: pd.DataFrame) -> Iterator[EntryVerdict]:
    """The table's rows as records."""
    rows = table.astype(object).where(table.notna(), None)
    for row in rows.to_dict("records"):
        has_reference = row[f"{REFERENCE_PREFIX}length"] is not None
        reference = {name: row.pop(f"{REFERENCE_PREFIX}{name}") for name in STYLE_COLUMNS}
        style = AnswerStyle(**{name: row.pop(name) for name in STYLE_COLUMNS})
        yield EntryVerdict(
            **{str(name): value for name, value in row.items()},
            style=style,
            reference_style=AnswerStyle(**reference) if has_reference else None,
        )


def in_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """The table itself.

    Raises:
        ValueError: a score lies outside [0, 1], or a count is none.
    """
    outside = table[(table["score"] < 0) | (table["score"] > 1)]
    if len(outside):
        row = outside.iloc[0]
        raise ValueError(f"score of {row['key']} on {row['instruction_key']}: {row['score']}, outside [0, 1]")
    for name in ("n_wins", "n_ties", "n_losses", "n_unparsed", "length"):
        wrong = table[(table[name] < 0) | (table[name] > _MAX_COUNT)]
        if len(wrong):
            row = wrong.iloc[0]
            raise ValueError(f"{name} of {row['key']} on {row['instruction_key']}: {row[name]}, which is no count")
    return table


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The rows by entry and instruction: the same verdicts make the same table, whoever read them in what order.

    Raises:
        UserError: an entry has two rows for one instruction.
    """
    ordered = table.sort_values(list(IDENTITY), ignore_index=True)
    twice = ordered.duplicated(list(IDENTITY))
    if twice.any():
        row = ordered[twice].iloc[0]
        raise UserError(
            f"verdicts: entry {row['key']}, judged by {row['annotator']}, has two rows for instruction "
            f"{row['instruction_key']}; keep one of them"
        )
    return ordered


def _row(verdict: EntryVerdict) -> dict[str, object]:
    row = dict(vars(verdict))
    style, reference = row.pop("style"), row.pop("reference_style")
    row |= vars(style)
    if reference is not None:
        row |= {f"{REFERENCE_PREFIX}{name}": value for name, value in vars(reference).items()}
    return row
