"""Two annotation tables, humans and judges, put on the same items: labels (items x annotators) and who wrote what."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.data.annotation_row import pair_keys
from farm.errors import UserError
from farm.stats.agreement import three_classes
from farm.stats.bootstrap import FloatArray

_TEXTS = ["model_1", "model_2", "output_1", "output_2"]


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What several annotators of one kind said about the same items."""

    annotators: tuple[str, ...]
    labels: FloatArray
    """(I, A) in {1, 1.5, 2}; NaN where there is no verdict."""
    is_asked: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    """(I, A): whether the annotator was asked about the item; asked and NaN means unparsed."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Humans and judges on the items that humans labelled."""

    item_ids: tuple[str, ...]
    model_1: tuple[str, ...]
    """Per item, who wrote output_1."""
    model_2: tuple[str, ...]
    models: tuple[str, ...]
    """All of them, in alphabetical order; empty if the tables do not name both models of every item."""
    humans: LabelTable
    judges: LabelTable


def match_labels(humans: pd.DataFrame, simulated: pd.DataFrame) -> Labels:
    """Keep the humans of the first table and the judges of the second, on the items that humans labelled.

    Items are matched by `item_id`; if the two tables share none, by the texts of the pair.

    Args:
        humans: an annotation table (`farm.data.annotations`); its rows of kind "llm" are ignored.
        simulated: another, or the same; its rows of kind "human" are ignored.

    Raises:
        UserError: no human or no judge, no common item, or one item with different texts in the two tables.
    """
    people = humans[humans["annotator_kind"] == "human"]
    machines = simulated[simulated["annotator_kind"] == "llm"]
    for rows, kind, role in ((people, "human", "humans"), (machines, "llm", "simulated")):
        if rows.empty:
            raise UserError(f"{role}: expected rows with annotator_kind {kind!r}, found none")
    if not set(people["item_id"]) & set(machines["item_id"]):
        people, machines = (rows.assign(item_id=pair_keys(rows)) for rows in (people, machines))
    if not set(people["item_id"]) & set(machines["item_id"]):
        raise UserError("the two tables share no item: neither an item_id nor a pair with the same texts")
    items = people.drop_duplicates("item_id").set_index("item_id").sort_index()
    machines = machines[machines["item_id"].isin(items.index)]
    for rows in (people, machines):
        _check_texts(rows, items)
    model_1, model_2 = (tuple(str(m) for m in items[name]) for name in ("model_1", "model_2"))
    has_models = all(one and other and one != other for one, other in zip(model_1, model_2, strict=True))
    return Labels(
        item_ids=tuple(str(i) for i in items.index),
        model_1=model_1,
        model_2=model_2,
        models=tuple(sorted({*model_1, *model_2})) if has_models else (),
        humans=_table(people, items.index),
        judges=_table(machines, items.index),
    )


def _check_texts(rows: pd.DataFrame, items: pd.DataFrame) -> None:
    expected = items.loc[rows["item_id"], _TEXTS].to_numpy()
    differs = (rows[_TEXTS].to_numpy() != expected).any(axis=1)
    if differs.any():
        first = rows[differs].iloc[0]
        raise UserError(
            f"item {first['item_id']!r} has other models or outputs for annotator {first['annotator']!r} than for the "
            f"first human ({int(differs.sum())} such rows); both tables must show the pair in the same order"
        )


def _table(rows: pd.DataFrame, item_ids: pd.Index) -> LabelTable:
    graded = rows.pivot(index="item_id", columns="annotator", values="preference").reindex(item_ids)
    asked = rows.assign(asked=1.0).pivot(index="item_id", columns="annotator", values="asked").reindex(item_ids)
    return LabelTable(
        annotators=tuple(str(name) for name in graded.columns),
        labels=three_classes(graded.to_numpy(dtype=np.float64)),
        is_asked=asked.notna().to_numpy(dtype=np.bool_),
    )
