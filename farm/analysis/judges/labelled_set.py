"""Labelled items and the verdicts of judges on them, as the judge report needs them.

A recorded judge may stand in a table under several names, one per repetition (NAME/seed0, NAME/seed1). The names' ends
tell them apart; the rest is the judge.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping, mapping_of
from farm.data.files.rows import read_rows
from farm.errors import UserError
from farm.labels.annotation_table import GOLD_COLUMN, gold_rows, same_order
from farm.labels.equal_outputs import without_equal_outputs
from farm.labels.matched import (
    comparisons_of,
    drawn_items,
    on_common_items,
    rows_of_kind,
)
from farm.labels.read import notes_of, read_annotations
from farm.labels.row_filter import RowFilter
from farm.labels.verdicts import class_notes
from farm.records import Comparison, Preference
from farm.stats.agreement.by_annotator import CLASSES, majority, three_classes
from farm.stats.agreement.label_counts import IntArray, counts_of, labels_by_item
from farm.stats.bias.style import Style, style_of
from farm.stats.bootstrap import FloatArray

JudgeKind = Literal["human", "recorded", "asked", "baseline"]
"""Where the verdicts come from: people, the table, an annotator that was asked for the report, a rule beside them."""


class ItemLabels(NamedTuple):
    """N labels of one judge, or of all humans."""

    item: IntArray
    """(N,) row of the labelled set."""
    label: FloatArray
    """(N,) 1, 1.5, 2; NaN = unparsed."""
    first_shown: IntArray
    """(N,) 1 or 2; 0 where it is not known, or both orders were shown."""
    repetition: IntArray
    """(N,) tells several labels on the same item in the same order apart."""
    cost_usd: FloatArray
    """(N,) NaN = not known."""
    seconds: FloatArray
    """(N,) NaN = not known."""


@dataclass(frozen=True, kw_only=True)
class JudgeLabels:
    """Everything that one judge said."""

    name: str
    kind: JudgeKind
    labels: ItemLabels
    in_orders: ItemLabels | None = None
    """Verdicts in each order by itself, of a judge whose labels are made of both; None if `labels` has them."""

    @property
    def ordered(self) -> ItemLabels:
        """The labels that tell what the order does."""
        return self.labels if self.in_orders is None else self.in_orders


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """I items, and what humans said about them."""

    item_ids: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    """In the order that the labels mean."""
    style: Style
    """Which output is longer, which has a list."""
    humans: JudgeLabels | None
    """None if nobody labelled the items."""
    n_humans: int
    human_labels: FloatArray
    """(I, H) labels of the humans in any order, NaN = none."""
    human_counts: FloatArray
    """(I, 3) how many humans said tie, first, second."""
    human_vote: FloatArray
    """(I,) the most frequent label, a tie where several are equally frequent; NaN where nobody labelled."""
    notes: tuple[str, ...]
    """What was left out or changed when the files were read."""

    @property
    def datasets(self) -> list[str]:
        return [comparison.dataset for comparison in self.comparisons]

    @property
    def better(self) -> list[Preference]:
        """Which output is the honest opponent of an attack: the one that people prefer; output_1 on ties."""
        return [Preference.SECOND if vote == 2 else Preference.FIRST for vote in self.human_vote]


class ReadSet(NamedTuple):
    """A file, read."""

    items: LabelledSet
    judges: list[JudgeLabels]
    """The recorded ones, in alphabetical order."""


class Tables(NamedTuple):
    """The tables that a labelled set is made of."""

    labels: pd.DataFrame
    """An annotation table: items, recorded verdicts, and labels by people."""
    source: Path
    """Where it comes from; a column of right labels in that file counts where nobody labelled."""
    humans: pd.DataFrame | None
    """Another annotation table, whose labels by people are used instead."""


def read_labelled(
    path: Path,
    humans: Path | None,
    *,
    same_judge: str,
    max_items: int | None,
    columns: ColumnMapping = OWN_NAMES,
    where: tuple[RowFilter, ...] = (),
    humans_where: tuple[RowFilter, ...] = (),
) -> ReadSet:
    """Read items, human labels and recorded verdicts (`labelled`) from tables or folders of any known format.

    Args:
        path: holds all three.
        humans: whose human labels are used instead; None for the first's own.
        same_judge: as in `labelled`.
        max_items: as in `labelled`.
        columns: of tables in a layout of one's own, what they are called.
        where: filters that leave the rows of the first that count.
        humans_where: the same for the other.
    """
    of_path, of_humans = mapping_of(columns, [path, humans])
    people = None
    if humans is not None:
        people = read_annotations(humans, assumed_kind="human", columns=of_humans, where=humans_where)
    tables = Tables(
        labels=read_annotations(path, assumed_kind="llm", columns=of_path, where=where),
        source=path,
        humans=people,
    )
    return labelled(tables, same_judge=same_judge, max_items=max_items)


def labelled(tables: Tables, *, same_judge: str, max_items: int | None) -> ReadSet:
    """Items, human labels and recorded verdicts.

    Args:
        tables: where they stand.
        same_judge: a regular expression; what it matches at the end of an annotator's name is no part of the judge's.
        max_items: keep this many items, drawn by their texts; None for all.

    Raises:
        UserError: nothing usable, labels on equal outputs only, or two tables without a common item.
    """
    frame, equal = without_equal_outputs(tables.labels, tables.source)
    notes = [*notes_of(tables.labels), *equal]
    people, machines = (frame[frame["annotator_kind"] == kind] for kind in ("human", "llm"))
    if tables.humans is not None:
        given, equal = without_equal_outputs(tables.humans, Path("humans"))
        notes += [f"humans: {note}" for note in (*notes_of(tables.humans), *equal)]
        people = rows_of_kind(given, "human", "humans")
        machines, people, more = _on_shared_items(machines, people)
        notes += more
    elif people.empty:
        people = gold_rows(frame, _gold_labels(tables.source))
        notes += [f"the column `{GOLD_COLUMN}` is read as human labels"] if len(people) else []
    rows = pd.concat([people, machines], ignore_index=True)
    rows, turned = same_order(rows)
    notes += turned
    if max_items is not None and rows["item_id"].nunique() > max_items:
        rows = rows[rows["item_id"].isin(drawn_items(rows, max_items))]
        notes.append(f"{max_items} items were drawn (max_items)")
    notes += class_notes(rows["preference"].to_numpy(dtype=np.float64))
    first = rows.drop_duplicates("item_id").set_index("item_id")
    place = pd.Series(np.arange(len(first)), index=first.index)
    is_human = (rows["annotator_kind"] == "human").to_numpy()
    items = _labelled_set(first, _labels(rows[is_human], place), rows[is_human], notes)
    ends = re.compile(f"(?:{same_judge})+$") if same_judge else re.compile(r"(?!)")
    own = rows[~is_human]
    names = own["annotator"].map(lambda name: ends.sub("", name) or name)
    judges = [
        JudgeLabels(name=str(name), kind="recorded", labels=_labels(of_judge, place))
        for name, of_judge in own.groupby(names)
    ]
    return ReadSet(items, judges)


def _labelled_set(first: pd.DataFrame, labels: ItemLabels, people: pd.DataFrame, notes: Sequence[str]) -> LabelledSet:
    n_items = len(first)
    table = labels_by_item(labels.item, labels.label, n_items)
    has_labels = bool(np.isfinite(labels.label).any())
    return LabelledSet(
        item_ids=tuple(str(name) for name in first.index),
        comparisons=tuple(comparisons_of(first)),
        style=style_of(list(first["output_1"]), list(first["output_2"])),
        humans=JudgeLabels(name="humans", kind="human", labels=labels) if has_labels else None,
        n_humans=int(people["annotator"].nunique()),
        human_labels=table,
        human_counts=counts_of(labels.item, labels.label, CLASSES, n_items),
        human_vote=majority(table),
        notes=tuple(dict.fromkeys(notes)),
    )


def _labels(rows: pd.DataFrame, place: "pd.Series[int]") -> ItemLabels:
    """The labels of these rows."""
    n = len(rows)
    shown = rows["first_shown"] if "first_shown" in rows else pd.Series([None] * n, index=rows.index, dtype="Int64")
    first_shown = np.asarray(shown.astype("Int64").fillna(0), dtype=np.int64)
    item = np.asarray(place.loc[rows["item_id"]], dtype=np.int64)
    repetition = pd.DataFrame({"item": item, "shown": first_shown}).groupby(["item", "shown"]).cumcount()
    nothing = np.full(n, np.nan)
    cost, seconds = (
        rows[name].to_numpy(dtype=np.float64, na_value=np.nan) if name in rows else nothing
        for name in ("cost_usd", "latency_seconds")
    )
    label = three_classes(rows["preference"].to_numpy(dtype=np.float64))
    return ItemLabels(item, label, first_shown, np.asarray(repetition, dtype=np.int64), cost, seconds)


def _gold_labels(path: Path) -> dict[str, float]:
    """The column of gold labels of a file by item; empty if it has none."""
    if not path.is_file():
        return {}
    return {
        str(row["item_id"]): float(str(row[GOLD_COLUMN]))
        for row in read_rows(path)
        if row.get("item_id") and row.get(GOLD_COLUMN) in (1, 1.5, 2, "1", "1.5", "2", "1.0", "2.0")
    }


def _on_shared_items(machines: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Both tables under common item ids: their own, or the texts of the pair in whatever order."""
    machines, people, is_by_texts = on_common_items(machines, people)
    notes = ["items were matched by their texts"] if is_by_texts else []
    shared = set(machines["item_id"]) & set(people["item_id"])
    if not shared and len(machines):
        raise UserError(
            f"input and humans share no item: neither an item_id nor a pair with the same texts "
            f"({machines['item_id'].nunique()} and {people['item_id'].nunique()} items)"
        )
    left_out = machines["item_id"].nunique() - len(shared)
    if left_out > 0:
        notes.append(f"{left_out} items of the judges have no human label and are left out")
    return machines[machines["item_id"].isin(shared)], people, notes
