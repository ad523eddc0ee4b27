"""From recorded verdicts to the annotation table: one verdict per item and annotator, and notes on what was changed.

What a reader of files leaves out or turns around is said in `frame.attrs["notes"]`, a list of sentences with counts;
`notes_of` reads it, and the commands print it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from farm.labels.annotation_row import AnnotationRow, annotation_frame, pair_keys

NOTES = "notes"

_SIDES = (("output_1", "output_2"), ("model_1", "model_2"), ("score_1", "score_2"), ("acceptable_1", "acceptable_2"))


def annotation_table(rows: Iterable[AnnotationRow], notes: Sequence[str] = ()) -> pd.DataFrame:
    """The table of these verdicts, every item in one order of its outputs and judged once by each annotator.

    Args:
        rows: in the order of their files.
        notes: what the reader of the files has to say.

    Returns:
        The columns of `annotation_frame`, and `attrs["notes"]`.
    """
    frame, parted = _one_pair_each(annotation_frame(rows))
    frame, turned = same_order(frame)
    frame, named = _orders_apart(frame)
    frame, dropped = _latest(frame)
    frame.attrs[NOTES] = [*notes, *parted, *turned, *named, *dropped]
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
        key = (row.instruction, row.input or "", row.output_1, row.output_2)
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
    for one, two in _SIDES:
        if one in frame:
            frame.loc[is_turned, [one, two]] = frame.loc[is_turned, [two, one]].to_numpy()
    frame.loc[is_turned, "preference"] = 3 - frame.loc[is_turned, "preference"]
    if "clean_preference" in frame:
        frame.loc[is_turned, "clean_preference"] = 3 - frame.loc[is_turned, "clean_preference"]
    if "p_first" in frame:
        frame.loc[is_turned, "p_first"] = 1 - frame.loc[is_turned, "p_first"]
    if "first_shown" in frame:
        frame.loc[is_turned, "first_shown"] = frame.loc[is_turned, "first_shown"].map({0: 0, 1: 2, 2: 1})
    return frame


def same_order(frame: pd.DataFrame, reference: pd.DataFrame | None = None) -> tuple[pd.DataFrame, list[str]]:
    """Turn the rows that show a pair the other way round than the first row of the same item does.

    Args:
        frame: columns `ANNOTATION_COLUMNS`.
        reference: the table whose order counts; None for the frame's own first rows.

    Returns:
        The table, and a sentence if rows were turned.
    """
    names = [f"{name}_{side}" for name in ("output", "model") for side in (1, 2)]
    first = (frame if reference is None else reference).drop_duplicates("item_id").set_index("item_id")[names]
    known = first.reindex(frame["item_id"]).set_axis(frame.index)
    is_same = pd.Series(True, index=frame.index)
    is_turned = pd.Series(True, index=frame.index)
    for name in names:
        other = f"{name[:-1]}{3 - int(name[-1])}"
        is_same &= frame[name] == known[name]
        is_turned &= frame[name] == known[other]
    is_turned &= ~is_same
    if not is_turned.any():
        return frame, []
    note = f"{int(is_turned.sum())} of {len(frame)} rows show their pair in the other order and were turned around"
    return turned(frame, is_turned), [note]


def _one_pair_each(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Items that are called alike, as all pairs on one instruction often are, told apart by the hash of the pair.

    An empty cell says nothing about which pair is meant.
    """
    first = frame.drop_duplicates("item_id").set_index("item_id")
    known = first.loc[frame["item_id"]].set_axis(frame.index)

    def is_known(name: str, as_name: str) -> pd.Series:
        return (frame[name] == known[as_name]) | (frame[name] == "") | (known[as_name] == "")

    is_same, is_turned = is_known("instruction", "instruction"), is_known("instruction", "instruction")
    for one, two in (("output_1", "output_2"), ("model_1", "model_2")):
        is_same &= is_known(one, one) & is_known(two, two)
        is_turned &= is_known(one, two) & is_known(two, one)
    names = frame.loc[~(is_same | is_turned), "item_id"].unique()
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


def _orders_apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A judge that saw the same pair in both orders becomes two annotators, NAME/AB and NAME/BA.

    A person who labels a pair again, in whatever order, means the later label.
    """
    if "first_shown" not in frame:
        return frame, []
    is_ordered = (frame["annotator_kind"] == "llm") & frame["first_shown"].isin([1, 2])
    orders = frame[is_ordered].groupby(["item_id", "annotator"])["first_shown"].nunique()
    twice = orders[orders == 2].reset_index()["annotator"].unique()
    is_split = is_ordered & frame["annotator"].isin(twice)
    if not is_split.any():
        return frame, []
    suffixes = frame.loc[is_split, "first_shown"].map({1: "/AB", 2: "/BA"})
    frame = frame.assign(annotator=frame["annotator"].mask(is_split, frame["annotator"] + suffixes))
    names = ", ".join(sorted(twice)[:5])
    return frame, [f"judged in both orders: {names}; the verdicts are told apart as NAME/AB (output_1 first) and /BA"]


def _latest(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    keys = ["item_id", "annotator"]
    if not frame.duplicated(keys).any():
        return frame, []
    has_times = "labelled_at" in frame and frame["labelled_at"].notna().all()
    ordered = frame.sort_values("labelled_at", kind="stable") if has_times else frame
    kept = ordered.drop_duplicates(keys, keep="last").sort_index()
    dropped = frame.loc[~frame.index.isin(kept.index), [*keys, "preference"]]
    final = dropped[keys].merge(kept, on=keys, how="left")["preference"].to_numpy()
    given = dropped["preference"].to_numpy()
    n_different = int(np.sum(~((given == final) | (np.isnan(given) & np.isnan(final)))))
    which = "the latest of each" if has_times else "the last of each in the file"
    note = (
        f"{len(dropped)} of {len(frame)} rows are an earlier verdict of the same annotator on the same item and were "
        f"dropped, {which} counts ({n_different} of them said something else)"
    )
    return kept.reset_index(drop=True), [note]
