"""`farm.read`: recorded labels of any known format, or models' outputs, from a file, a folder or a DataFrame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, overload

import pandas as pd

from farm.api.shown import html_of
from farm.config.objects import build
from farm.conversation import messages_as_text
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.data.files.rows import check_rows, frame_rows, without_gaps
from farm.data.layouts.pairs import has_pair
from farm.data.output_files import ScorableRow, open_outputs
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind
from farm.labels.formats.mapped_table import MAPPED, mapped_table
from farm.labels.formats.own_table import own_table
from farm.labels.formats.preference_data.preference_pairs import FORMAT as PAIRS
from farm.labels.formats.preference_data.preference_pairs import table_of_rows
from farm.labels.read import notes_of, read_annotations
from farm.labels.row_filter import RowFilter, filtered, row_filters
from farm.records import Output

IN_MEMORY = Path("DataFrame")
"""What messages call a table that came from no file."""
ROWS_PER_CHUNK = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Recorded labels: one verdict of one annotator on one pair of outputs a row."""

    source: Path
    """Where they come from."""
    format: str
    """The format that the source was taken for (`farm.labels.read.FORMATS`)."""
    notes: tuple[str, ...]
    """What was left out, turned around or renamed when they were read, in sentences with counts."""
    frame: pd.DataFrame
    """The table itself; `to_frame()` is a copy of it."""
    columns: ColumnMapping = OWN_NAMES
    """What the source calls its columns, where they were named."""
    annotated: pd.DataFrame | None = None
    """The pairs in the order in which `farm.annotate` got them, with all that is known of each verdict; None for labels
    that were read."""

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table: columns `farm.labels.annotation_row.ANNOTATION_COLUMNS` and what else the source has."""
        return self.frame.copy()

    @property
    def annotators(self) -> tuple[str, ...]:
        """Everybody who labelled, in alphabetical order."""
        return tuple(sorted(set(self.frame["annotator"])))

    @property
    def n_items(self) -> int:
        """Pairs of outputs."""
        return int(self.frame["item_id"].nunique())

    def __repr__(self) -> str:
        n_unparsed = int(self.frame["preference"].isna().sum())
        unparsed = f", {n_unparsed:,} unparsed" if n_unparsed else ""
        return (
            f"Labels: {len(self.frame):,} by {len(self.annotators):,} annotators on {self.n_items:,} pairs{unparsed} "
            f"({self.format}, {self.source})"
        )

    def _repr_html_(self) -> str:
        return html_of(repr(self), self.frame, self.notes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outputs:
    """Models' outputs: one answer of one model to one instruction a row."""

    source: Path
    """Where they come from."""
    notes: tuple[str, ...]
    """What the reader has to say."""
    frame: pd.DataFrame
    """The table itself; `to_frame()` is a copy of it."""

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table: instruction, input, output, generator, dataset, is_finished."""
        return self.frame.copy()

    def __repr__(self) -> str:
        generators = sorted(set(self.frame["generator"]) - {""})
        by = f" by {', '.join(generators[:3])}{' ...' if len(generators) > 3 else ''}" if generators else ""
        return f"Outputs: {len(self.frame):,}{by} ({self.source})"

    def _repr_html_(self) -> str:
        return html_of(repr(self), self.frame, self.notes)


Columns = Mapping[str, str]
"""Our names of columns, each with the file's."""
Meanings = Mapping[str, float | None]
"""Labels with what they mean, from 1 (output_1 is better) to 2; None: no verdict."""
LabelSource = str | Path | pd.DataFrame | Labels
"""What every function takes for labels: a path (or hub:OWNER/NAME@COMMIT), a DataFrame, or what `farm.read` gave."""


@overload
def read(
    source: LabelSource,
    *,
    what: Literal["labels"] = "labels",
    kind: Kind | None = None,
    format: str | None = None,
    columns: Columns | None = None,
    preference_values: Meanings | None = None,
    where: str | None = None,
) -> Labels: ...


@overload
def read(source: str | Path | pd.DataFrame, *, what: Literal["outputs"], columns: Columns | None = None) -> Outputs: ...


