"""A model's outputs from a file, joined to a track's instructions by their text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from farm.data.comparison_files import checked_stream
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.table_files import DataError
from farm.data.output_files import ScorableRow
from farm.leaderboard.evaluation.recorded_rows import rows_shown
from farm.leaderboard.tracks.items import TrackItems
from farm.records import Output
from farm.wording import listed


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A model's outputs on the instructions of a track that it answered, in the track's order."""

    outputs: Sequence[Output]
    """Asked as the track asks it."""
    references: Sequence[Output]
    """Of the same instructions."""
    generator: str
    """What the file calls the model; empty if it does not say."""
    n_missing: int
    """Instructions of the track without an output."""


def read_answers_of_track(path: Path, items: TrackItems, columns: ColumnMapping, *, allow_empty: bool) -> Answered:
    """The outputs of a file.

    Args:
        path: any table with instruction and output.
        items: of the track.
        columns: what the file calls its columns.
        allow_empty: whether an empty output is an answer.

    Raises:
        DataError: rows do not fit; an instruction stands there twice or is none of the track's; an output is empty;
            several models are in the file.
    """
    by_place: dict[int, tuple[int, Output]] = {}
    strange, other_input, empty, doubled = list[int](), list[int](), list[int](), list[tuple[int, int]]()
    generators: Counter[str] = Counter()
    for number, (_, row) in enumerate(checked_stream(path, ScorableRow, columns or None), start=1):
        output = row.as_output()
        generators[output.generator] += 1
        place = items.place_of(output)
        if place is None:
            (other_input if output.instruction in items.without_input else strange).append(number)
            continue
        if place in by_place:
            doubled.append((by_place[place][0], number))
        if not output.output.strip():
            empty.append(number)
        by_place[place] = (number, output)
    _refuse(
        path,
        strange=strange,
        other_input=other_input,
        doubled=doubled,
        empty=[] if allow_empty else empty,
        n_asked=len(items.references),
    )
    if len(generators) > 1:
        raise DataError(
            f"{path}: field `generator`: outputs of several models, {listed(sorted(generators), 5)}; give a file for "
            "each"
        )
    return answered([output for _, (_, output) in sorted(by_place.items())], sorted(by_place), items)


def answered(outputs: Sequence[Output], places: Sequence[int], items: TrackItems) -> Answered:
    """Outputs on some of a track's instructions.

    Args:
        outputs: in the track's order.
        places: of their instructions on the track.
        items: of the track.
    """
    references = [items.references[place] for place in places]
    return Answered(
        outputs=[
            replace(
                output,
                instruction=asked.instruction,
                input=asked.input,
                history=asked.history,
                dataset=asked.dataset or output.dataset,
            )
            for output, asked in zip(outputs, references, strict=True)
        ],
        references=references,
        generator=outputs[0].generator if outputs else "",
        n_missing=len(items.references) - len(outputs),
    )


def _refuse(
    path: Path,
    *,
    strange: Sequence[int],
    other_input: Sequence[int],
    doubled: Sequence[tuple[int, int]],
    empty: Sequence[int],
    n_asked: int,
) -> None:
    problems = []
    if strange:
        problems.append(f"{rows_shown(strange)}, field `instruction`: none of the track's {n_asked:,} instructions")
    if other_input:
        problems.append(f"{rows_shown(other_input)}, field `input`: the track asks this with another input")
    if doubled:
        (first, second), more = doubled[0], f", and {len(doubled) - 1} more" if len(doubled) > 1 else ""
        problems.append(f"rows {first} and {second}, field `instruction`: the same instruction twice{more}")
    if empty:
        problems.append(
            f"{rows_shown(empty)}, field `output`: is empty; if the model really answered nothing, say allow_empty=true"
        )
    if problems:
        raise DataError("\n".join([f"{path}: not as expected (rows count from 1):", *(f"  {p}" for p in problems)]))
