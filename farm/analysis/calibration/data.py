"""Human labels and a judge's clean verdicts on the same items, as the noise model of a crowd reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.annotators.noise.biases import order_sign
from farm.annotators.noise.margin import verdict_margin
from farm.annotators.noise.noise import Label
from farm.errors import UserError
from farm.labels.matched import comparisons_of, rows_of_annotator, rows_of_kind, verdicts_on
from farm.labels.verdicts import class_notes
from farm.records import Annotation, Comparison, Preference
from farm.stats.agreement.by_annotator import three_classes
from farm.stats.bias.answer_style import list_difference, log_length_ratio
from farm.stats.noise.labels import CrowdLabels


@dataclass(frozen=True, kw_only=True)
class HumanLabels:
    """The human rows of an annotation table."""

    rows: pd.DataFrame
    """Columns `ANNOTATION_COLUMNS` and what else the table has, sorted by item_id and annotator; none unparsed."""
    comparisons: tuple[Comparison, ...]
    """One an item, in the order of the items' names."""
    item_ids: tuple[str, ...]
    notes: tuple[str, ...]
    """What was left out."""


@dataclass(frozen=True, kw_only=True)
class CalibrationData:
    """What is fitted, item by item."""

    item_ids: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[Annotation, ...]
    """The judge's, clean; every one is parsed."""
    workers: tuple[str, ...]
    """Names of the human annotators, in the order of the numbers in `labels`."""
    labels: CrowdLabels
    judge: str
    notes: tuple[str, ...]
    """What was left out, in sentences with counts."""


def human_labels(table: pd.DataFrame) -> HumanLabels:
    """The human labels of an annotation table.

    Args:
        table: from `farm.labels.read.read_annotations`.

    Raises:
        UserError: no human label, or all of one kind.
    """
    people = rows_of_kind(table, "human", "humans")
    parsed = people[people["preference"].notna()].sort_values(["item_id", "annotator"]).reset_index(drop=True)
    notes = []
    if len(parsed) < len(people):
        notes.append(f"{len(people) - len(parsed)} of {len(people)} human labels are unparsed and left out")
    if parsed.empty:
        raise UserError(f"humans: all {len(people)} human labels are unparsed (no preference)")
    notes += class_notes(parsed["preference"].to_numpy(dtype=np.float64))
    kinds_used = set(three_classes(parsed["preference"].to_numpy(dtype=np.float64)))
    if len(kinds_used) == 1:
        what = {1.0: "prefers output_1", 2.0: "prefers output_2", 1.5: "is a tie"}[kinds_used.pop()]
        raise UserError(
            f"humans: every one of the {len(parsed)} labels {what}; a noise model needs labels of at least two kinds"
        )
    items = parsed.drop_duplicates("item_id")
    return HumanLabels(
        rows=parsed,
        comparisons=tuple(comparisons_of(items)),
        item_ids=tuple(str(name) for name in items["item_id"]),
        notes=tuple(notes),
    )


def recorded_verdicts(people: HumanLabels, table: pd.DataFrame, annotator: str | None) -> list[Annotation | None]:
    """The recorded verdict of one judge on each item of the humans; None where it was not asked.

    Args:
        people: the human labels.
        table: an annotation table; its rows of kind "llm" are used.
        annotator: narrows them to one judge; None if there is only one.

    Raises:
        UserError: no judge, several, or no common item.
    """
    judges = table[table["annotator_kind"] == "llm"]
    if judges.empty:
        raise UserError(
            "judge: expected rows with annotator_kind 'llm', found none; give a table with a judge's verdicts, or the "
            "name of an annotator, e.g. judge=longest"
        )
    judged = rows_of_annotator(judges, annotator, role="judge", setting="annotator")
    return verdicts_on(people.rows.drop_duplicates("item_id"), judged, roles="humans and judge")


