"""Annotation tables of humans and judges put on the same items: labels (items x annotators) and who wrote what."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.errors import UserError
from farm.records import content_key
from farm.stats.agreement.by_annotator import three_classes
from farm.stats.bootstrap import FloatArray
from farm.stats.ranking.pair_counts import BoolArray

_TEXTS = ["model_1", "model_2", "output_1", "output_2"]
_SWAPPED = ["model_2", "model_1", "output_2", "output_1"]


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """What several annotators of one kind said about the same items."""

    annotators: tuple[str, ...]
    labels: FloatArray
    """(I, A) in {1, 1.5, 2}; NaN where there is no verdict."""
    is_asked: BoolArray
    """(I, A): whether the annotator was asked about the item; asked and NaN means unparsed."""

    @property
    def n_verdicts(self) -> int:
        return int(np.isfinite(self.labels).sum())

    @property
    def n_unparsed(self) -> int:
        return int((self.is_asked & np.isnan(self.labels)).sum())

    def one(self, annotator: int) -> "LabelTable":
        """The table of one annotator, by its place."""
        return LabelTable(
            annotators=(self.annotators[annotator],),
            labels=self.labels[:, [annotator]],
            is_asked=self.is_asked[:, [annotator]],
        )


@dataclass(frozen=True, kw_only=True)
class MatchedLabels:
    """Humans and judges on the items that both were asked about, or one of them alone."""

    item_ids: tuple[str, ...]
    instruction_keys: tuple[str, ...]
    """Per item; items of one instruction are drawn together where models are ranked, for they share outputs."""
    model_1: tuple[str, ...]
    """Per item, who wrote output_1."""
    model_2: tuple[str, ...]
    models: tuple[str, ...]
    """All of them, in alphabetical order; empty if the tables do not name two different models for every item."""
    humans: LabelTable | None
    judges: LabelTable | None
    notes: tuple[str, ...]
    """What was left out or turned around, in sentences with counts."""


def match_labels(humans: pd.DataFrame | None, simulated: pd.DataFrame | None) -> MatchedLabels:
    """Keep the humans of the first table and the judges of the second, on the items that both were asked about.

    Items are matched by `item_id`; if the two tables share none, by the texts of the pair, in either order. Where the
    other table shows a pair in the other order, its verdicts are turned around.

    Args:
        humans: an annotation table (`farm.labels.read`); its rows of kind "llm" are ignored. None: judges alone.
        simulated: another, or the same; its rows of kind "human" are ignored. None: humans alone.

    Raises:
        UserError: no human or no judge, no common item, or one item with different texts in the two tables.
    """
    people = None if humans is None else _of_kind(humans, "human", "humans")
    machines = None if simulated is None else _of_kind(simulated, "llm", "simulated")
    notes: list[str] = []
    if people is not None and machines is not None:
        people, machines = _on_shared_items(people, machines, notes)
    whole = [rows for rows in (people, machines) if rows is not None]
    if not whole:
        raise UserError("neither humans nor simulated annotators were given")
    items = whole[0].drop_duplicates("item_id").set_index("item_id").sort_index()
    people, machines = (None if rows is None else _turned(rows, items, notes) for rows in (people, machines))
    model_1, model_2 = (tuple(str(m) for m in items[name]) for name in ("model_1", "model_2"))
    has_models = all(one and other and one != other for one, other in zip(model_1, model_2, strict=True))
    if not has_models:
        notes += _without_models(model_1, model_2)
    return MatchedLabels(
        item_ids=tuple(str(i) for i in items.index),
        instruction_keys=tuple(_instruction_keys(items)),
        model_1=model_1,
        model_2=model_2,
        models=tuple(sorted({*model_1, *model_2})) if has_models else (),
        humans=None if people is None else _table(people, items.index),
        judges=None if machines is None else _table(machines, items.index),
        notes=tuple(notes),
    )


def _without_models(model_1: Sequence[str], model_2: Sequence[str]) -> list[str]:
    """Why models are not ranked; nothing if no item names any."""
    names = sorted({*model_1, *model_2} - {""})
    if not names:
        return []
    if len(names) == 1:
        return [f"there is only one model, {names[0]}; a ranking needs at least two"]
    n_without = sum(not (one and other and one != other) for one, other in zip(model_1, model_2, strict=True))
    return [f"{n_without} of {len(model_1)} items do not name two different models, so models are not ranked"]


def _of_kind(frame: pd.DataFrame, kind: str, role: str) -> pd.DataFrame:
    rows = frame[frame["annotator_kind"] == kind]
    if rows.empty:
        raise UserError(f"{role}: expected rows with annotator_kind {kind!r}, found none among {len(frame)} rows")
    return rows


def _on_shared_items(
    people: pd.DataFrame, machines: pd.DataFrame, notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables' rows on the items of both."""
    if not set(people["item_id"]) & set(machines["item_id"]):
        people, machines = (rows.assign(item_id=_pair_keys(rows)) for rows in (people, machines))
        shared = set(people["item_id"]) & set(machines["item_id"])
        if not shared:
            raise UserError(
                f"the two tables share no item: neither an item_id nor a pair with the same texts (humans: "
                f"{people['item_id'].nunique()} items, simulated: {machines['item_id'].nunique()} items)"
            )
        notes.append("the two tables share no item_id; their items were matched by their texts")
        people, machines = (_without_repeats(rows, notes) for rows in (people, machines))
    shared = set(people["item_id"]) & set(machines["item_id"])
    for rows, role, other in ((people, "humans", "no judge was asked"), (machines, "simulated", "no human was asked")):
        n_items = rows["item_id"].nunique()
        if n_items > len(shared):
            notes.append(f"{role}: {n_items - len(shared)} of {n_items} items left out, about which {other}")
    return people[people["item_id"].isin(shared)], machines[machines["item_id"].isin(shared)]


