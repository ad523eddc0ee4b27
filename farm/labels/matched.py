"""Annotation tables of humans and judges put on the same items.

Whoever compares recorded labels gets them here: the rows of people, of gold labels and of a named judge, two tables'
rows under common items, labels as a matrix (items x annotators), and the items that are drawn where not all are used.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from farm.errors import UserError
from farm.labels.annotation_row import histories, pair_keys
from farm.labels.annotation_source import Kind
from farm.labels.annotation_table import same_order, shown_order
from farm.labels.label_table import LabelTable, label_table
from farm.labels.presented_orders import one_verdict_each, orders_folded
from farm.labels.verdicts import annotation_of_row, comparison_of_row
from farm.records import Annotation, Comparison, content_key
from farm.stats.ranking.pair_counts import BoolArray
from farm.wording import listed


@dataclass(frozen=True, kw_only=True)
class MatchedLabels:
    """Humans and judges on the items that both were asked about, or either of them."""

    item_ids: tuple[str, ...]
    instruction_keys: tuple[str, ...]
    """Per item; items of one instruction are drawn together where models are ranked, for they share outputs."""
    model_1: tuple[str, ...]
    """Per item, who wrote output_1."""
    model_2: tuple[str, ...]
    models: tuple[str, ...]
    """Those that some item holds against another one, in alphabetical order; empty if there is no such item."""
    without_models: str
    """Why no model can be ranked although the items name some; empty if models can be, or nothing names any."""
    humans: LabelTable | None
    judges: LabelTable | None
    notes: tuple[str, ...]
    """What was left out or turned around, in sentences with counts."""

    def between_models(self) -> "MatchedLabels":
        """The items that hold two different models against each other: all that a ranking can use."""
        is_kept = _is_between_models(self.model_1, self.model_2)
        if is_kept.all():
            return self

        def kept(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(itertools.compress(values, is_kept))

        humans, judges = (None if table is None else table.of_items(is_kept) for table in (self.humans, self.judges))
        return replace(
            self,
            item_ids=kept(self.item_ids),
            instruction_keys=kept(self.instruction_keys),
            model_1=kept(self.model_1),
            model_2=kept(self.model_2),
            humans=humans,
            judges=judges,
        )


def match_labels(humans: pd.DataFrame | None, simulated: pd.DataFrame | None) -> MatchedLabels:
    """Keep the humans of the first table and the judges of the second, on the items that both were asked about.

    Items are matched by `item_id`; if the two tables share none, by the texts of the pair, in either order. Where the
    other table shows a pair in the other order, its verdicts are turned around.

    Args:
        humans: an annotation table (`farm.labels.read`); its rows of kind "llm" are ignored. None: judges only.
        simulated: another, or the same; its rows of kind "human" are ignored. None: humans only.

    Raises:
        UserError: no human or no judge, no common item, or one item with different texts in the two tables.
    """
    people = None if humans is None else rows_of_kind(humans, "human", "humans")
    machines, notes = None, list[str]()
    if simulated is not None:
        machines, notes = orders_folded(rows_of_kind(simulated, "llm", "simulated"))
    if people is not None and machines is not None:
        people, machines = _on_shared_items(people, machines, notes)
    whole = [rows for rows in (people, machines) if rows is not None]
    if not whole:
        raise UserError("neither humans nor simulated annotators were given")
    items = whole[0].drop_duplicates("item_id").set_index("item_id").sort_index()
    people, machines = (None if rows is None else _in_order_of(rows, items, notes) for rows in (people, machines))
    model_1, model_2 = (tuple(str(m) for m in items[name]) for name in ("model_1", "model_2"))
    is_between = _is_between_models(model_1, model_2)
    not_ranked = _not_ranked(model_1, model_2, is_between)
    notes += not_ranked
    return MatchedLabels(
        item_ids=tuple(str(i) for i in items.index),
        instruction_keys=tuple(_instruction_keys(items)),
        model_1=model_1,
        model_2=model_2,
        models=tuple(sorted({m for pair in np.array([model_1, model_2]).T[is_between].tolist() for m in pair})),
        without_models="" if is_between.any() else "; ".join(not_ranked),
        humans=None if people is None else label_table(people, items.index),
        judges=None if machines is None else label_table(machines, items.index),
        notes=tuple(notes),
    )


def rows_of_kind(frame: pd.DataFrame, kind: Kind, role: str) -> pd.DataFrame:
    """The rows of people or of judges.

    Args:
        frame: an annotation table.
        kind: which.
        role: what the table was given for, for the message.

    Raises:
        UserError: there are none.
    """
    rows = frame[frame["annotator_kind"] == kind]
    if rows.empty:
        raise UserError(f"{role}: expected rows with annotator_kind {kind!r}, found none among {len(frame)} rows")
    return rows


def rows_of_annotator(frame: pd.DataFrame, name: str | None, *, role: str, setting: str) -> pd.DataFrame:
    """The rows of one annotator, one an item; of a judge in both orders the mean of the two, or those of one order.

    Args:
        frame: an annotation table.
        name: whose rows, NAME/AB or NAME/BA for one order of NAME; None if there is one annotator only.
        role: what the table was given for, for the message.
        setting: the setting that names the annotator, likewise.

    Raises:
        UserError: there are several, or none of that name.
    """
    known = set(frame["annotator"])
    frame = orders_folded(frame).frame if name is None or name in known else one_verdict_each(frame)
    names = sorted(set(frame["annotator"]))
    shown = listed(names, 10)
    if name is None and len(names) > 1:
        raise UserError(f"{role}: it holds verdicts of {len(names)} annotators; say {setting}=NAME, one of: {shown}")
    if name is not None and name not in names:
        raise UserError(f"{setting}: no verdicts of {name!r} in {role}; it has those of {shown}")
    return frame if name is None else frame[frame["annotator"] == name]


def verdicts_on(items: pd.DataFrame, judged: pd.DataFrame, *, roles: str) -> list[Annotation | None]:
    """A judge's recorded verdict on each item, found by item_id or else by texts; None where it was not asked.

    Args:
        items: an annotation table with one row per item.
        judged: the rows of one judge; the first counts where an item has several.
        roles: what the two tables were given for, for the message.

    Raises:
        UserError: no common item.
    """
    comparisons = comparisons_of(items)
    items, judged, _ = on_common_items(items, judged)
    if not set(items["item_id"]) & set(judged["item_id"]):
        raise UserError(f"{roles} share no item: neither an item_id nor a pair with the same texts")
    judged, _ = same_order(judged.drop_duplicates("item_id"), reference=items)
    by_item = {row["item_id"]: annotation_of_row(row) for row in judged.to_dict("records")}
    recorded = [by_item.get(name) for name in items["item_id"]]
    return [
        None if annotation is None else replace(annotation, comparison_key=comparison.key)
        for annotation, comparison in zip(recorded, comparisons, strict=True)
    ]


def on_common_items(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Two tables whose equal items have equal names.

    Args:
        first: an annotation table.
        second: another.

    Returns:
        Both as they are if they share an `item_id`; else both with the hash of the pair's texts in its place, the same
        for both orders of the outputs; and whether that was so.
    """
    if set(first["item_id"]) & set(second["item_id"]):
        return first, second, False
    # An item is named by the texts as the first table has them, so that names depend on what is drawn by them only.
    keys, others = pair_keys(first, with_models=False), pair_keys(second, with_models=False)
    names = {key: comparison.pair_key for key, comparison in zip(keys[::-1], comparisons_of(first)[::-1], strict=True)}
    first = first.assign(item_id=[names[key] for key in keys])
    return first, second.assign(item_id=[names.get(key, key) for key in others]), True


