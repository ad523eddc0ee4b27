"""Files of preference pairs, read with what was left out or changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SkipValidation, model_validator

from farm.data.files.column_mapping import ColumnMapping, mapped_records
from farm.data.files.rows import DataError, FileRow, Row, check_rows
from farm.data.layouts.pairs import Answer, ChosenPair, DifferentPromptsError, chosen_pair
from farm.data.layouts.unused_columns import UnusedColumns
from farm.wording import counted


class _PairRow(FileRow):
    """A row as the pair that it holds; None where its two conversations answer different prompts."""

    pair: SkipValidation[ChosenPair | None]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, row: Row) -> dict[str, ChosenPair | None]:
        try:
            return {"pair": chosen_pair(row)}
        except DifferentPromptsError:
            return {"pair": None}


@dataclass(frozen=True, kw_only=True)
class PairFile:
    """The pairs of a file."""

    pairs: tuple[ChosenPair, ...]
    notes: tuple[str, ...]
    """What was left out or changed, one sentence each."""


def read_pairs(path: Path, columns: ColumnMapping | None = None) -> PairFile:
    """Read a file of any layout.

    Args:
        path: the file.
        columns: what it calls its columns; None: as one of the known layouts does.

    Raises:
        DataError: rows that are not understood, all of them counted; or no pair.
    """
    return _file_of(path, mapped_records(path, _PairRow, columns))


def pairs_of_rows(path: Path, rows: Sequence[Row]) -> PairFile:
    """`read_pairs` of rows that are in memory already.

    Args:
        path: what messages call them.
        rows: in any layout.

    Raises:
        DataError: rows that are not understood, all of them counted; or no pair.
    """
    return _file_of(path, check_rows(path, rows, _PairRow))


def _file_of(path: Path, rows: Sequence[_PairRow]) -> PairFile:
    pairs, n_repeating = _without_repeated_prompts([row.pair for row in rows if row.pair is not None])
    n_apart = len(rows) - len(pairs)
    if not pairs:
        raise DataError(f"{path}: chosen and rejected of all {len(rows)} rows begin with different prompts")
    notes = []
    if n_apart:
        notes.append(
            f"{counted(n_apart, 'row')} of {len(rows)} left out: chosen and rejected begin with different prompts"
        )
    if n_repeating:
        notes.append(f"all {n_repeating} pairs repeat the prompt at the beginning of both answers; it was taken off")
    return PairFile(pairs=tuple(pairs), notes=(*notes, *_notes_on(pairs), *_unused(pairs)))


def _notes_on(pairs: Sequence[ChosenPair]) -> list[str]:
    n_same = sum(pair.chosen.text == pair.rejected.text for pair in pairs)
    n_ties = sum(pair.is_rated_equal for pair in pairs)
    n_called = sum(pair.is_tie and not pair.is_rated_equal for pair in pairs)
    n_against = sum(_is_rated_lower(pair) for pair in pairs)
    n_turns = sum(bool(pair.chosen.turns or pair.rejected.turns) for pair in pairs)
    notes = [f"{n_same} pairs have the same text twice; their labels say nothing"] if n_same else []
    notes += [f"{n_ties} of {len(pairs)} pairs have two equal ratings and are ties"] if n_ties else []
    notes += [f"{n_called} of {len(pairs)} pairs are called a tie and are one"] if n_called else []
    notes += [f"{n_against} pairs have a chosen answer that is rated lower than the rejected one"] if n_against else []
    notes += [f"{n_turns} pairs part before their last turn; their outputs hold several turns"] if n_turns else []
    return notes


def _unused(pairs: Sequence[ChosenPair]) -> list[str]:
    unused = UnusedColumns()
    for pair in pairs:
        unused.add(pair.columns)
    return unused.notes


def _is_rated_lower(pair: ChosenPair) -> bool:
    chosen, rejected = pair.chosen.rating, pair.rejected.rating
    return chosen is not None and rejected is not None and chosen < rejected


def _without_repeated_prompts(pairs: list[ChosenPair]) -> tuple[list[ChosenPair], int]:
    """The pairs of a file whose answers all begin with the prompt, without it there; others as they are.

    One answer that begins otherwise shows that the file does not mean it so.

    Returns:
        The pairs, and in how many the prompt was taken off.
    """
    if not pairs or not all(pair.begins_with_prompt for pair in pairs):
        return pairs, 0
    return [
        replace(pair, chosen=_behind_prompt(pair.chosen, pair), rejected=_behind_prompt(pair.rejected, pair))
        for pair in pairs
    ], len(pairs)


def _behind_prompt(answer: Answer, pair: ChosenPair) -> Answer:
    return answer._replace(text=answer.text.removeprefix(pair.asked.instruction).strip())
