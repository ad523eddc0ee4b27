"""From recorded verdicts to the annotation table, and notes on what was changed.

A row is one verdict of an annotator on an item; of a judge that saw a pair in both orders there are two, told apart by
`first_shown`.

What a reader of files leaves out or turns around is said in `frame.attrs["notes"]`, a list of sentences with counts;
`notes_of` reads it, and the commands print it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from farm.conversation import messages_as_text
from farm.labels.annotation_row import ANNOTATION_COLUMNS, AnnotationRow, annotation_frame, histories, pair_keys
from farm.labels.presented_orders import both_orders_note, is_of_two_orders, orders_in_names
from farm.labels.row_filter import RowFilter, remaining
from farm.wording import listed

NOTES = "notes"
GOLD_COLUMN = "gold"
"""A column of right labels beside recorded verdicts is read as the labels of a human of this name."""

_SIDES = (
    ("output_1", "output_2"),
    ("model_1", "model_2"),
    ("score_1", "score_2"),
    ("acceptable_1", "acceptable_2"),
    ("turns_1", "turns_2"),
)


def annotation_table(
    rows: Iterable[AnnotationRow], notes: Sequence[str] = (), *, where: Sequence[RowFilter] = ()
) -> pd.DataFrame:
    """The table of these verdicts, every item in one order of its outputs, judged once by each annotator and order.

    Args:
        rows: in the order of their files.
        notes: what the reader of the files has to say.
        where: filters that leave the rows that count.

    Returns:
        The columns of `annotation_frame`, and `attrs["notes"]`; the index is each row's place among all rows.

    Raises:
        DataError: no row is left, or the condition does not fit the rows.
    """
    left = remaining(rows, where)
    frame = annotation_frame(left.rows)
    if left.places is not None:
        frame.index = pd.Index(left.places)
    frame, named = orders_in_names(frame)
    frame, parted = _one_pair_each(frame)
    frame, seen = _orders_in_rows(frame)
    frame, turned = same_order(frame)
    frame, dropped = _latest(frame)
    frame.attrs[NOTES] = [*notes, *left.notes, *named, *parted, *seen, *turned, *both_orders_note(frame), *dropped]
    return frame


def workers_apart(rows: Iterable[AnnotationRow], *, annotator: str) -> tuple[list[AnnotationRow], list[str]]:
    """Crowd files that name nobody: a further label of a pair is another worker's, not a correction.

    Args:
        rows: any.
        annotator: what the nameless workers are called; the second on a pair becomes `<annotator>_2`.

    Returns:
        The rows, and a sentence if there was a second.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    apart: list[AnnotationRow] = []
    for row in rows:
        key = (messages_as_text(row.history), row.instruction, row.input or "", row.output_1, row.output_2)
        if row.annotator == annotator:
            seen[key] += 1
        is_again = row.annotator == annotator and seen[key] > 1
        apart.append(row.model_copy(update={"annotator": f"{annotator}_{seen[key]}"}) if is_again else row)
    n_again = sum(count - 1 for count in seen.values())
    note = (
        f"{n_again} labels are on a pair that has one already, by workers without a name; they became the annotators "
        f"{annotator}_2 and so on"
    )
    return apart, [note] if n_again else []


def notes_of(frame: pd.DataFrame) -> list[str]:
    """What was dropped or changed when the table was read, one sentence each."""
    return list(frame.attrs.get(NOTES, []))


def turned(frame: pd.DataFrame, is_turned: pd.Series) -> pd.DataFrame:
    """The table with output_1 and output_2, and everything said about them, exchanged in the rows that are marked."""
    frame = frame.copy()
    for first, second in _SIDES:
        if first in frame:
            frame.loc[is_turned, [first, second]] = frame.loc[is_turned, [second, first]].to_numpy()
    frame.loc[is_turned, "preference"] = 3 - frame.loc[is_turned, "preference"]
    if "clean_preference" in frame:
        frame.loc[is_turned, "clean_preference"] = 3 - frame.loc[is_turned, "clean_preference"]
    if "p_first" in frame:
        frame.loc[is_turned, "p_first"] = 1 - frame.loc[is_turned, "p_first"]
    if "first_shown" in frame:
        frame.loc[is_turned, "first_shown"] = frame.loc[is_turned, "first_shown"].map({0: 0, 1: 2, 2: 1})
    return frame


class ShownOrder(NamedTuple):
    """In which order rows show the pair of their item."""

    is_same: pd.Series
    """As the reference does."""
    is_turned: pd.Series
    """The other way round; False where both are right."""


def shown_order(frame: pd.DataFrame, reference: pd.DataFrame) -> ShownOrder:
    """Compare outputs and models of each row with those of the first row of its item in another table.

    Where neither order is right to the letter, an empty cell (a column that a table lacks) fits everything. Both are
    False where a row shows another pair.

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
        reference: the table whose order counts; rows of items that it lacks are counted as the same.
    """
    first = reference.drop_duplicates("item_id").set_index("item_id")[[name for pair in _SIDES[:2] for name in pair]]
    known = first.reindex(frame["item_id"]).set_axis(frame.index)

    def fits(name: str, as_name: str, *, is_loose: bool) -> pd.Series:
        cell, other = frame[name], known[as_name]
        return (cell == other) | (is_loose & ((cell == "") | (other == "") | other.isna()))

    def order(*, is_loose: bool) -> ShownOrder:
        is_same, is_turned = pd.Series(True, index=frame.index), pd.Series(True, index=frame.index)
        for first, second in _SIDES[:2]:
            is_same &= fits(first, first, is_loose=is_loose) & fits(second, second, is_loose=is_loose)
            is_turned &= fits(first, second, is_loose=is_loose) & fits(second, first, is_loose=is_loose)
        return ShownOrder(is_same, is_turned & ~is_same)

    exact, loose = order(is_loose=False), order(is_loose=True)
    is_turned = exact.is_turned | (loose.is_turned & ~exact.is_same)
    return ShownOrder((exact.is_same | loose.is_same) & ~is_turned, is_turned)