def comparisons_of(frame: pd.DataFrame) -> list[Comparison]:
    """The pair of outputs of each row."""
    return [comparison_of_row(row) for row in frame.to_dict("records")]


def drawn_items(frame: pd.DataFrame, n: int) -> list[str]:
    """n items whose texts have the smallest hashes: the same ones in every run and in every order of the file."""
    first = frame.drop_duplicates("item_id")
    keys = [comparison.pair_key for comparison in comparisons_of(first)]
    return list(pd.Series(keys, index=first["item_id"].to_numpy()).sort_values(kind="stable").index[:n])


def _is_between_models(model_1: Sequence[str], model_2: Sequence[str]) -> BoolArray:
    """(I,) whether the item names two different models."""
    first, second = np.array(model_1, dtype=str), np.array(model_2, dtype=str)
    return np.asarray((first != "") & (second != "") & (first != second))


def _not_ranked(model_1: Sequence[str], model_2: Sequence[str], is_between: BoolArray) -> list[str]:
    """What no ranking can use, in sentences with counts; nothing if no item names a model."""
    n_items, names = len(is_between), sorted({*model_1, *model_2} - {""})
    if is_between.all() or not names:
        return []
    is_itself = np.array([a == b != "" for a, b in zip(model_1, model_2, strict=True)], dtype=np.bool_)
    if is_itself.all():
        return [f"every item compares a model with itself ({listed(names, 5)}; {n_items} items)"]
    notes = []
    for mask, what in (
        (is_itself, f"compare a model with itself ({listed(sorted(set(np.array(model_1)[is_itself])), 5)})"),
        (~is_between & ~is_itself, "do not name both models"),
    ):
        if mask.any():
            notes.append(f"items that {what}: {int(mask.sum())} of {n_items}; they are left out of every ranking")
    return notes