def read(
    source: LabelSource,
    *,
    what: Literal["labels", "outputs"] = "labels",
    kind: Kind | None = None,
    format: str | None = None,
    columns: Columns | None = None,
    preference_values: Meanings | None = None,
    where: str | None = None,
) -> Labels | Outputs:
    """Read recorded labels of any known format, or models' outputs.

    Args:
        source: a file or a folder; `hub:OWNER/NAME@COMMIT`; or a DataFrame with the columns of a table of one's own:
            instruction, output_1, output_2, annotator, annotator_kind, preference, and model_1 and model_2 where models
            are to be ranked; or of preference pairs (chosen, rejected) in any layout of
            trainers. For outputs: instruction and output.
        what: "labels" or "outputs".
        kind: "human" or "llm", the kind of annotators of rows that do not say it.
        format: a format's name, to force it; None recognises it.
        columns: for a layout of one's own, our names of columns (the keys of conf/columns/own.yaml), each with the
            file's: {"instruction": "question", "output_1": "answer.0.text"}.
        preference_values: what the labels of such a file mean, from 1 (output_1 is better) to 2; None: no verdict.
        where: keeps the labels for which it holds, a condition on the columns of the source and of the table, such as
            `turn == 1 and judge_kind == "expert"`; None keeps all.

    Returns:
        `Labels`, or `Outputs` with `what="outputs"`; both have `to_frame()` and `notes`.

    Raises:
        farm.errors.UserError: nothing there, an unknown format, a column that is not there, malformed rows, all of them
            counted, or a condition that no label fulfils.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> pairs = pd.DataFrame({
        ...     "instruction": ["Name a fruit.", "Name a tree."],
        ...     "output_1": ["Plum.", "Oak."], "output_2": ["A fruit is a plum.", "Elm."],
        ...     "annotator": ["ann", "ann"], "preference": [2, 1],
        ... })
        >>> farm.read(pairs, kind="human")
        Labels: 2 by 1 annotators on 2 pairs (table, DataFrame)
        >>> farm.read(pairs, kind="human").to_frame()["preference"].tolist()
        [2.0, 1.0]
        >>> answers = pd.DataFrame({"q": ["Name a fish."], "a": ["Cod."], "b": ["Cow."], "better": ["A"]})
        >>> names = {"instruction": "q", "output_1": "a", "output_2": "b", "preference": "better"}
        >>> farm.read(answers, kind="human", columns=names, preference_values={"A": 1, "B": 2})
        Labels: 1 by 1 annotators on 1 pairs (columns, DataFrame)
    """
    mapping = _mapping(columns, preference_values)
    if what == "outputs" and not isinstance(source, Labels):
        if where is not None:
            raise TypeError("where: is about labels, not about outputs")
        return _outputs(source, mapping)
    return read_labels(source, kind=kind, format=format, columns=mapping, where=row_filters(where))


def read_labels(
    source: LabelSource,
    *,
    kind: Kind | None,
    where: tuple[RowFilter, ...],
    format: str | None = None,
    columns: ColumnMapping = OWN_NAMES,
) -> Labels:
    """Labels, as `read` reads them, those that are left by filters which may be about one kind of annotators."""
    if isinstance(source, Labels):
        frame = filtered(source.frame, where)
        return replace(source, frame=frame, notes=tuple(notes_of(frame))) if where else source
    if isinstance(source, pd.DataFrame):
        rows = frame_rows(source)
        is_pairs = not columns and has_pair(map(str, source.columns))
        if is_pairs:
            frame = table_of_rows(IN_MEMORY, rows, kind or "human", where=where)
        elif columns:
            frame = mapped_table(IN_MEMORY, columns.renamed(rows, IN_MEMORY), kind, where=where)
        else:
            frame = own_table(IN_MEMORY, without_gaps(rows, AnnotationRow), kind, where=where)
        name = MAPPED if columns else PAIRS.name if is_pairs else "table"
    else:
        frame = read_annotations(Path(source), assumed_kind=kind, format=format, columns=columns, where=where)
        name = str(frame.attrs["format"])
    return Labels(source=origin_of(source), format=name, notes=tuple(notes_of(frame)), frame=frame, columns=columns)


def origin_of(source: LabelSource) -> Path:
    """Where labels come from, as messages and settings call it."""
    if isinstance(source, Labels):
        return source.source
    return IN_MEMORY if isinstance(source, pd.DataFrame) else Path(source)


def _mapping(columns: Columns | None, preference_values: Meanings | None) -> ColumnMapping:
    """The names as one object.

    Raises:
        farm.config.objects.ConfigError: a key that is no name of a column, or a value outside the scale.
    """
    given = {**(columns or {}), **({"preference_values": preference_values} if preference_values else {})}
    return build(ColumnMapping, given)


def _outputs(source: str | Path | pd.DataFrame, columns: ColumnMapping) -> Outputs:
    if isinstance(source, pd.DataFrame):
        given = columns.renamed(frame_rows(source), IN_MEMORY) if columns else frame_rows(source)
        rows = check_rows(IN_MEMORY, without_gaps(given, ScorableRow), ScorableRow)
        outputs = [row.as_output() for row in rows]
        return Outputs(source=IN_MEMORY, notes=(), frame=_output_frame(outputs))
    file = open_outputs(Path(source), columns)
    outputs = [each.output for chunk in file.chunks(ROWS_PER_CHUNK) for each in chunk]
    return Outputs(source=Path(source), notes=(), frame=_output_frame(outputs))


def _output_frame(outputs: list[Output]) -> pd.DataFrame:
    frame = pd.DataFrame([vars(output) for output in outputs], columns=list(Output.__dataclass_fields__))
    for name in ("history", "turns"):
        texts = [messages_as_text(messages) for messages in frame[name]]
        frame = frame.assign(**{name: texts}) if any(texts) else frame.drop(columns=name)
    return frame