def same_order(frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Turn the rows that show a pair the other way round than the first row of the same item does.

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
        reference: the table whose order counts; None for the frame's own first rows.

    Returns:
        The table, and a sentence if rows were turned.
    """
    is_turned = shown_order(frame, frame if reference is None else reference).is_turned
    if not is_turned.any():
        return frame, []
    note = f"{int(is_turned.sum())} of {len(frame)} rows show their pair in the other order and were turned around"
    return turned(frame, is_turned), [note]


def _one_pair_each(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Items that are called alike, as all pairs on one instruction often are, told apart by the hash of the pair."""
    asked = pd.Series(histories(frame), index=frame.index) + frame["instruction"]
    known = asked[~frame["item_id"].duplicated()].set_axis(frame["item_id"].drop_duplicates())
    known = known.reindex(frame["item_id"]).set_axis(frame.index)
    is_asked = (asked == known) | (asked == "") | (known == "")
    order = shown_order(frame, frame)
    names = frame.loc[~(is_asked & (order.is_same | order.is_turned)), "item_id"].unique()
    if not len(names):
        return frame, []
    is_shared = frame["item_id"].isin(names)
    apart = [
        f"{name}/{key}" for name, key in zip(frame.loc[is_shared, "item_id"], pair_keys(frame[is_shared]), strict=True)
    ]
    frame = frame.copy()
    frame.loc[is_shared, "item_id"] = apart
    return frame, [
        f"{len(names)} item_id stand for several pairs of outputs each, {names[0]!r} for one; their "
        f"{int(is_shared.sum())} rows became {len(set(apart))} items, one a pair"
    ]


def _orders_in_rows(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Judges whose rows show a pair both ways round saw it in both orders, output_1 of a row first, if none is said.

    A person who labels a pair again means the later label, whichever way round; a judge does not change its mind.
    """
    shown = frame["first_shown"] if "first_shown" in frame else pd.Series(pd.NA, index=frame.index, dtype="Int64")
    is_open = (frame["annotator_kind"] == "llm") & shown.isna()
    is_turned = shown_order(frame, frame).is_turned
    if not (is_open & is_turned).any():
        return frame, []
    ways = is_turned[is_open].groupby([frame["item_id"], frame["annotator"]]).transform("nunique")
    is_both = is_open & (ways.reindex(frame.index, fill_value=0) == 2)
    if not is_both.any():
        return frame, []
    names = sorted(set(frame.loc[is_both, "annotator"]))
    note = (
        f"{int(is_both.sum())} rows by {listed(names, 5)} show their pair both ways round and say no first_shown: "
        "taken for both orders of presentation, output_1 of a row first"
    )
    return frame.assign(first_shown=shown.mask(is_both, 1)), [note]


def _latest(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Of several verdicts by one annotator on one item the last counts; those of a judge in two orders both do.

    A person who labels a pair again, in whatever order, means the later label.
    """
    keys = ["item_id", "annotator", "first_shown"]
    order = frame["first_shown"].where(is_of_two_orders(frame)).fillna(0) if "first_shown" in frame else 0
    keyed = frame[keys[:2]].assign(first_shown=order)
    if not keyed.duplicated().any():
        return frame, []
    has_times = "labelled_at" in frame and frame["labelled_at"].notna().all()
    keyed["preference"] = frame["preference"]
    ordered = keyed.loc[frame.sort_values("labelled_at", kind="stable").index] if has_times else keyed
    is_kept = (~ordered.duplicated(keys, keep="last")).reindex(frame.index)
    dropped = keyed[~is_kept]
    final = dropped[keys].merge(keyed[is_kept], on=keys, how="left")["preference"].to_numpy()
    given = dropped["preference"].to_numpy()
    n_different = int(np.sum(~((given == final) | (np.isnan(given) & np.isnan(final)))))
    which = "the latest of each" if has_times else "the last of each in the file"
    note = (
        f"{len(dropped)} of {len(frame)} rows are an earlier verdict of the same annotator on the same item and were "
        f"dropped, {which} counts ({n_different} of them said something else)"
    )
    return frame[is_kept], [note]


def gold_rows(frame: pd.DataFrame, gold: Mapping[str, float]) -> pd.DataFrame:
    """One human row per item, from right labels that stand beside the verdicts of judges.

    Args:
        frame: an annotation table.
        gold: preference by item_id; items without one get no row.
    """
    rows = frame.drop_duplicates("item_id")
    rows = rows[rows["item_id"].isin(gold.keys())][list(ANNOTATION_COLUMNS)]
    values = rows["item_id"].map(gold)
    return rows.assign(annotator=GOLD_COLUMN, annotator_kind="human", preference=values, raw_label=values.astype(str))
