from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.analysis.judges.labelled_set import ReadSet, read_labelled
from farm.data.files.rows import DataError
from farm.errors import UserError
from farm.labels.annotation_row import AnnotationRow, annotation_frame
from tests.analysis.judges.judge_tables import row

SAME = r"/seed\d+"


def read(path: Path, rows: list[AnnotationRow], *, max_items: int | None = None, **more: object) -> ReadSet:
    annotation_frame(rows).assign(**more).to_parquet(path / "labels.parquet")
    return read_labelled(path / "labels.parquet", None, same_judge=SAME, max_items=max_items)


def test_names_that_end_in_an_order_or_a_repetition_are_one_judge(tmp_path: Path) -> None:
    names = ["a/AB", "a/BA", "b/x/seed0", "b/x/seed1", "c", "d/AB/seed0", "d/AB/seed1"]
    found = read(tmp_path, [row("1", name, 1) for name in names]).judges
    assert [judge.name for judge in found] == ["a", "b/x", "c", "d"]
    assert [judge.labels.first_shown.tolist() for judge in found] == [[1, 2], [0, 0], [0], [1, 1]]
    assert [judge.labels.repetition.tolist() for judge in found] == [[0, 0], [0, 1], [0], [0, 1]]


def test_labels_on_equal_outputs_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="all 1 labels are on two outputs with the same text"):
        read(tmp_path, [row("1", "a", 1)], output_1="fig", output_2="fig")


def test_the_column_says_which_output_was_shown_first(tmp_path: Path) -> None:
    rows = [row("1", "a", 1), row("2", "a", 2), row("3", "a", None)]
    (judge,) = read(tmp_path, rows, first_shown=pd.array([1, 2, None], dtype="Int64")).judges
    assert judge.labels.first_shown.tolist() == [1, 2, 0]
    assert np.isnan(judge.labels.label[2])


def test_humans_vote_and_a_split_vote_is_a_tie(tmp_path: Path) -> None:
    rows = [row("1", "h1", 1), row("1", "h2", 1.25), row("1", "h3", 2), row("2", "h1", 1), row("2", "h2", 2)]
    items = read(tmp_path, [*rows, row("3", "judge", 1)]).items
    assert items.human_vote[:2].tolist() == [1, 1.5] and np.isnan(items.human_vote[2])
    assert items.human_counts.tolist() == [[0, 2, 1], [0, 1, 1], [0, 0, 0]]
    assert items.n_humans == 3


def test_a_gold_column_is_a_human(tmp_path: Path) -> None:
    items = read(tmp_path, [row("1", "a", 1), row("2", "a", 2)], gold=[2.0, 1.0]).items
    assert items.human_vote.tolist() == [2, 1]
    assert items.notes == ("the column `gold` is read as human labels",)


def test_humans_of_another_file_are_matched_by_texts_in_either_order(tmp_path: Path) -> None:
    shown, other = row("1", "judge", 1), row("1", "human", 1)
    annotation_frame([shown]).to_parquet(tmp_path / "judge.parquet")
    turned = other.model_copy(update={"item_id": "x", "output_1": shown.output_2, "output_2": shown.output_1})
    annotation_frame([turned]).to_parquet(tmp_path / "human.parquet")
    found = read_labelled(tmp_path / "judge.parquet", tmp_path / "human.parquet", same_judge=SAME, max_items=None)
    (judge,) = found.judges
    # Both prefer their output_1, which are different texts.
    assert judge.labels.label[0] == 3 - found.items.human_vote[0]
    stranger = turned.model_copy(update={"instruction": "another"})
    annotation_frame([stranger]).to_parquet(tmp_path / "human.parquet")
    with pytest.raises(UserError, match="share no item"):
        read_labelled(tmp_path / "judge.parquet", tmp_path / "human.parquet", same_judge=SAME, max_items=None)


def test_the_same_items_are_drawn_in_every_order_of_the_file(tmp_path: Path) -> None:
    rows = [row(str(k), "judge", 1 + k % 2) for k in range(20)]
    one, other = (read(tmp_path, r, max_items=5).items for r in (rows, rows[::-1]))
    assert set(one.item_ids) == set(other.item_ids) and len(one.item_ids) == 5


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_labelled(tmp_path / "nothing.csv", None, same_judge=SAME, max_items=None)
