"""`farm.read`: recorded labels of any known format, or models' outputs, from a file, a folder or a DataFrame."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

import pandas as pd

from farm.api.shown import html_of
from farm.data.files.rows import check_rows, frame_rows, without_gaps
from farm.data.output_files import ScorableRow, open_outputs
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import Kind
from farm.labels.formats.own_table import own_table
from farm.labels.read import notes_of, read_annotations
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


LabelSource = str | Path | pd.DataFrame | Labels
"""What every function takes for labels: a path (or hub:OWNER/NAME@COMMIT), a DataFrame, or what `farm.read` gave."""


@overload
def read(
    source: LabelSource, *, what: Literal["labels"] = "labels", kind: Kind | None = None, format: str | None = None
) -> Labels: ...


@overload
def read(source: str | Path | pd.DataFrame, *, what: Literal["outputs"]) -> Outputs: ...


def read(
    source: LabelSource,
    *,
    what: Literal["labels", "outputs"] = "labels",
    kind: Kind | None = None,
    format: str | None = None,
) -> Labels | Outputs:
    """Read recorded labels of any known format, or models' outputs.

    Args:
        source: a file or a folder; `hub:OWNER/NAME@COMMIT`; or a DataFrame with the columns of a table of one's own:
            instruction, output_1, output_2, annotator, annotator_kind, preference, and model_1 and model_2 where models
            are to be ranked. For outputs: instruction and output.
        what: "labels" or "outputs".
        kind: "human" or "llm", the kind of annotators of rows that do not say it.
        format: a format's name, to force it; None recognises it.

    Returns:
        `Labels`, or `Outputs` with `what="outputs"`; both have `to_frame()` and `notes`.

    Raises:
        farm.errors.UserError: nothing there, an unknown format, or malformed rows, all of them counted.

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
    """
    if isinstance(source, Labels):
        return source
    if what == "outputs":
        return _outputs(source)
    if isinstance(source, pd.DataFrame):
        frame = own_table(IN_MEMORY, without_gaps(frame_rows(source), AnnotationRow), kind)
        name, where = "table", IN_MEMORY
    else:
        where = Path(source)
        frame = read_annotations(where, assumed_kind=kind, format=format)
        name = str(frame.attrs["format"])
    return Labels(source=where, format=name, notes=tuple(notes_of(frame)), frame=frame)


def _outputs(source: str | Path | pd.DataFrame) -> Outputs:
    if isinstance(source, pd.DataFrame):
        rows = check_rows(IN_MEMORY, without_gaps(frame_rows(source), ScorableRow), ScorableRow)
        outputs = [row.as_output() for row in rows]
        return Outputs(source=IN_MEMORY, notes=(), frame=_output_frame(outputs))
    file = open_outputs(Path(source))
    outputs = [each.output for chunk in file.chunks(ROWS_PER_CHUNK) for each in chunk]
    return Outputs(source=Path(source), notes=(), frame=_output_frame(outputs))


def _output_frame(outputs: list[Output]) -> pd.DataFrame:
    return pd.DataFrame([vars(output) for output in outputs], columns=list(Output.__dataclass_fields__))