def _without_repeats(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    is_repeat = rows.duplicated(["item_id", "annotator"])
    if is_repeat.any():
        notes.append(f"{int(is_repeat.sum())} verdicts repeat a pair and an annotator under another item_id: left out")
    return rows[~is_repeat]


def _pair_keys(frame: pd.DataFrame) -> list[str]:
    """The hash of each row's texts, whatever the order of the two outputs."""
    names = ["instruction", "input", "output_1", "output_2"]
    cells = zip(*(frame[name].astype(str) for name in names), strict=True)
    return [content_key(instruction, extra, *sorted((one, other))) for instruction, extra, one, other in cells]


def _instruction_keys(items: pd.DataFrame) -> list[str]:
    """One key per instruction; an item without an instruction stands for itself."""
    cells = zip(items.index, items["instruction"].astype(str), items["input"].astype(str), strict=True)
    return [
        content_key("instruction", text, extra) if text or extra else content_key("item", str(item))
        for item, text, extra in cells
    ]


def _turned(rows: pd.DataFrame, items: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Verdicts on a pair that is shown the other way round than in `items` turned around.

    Raises:
        UserError: a row's texts are those of no order of its item.
    """
    expected = items.loc[rows["item_id"]]
    is_same, is_turned = (_is_equal(rows, expected, names) for names in (_TEXTS, _SWAPPED))
    differs = ~is_same & ~is_turned
    if differs.any():
        first = rows[differs].iloc[0]
        raise UserError(
            f"item {first['item_id']!r} has other models or outputs for annotator {first['annotator']!r} than in the "
            f"first row about it ({int(differs.sum())} such rows); one item_id must mean one pair of outputs"
        )
    is_turned &= ~is_same
    if is_turned.any():
        notes.append(f"{int(is_turned.sum())} verdicts were on the pair in the other order and were turned around")
        rows = rows.assign(preference=np.where(is_turned, 3.0 - rows["preference"], rows["preference"]))
    return rows


def _is_equal(rows: pd.DataFrame, expected: pd.DataFrame, names: Sequence[str]) -> BoolArray:
    """Whether each row has the expected texts; an empty cell on either side (a column left out) matches anything."""
    found, wanted = rows[_TEXTS].to_numpy(), expected[list(names)].to_numpy()
    return np.asarray(((found == wanted) | (found == "") | (wanted == "")).all(axis=1), dtype=np.bool_)


def _table(rows: pd.DataFrame, item_ids: pd.Index) -> LabelTable:
    item = item_ids.get_indexer(pd.Index(rows["item_id"]))
    names, annotator = np.unique(rows["annotator"].to_numpy(dtype=str), return_inverse=True)
    graded = np.full((len(item_ids), len(names)), np.nan)
    graded[item, annotator] = rows["preference"].to_numpy(dtype=np.float64)
    is_asked = np.zeros(graded.shape, dtype=np.bool_)
    is_asked[item, annotator] = True
    return LabelTable(annotators=tuple(str(n) for n in names), labels=three_classes(graded), is_asked=is_asked)