def _on_shared_items(
    people: pd.DataFrame, machines: pd.DataFrame, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables' rows on the items of both."""
    n_items = (people["item_id"].nunique(), machines["item_id"].nunique())
    people, machines, is_by_texts = on_common_items(people, machines)
    shared = set(people["item_id"]) & set(machines["item_id"])
    if not shared:
        raise UserError(
            f"the two tables share no item: neither an item_id nor a pair with the same texts (humans: {n_items[0]} "
            f"items, simulated: {n_items[1]} items)"
        )
    if is_by_texts:
        notes.append("the two tables share no item_id; their items were matched by their texts")
        people, machines = (_without_repeats(rows, notes) for rows in (people, machines))
    for rows, role, other in ((people, "humans", "no judge was asked"), (machines, "simulated", "no human was asked")):
        n_own = rows["item_id"].nunique()
        if n_own > len(shared):
            notes.append(f"{role}: {n_own - len(shared)} of {n_own} items left out, about which {other}")
    return people[people["item_id"].isin(shared)], machines[machines["item_id"].isin(shared)]


def _without_repeats(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    is_repeat = rows.duplicated(["item_id", "annotator"])
    if is_repeat.any():
        notes.append(f"{int(is_repeat.sum())} verdicts repeat a pair and an annotator under another item_id: left out")
    return rows[~is_repeat]


def _in_order_of(rows: pd.DataFrame, items: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Verdicts on a pair that is shown the other way round than in `items` turned around.

    Raises:
        UserError: a row's texts are those of no order of its item.
    """
    reference = items.reset_index()
    order = shown_order(rows, reference)
    differs = ~order.is_same & ~order.is_turned
    if differs.any():
        first = rows[differs].iloc[0]
        raise UserError(
            f"item {first['item_id']!r} has other models or outputs for annotator {first['annotator']!r} than in the "
            f"first row about it ({int(differs.sum())} such rows); one item_id must mean one pair of outputs"
        )
    rows, turned = same_order(rows, reference)
    notes += turned
    return rows


def _instruction_keys(items: pd.DataFrame) -> list[str]:
    """One key per instruction; an item without an instruction stands for itself."""
    cells = zip(
        items.index, items["instruction"].astype(str), items["input"].astype(str), histories(items), strict=True
    )
    return [
        content_key("instruction", text, extra, *([history] if history else []))
        if text or extra or history
        else content_key("item", str(item))
        for item, text, extra, history in cells
    ]
