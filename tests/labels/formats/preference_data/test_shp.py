from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

POST = {
    "post_id": "x1", "domain": "askbakers_train", "history": "Why does bread rise?", "human_ref_A": "Yeast.",
    "human_ref_B": "Magic.", "labels": 1, "score_A": 41, "score_B": 3, "score_ratio": 13.7,
}  # fmt: skip


def test_label_1_prefers_a_and_votes_are_scores(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, POST, {**POST, "history": "Why is it flat?", "labels": 0}))
    assert better(frame) == [("Yeast.", ">", "Magic."), ("Magic.", ">", "Yeast.")]
    assert frame[["score_1", "score_2"]].iloc[0].tolist() == [41, 3]
    assert set(frame["dataset"]) == {"shp/askbakers_train"}


def test_a_csv_and_a_parquet_with_a_gap_say_the_same(tmp_path: Path) -> None:
    rows = pd.DataFrame([POST, {**POST, "history": "Why is it flat?", "labels": None}])
    rows.to_csv(tmp_path / "a.csv", index=False)
    rows.to_parquet(tmp_path / "b.parquet")
    for name in ("a.csv", "b.parquet"):
        frame = read_annotations(tmp_path / name)
        assert frame.attrs["format"] == "shp" and [relation for _, relation, _ in better(frame)] == [">", "?"]


@pytest.mark.parametrize("wrong", [2, "A", True])
def test_other_labels_are_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(DataError, match="row 1, field `labels`"):
        read_annotations(written(tmp_path, {**POST, "labels": wrong}))
