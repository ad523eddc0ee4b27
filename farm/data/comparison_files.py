"""Comparisons from one file of pairs, or from two files of outputs that are joined.

Files are read twice, a chunk at a time: once to check every row, count them and learn the columns before anything is
paid for, and once to annotate. The layouts of farm/data/layouts/ are read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from farm.conversation import messages_as_text
from farm.data.comparisons import ComparisonRow, Comparisons
from farm.data.files.column_hint import with_hint
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping, mapping_of
from farm.data.files.column_types import ColumnTypes
from farm.data.files.output_index import OutputIndex
from farm.data.files.row_problems import RowProblems
from farm.data.files.row_stream import column_schema, file_notes, stream_rows
from farm.data.files.rows import DataError, FileRow, Row, check_rows
from farm.data.layouts.outputs import OutputRow
from farm.data.layouts.pairs import has_pair, row_with_two_outputs
from farm.data.layouts.unused_columns import UnusedColumns

RowT = TypeVar("RowT", bound=FileRow)


@contextmanager
def open_comparisons(paths: Sequence[Path], columns: ColumnMapping = OWN_NAMES) -> Iterator[Comparisons]:
    """Check the files and make their comparisons readable.

    Args:
        paths: one file of comparisons (instruction, output_1, output_2; optional input, generator_1, generator_2 and
            any other column), or two files of outputs (instruction, output; optional input, generator and others).
        columns: what the files call these columns; of two files those that have the names.

    Raises:
        DataError: a file is missing, malformed or holds no row, rows do not fit (all of them are counted), no
            instruction of one file is in the other, or a column that is named is in no file.
    """
    files = [_File(path, named) for path, named in zip(paths, mapping_of(columns, paths), strict=True)]
    if len(files) == 1:
        yield _pairs_of(files[0])
    elif len(files) == 2:
        with OutputIndex() as index:
            yield _joined(files[0], files[1], index)
    else:
        raise DataError(f"input: expected one file of comparisons or two files of outputs, got {len(paths)} files")


def comparisons_of(rows: Sequence[Row], where: Path) -> Comparisons:
    """Comparisons that are in memory already.

    Args:
        rows: with the columns of a file of comparisons.
        where: what messages call them.

    Raises:
        DataError: there is no row, or rows do not fit; all of them are counted.
    """
    if not rows:
        raise DataError(f"{where}: it holds no rows, expected at least one")
    check_rows(where, rows, ComparisonRow)
    compared = [row_with_two_outputs(row) for row in rows]
    columns = ColumnTypes()
    for row in compared:
        columns.add(row)
    return Comparisons(n_rows=len(rows), schema=columns.schema(), notes=(), read=lambda: iter(compared))


def checked_stream(path: Path, schema: type[RowT], columns: ColumnMapping | None = None) -> Iterator[tuple[Row, RowT]]:
    """Every row with its checked form; after the last one, DataError if there were none or some did not fit.

    Args:
        path: the file.
        schema: of its rows.
        columns: what the file calls the schema's columns; None: the same.
    """
    problems = RowProblems()
    n_rows = 0
    names: set[str] = set()
    for n_rows, row in enumerate(columns.read(path) if columns else stream_rows(path), start=1):
        try:
            checked = schema.model_validate(row)
        except ValidationError as error:
            problems.add(n_rows, error, row)
            names |= row.keys()
            continue
        yield row, checked
    if problems.n_bad:
        raise DataError(with_hint(problems.report(path, n_rows=n_rows), names))
    if n_rows == 0:
        raise DataError(f"{path}: it holds no rows, expected at least one")


class _File(NamedTuple):
    """A file, and what it calls the columns; None: as we do."""

    path: Path
    columns: ColumnMapping | None

    def rows_again(self) -> Iterator[Row]:
        if self.columns:
            return self.columns.read(self.path, is_again=True)
        return map(row_with_two_outputs, stream_rows(self.path, is_again=True))


def _pairs_of(file: _File) -> Comparisons:
    path = file.path
    columns, n_rows = ColumnTypes(), 0
    is_ours, unused = True, UnusedColumns()
    for row, _ in checked_stream(path, ComparisonRow, file.columns):
        if has_pair(row):
            is_ours = False
            unused.add(row)
        columns.add(row_with_two_outputs(row))
        n_rows += 1
    schema = (column_schema(path) if is_ours and not file.columns else None) or columns.schema()
    read = file.rows_again
    return Comparisons(n_rows=n_rows, schema=schema, notes=(*file_notes(path), *unused.notes), read=read)


def _joined(file_1: _File, file_2: _File, index: OutputIndex) -> Comparisons:
    for _, output in checked_stream(file_2.path, OutputRow, file_2.columns):
        index.add(output)
    columns, n_1, n_rows, first_alone = ColumnTypes(), 0, 0, ""
    for row, joined in _joined_rows(file_1, file_2, index):
        n_1 += 1
        if joined is None:
            first_alone = first_alone or OutputRow.model_validate(row).instruction
        else:
            n_rows += 1
            columns.add(joined)
    alone = index.unused()
    notes: list[str] = []
    if n_rows < n_1:
        notes.append(f"{n_1 - n_rows} of {n_1} outputs in {file_1.path} have none beside them in {file_2.path}")
        notes[-1] += f", the first to {first_alone!r:.80}"
    if alone.n:
        notes.append(f"{alone.n} of {alone.n + n_rows} outputs in {file_2.path} have none beside them in {file_1.path}")
        notes[-1] += f", one to {alone.example!r:.80}"
    if n_rows == 0:
        raise DataError(f"no instruction (with its input) is in both files: {'; '.join(notes)}")
    if notes:
        notes.append(f"{n_rows} comparisons are annotated, the others are left out")
    read = partial(_only_joined, file_1, file_2, index)
    return Comparisons(n_rows=n_rows, schema=columns.schema(), notes=tuple(notes), read=read)


def _only_joined(file_1: _File, file_2: _File, index: OutputIndex) -> Iterator[Row]:
    return (joined for _, joined in _joined_rows(file_1, file_2, index) if joined is not None)


def _joined_rows(file_1: _File, file_2: _File, index: OutputIndex) -> Iterator[tuple[Row, Row | None]]:
    """Each row of the first file, and the comparison that it makes with the second file's output, if there is one.

    The k-th output to an instruction meets the k-th of the other file. Where no generator is named, the file's name is.
    """
    n_seen: Counter[str] = Counter()
    for row, output in checked_stream(file_1.path, OutputRow, file_1.columns):
        key = output.text_key
        output_2 = index.find(key, n_seen[key])
        n_seen[key] += 1
        if output_2 is None:
            yield row, None
            continue
        kept = {name: value for name, value in row.items() if name not in ("output", "generator")}
        if not isinstance(row.get("instruction"), str):  # another layout: the comparison is in ours
            kept |= {"instruction": output.instruction, "input": output.input or ""}
            kept |= {"history": messages_as_text(output.history)} if output.history else {}
        pair = {
            "output_1": output.output,
            "output_2": output_2.output,
            "generator_1": output.generator or file_1.path.stem,
            "generator_2": output_2.generator or file_2.path.stem,
        }
        yield row, {**kept, **pair}