def calibration_data(
    people: HumanLabels,
    verdicts: Sequence[Annotation | None],
    *,
    judge: str,
    p_limit: float,
    notes: Sequence[str] = (),
) -> CalibrationData:
    """Put labels and verdicts together; items that cannot be used are left out and counted.

    Args:
        people: the human labels.
        verdicts: the judge's clean verdict on each item of the humans.
        judge: its name.
        p_limit: p_first is cut to [1 - p_limit, p_limit].
        notes: what the readers of the files have to say.

    Raises:
        UserError: nothing is left, or the judge prefers no output anywhere.
    """
    notes = [*notes, *people.notes]
    n_items = len(people.item_ids)
    is_same = np.array([c.output_1 == c.output_2 for c in people.comparisons])
    is_missing = np.array([v is None for v in verdicts])
    is_unparsed = np.array([v is not None and v.clean_preference is None for v in verdicts])
    for mask, what in (
        (is_missing, f"have no verdict of {judge}"),
        (is_unparsed, f"have an unparsed verdict of {judge}"),
        (is_same & ~is_missing & ~is_unparsed, "have two identical outputs, which is a tie without asking anybody"),
    ):
        if mask.any():
            notes.append(f"{int(mask.sum())} of {n_items} items {what} and are left out")
    keep = ~(is_same | is_missing | is_unparsed)
    if not keep.any():
        raise UserError(f"no item is left to fit: {'; '.join(notes)}")
    item_ids = [name for name, is_kept in zip(people.item_ids, keep, strict=True) if is_kept]
    kept = [
        (comparison, verdict)
        for comparison, verdict, is_kept in zip(people.comparisons, verdicts, keep, strict=True)
        if is_kept and verdict is not None
    ]
    rows = people.rows[people.rows["item_id"].isin(item_ids)]
    data = CalibrationData(
        item_ids=tuple(item_ids),
        comparisons=tuple(comparison for comparison, _ in kept),
        verdicts=tuple(verdict for _, verdict in kept),
        workers=tuple(sorted(set(rows["annotator"]))),
        labels=_labels(rows, kept, p_limit),
        judge=judge,
        notes=tuple(notes),
    )
    if not (data.labels.soft_margin.any() or data.labels.hard_margin.any()):
        raise UserError(f"judge: every verdict of {judge} is a tie, so there is nothing to put noise on")
    return data


def clean_label(data: CalibrationData, item: int, *, annotator: str, first_shown: int) -> Label:
    """The judge's verdict on an item as a noise stage takes it."""
    verdict = data.verdicts[item]
    return Label(
        comparison=data.comparisons[item],
        preference=verdict.clean_preference,
        p_first=verdict.p_first,
        first_shown=first_shown,
        annotator=annotator,
        judge=data.judge,
    )


def _labels(rows: pd.DataFrame, kept: Sequence[tuple[Comparison, Annotation]], p_limit: float) -> CrowdLabels:
    item_of_row = pd.factorize(rows["item_id"])[0].astype(np.int64)
    worker = pd.factorize(rows["annotator"], sort=True)[0].astype(np.int64)
    soft, hard, length, lists = (np.zeros(len(kept)) for _ in range(4))
    for i, (comparison, verdict) in enumerate(kept):
        label = Label(comparison, verdict.clean_preference, verdict.p_first, 0, "", "")
        if verdict.p_first is not None:
            soft[i] = verdict_margin(label, p_limit=p_limit)
        elif verdict.clean_preference is not Preference.TIE:
            hard[i] = 1.0 if verdict.clean_preference is Preference.FIRST else -1.0
        length[i] = log_length_ratio(comparison.output_1, comparison.output_2)
        lists[i] = list_difference(comparison.output_1, comparison.output_2)
    orders = rows["first_shown"].fillna(0) if "first_shown" in rows else [0] * len(rows)
    classes = three_classes(rows["preference"].to_numpy(dtype=np.float64))
    return CrowdLabels(
        item=item_of_row,
        worker=worker,
        n_workers=int(worker.max()) + 1,
        side=1.5 - classes,
        soft_margin=soft[item_of_row],
        hard_margin=hard[item_of_row],
        length_ratio=length[item_of_row],
        list_gap=lists[item_of_row],
        order=np.array([order_sign(int(order)) for order in orders], dtype=np.float64),
    )
