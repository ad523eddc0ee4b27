from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import better, written

RATED = {
    "instruction": "Name a nut.", "generations": ["Walnut.", "Bolt.", "Almond."], "generation_models": ["a", "b", "c"],
    "ratings": [4, 2, 4], "rationales": ["r", "s", "t"], "model_name": "judge-70b",
}  # fmt: skip


def test_generations_are_compared_by_their_ratings(tmp_path: Path) -> None:
    pd.DataFrame([RATED]).to_parquet(tmp_path / "d.parquet")
    for path in (written(tmp_path, RATED), tmp_path / "d.parquet"):
        frame = read_annotations(path)
        assert frame.attrs["format"] == "distilabel"
        assert better(frame, ("model_1", "model_2")) == [("a", ">", "b"), ("a", "=", "c"), ("c", ">", "b")]
        assert set(frame["annotator"]) == {"judge-70b"} and set(frame["annotator_kind"]) == {"llm"}


def test_a_missing_rating_leaves_its_pairs_unparsed_and_older_files_have_another_name_for_the_models(
    tmp_path: Path,
) -> None:
    older = {name: value for name, value in RATED.items() if name not in ("generation_models", "model_name")}
    frame = read_annotations(written(tmp_path, {**older, "generation_model": ["a", "b", "c"], "ratings": [4, None, 1]}))
    assert better(frame, ("model_1", "model_2")) == [("a", "?", "b"), ("a", ">", "c"), ("b", "?", "c")]
    assert set(frame["annotator"]) == {"distilabel"}


def test_lists_of_different_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2, field `ratings`: expected 3 entries as in `generations`, got 2"):
        read_annotations(written(tmp_path, RATED, {**RATED, "ratings": [1, 2]}))


def test_missing_generations_and_rows_without_a_pair_are_counted(tmp_path: Path) -> None:
    one = {**RATED, "generations": ["Walnut.", None, None]}
    none = {**RATED, "generations": None, "ratings": None, "generation_models": None}
    two = {**RATED, "generations": ["Walnut.", None, "Almond."]}
    for rows in ((one, none, two), (none, two, one)):
        frame = read_annotations(written(tmp_path, *rows))
        assert better(frame, ("model_1", "model_2")) == [("a", "=", "c")]
        assert notes_of(frame) == [
            "3 generations missing (null), which no pair is made of",
            "2 rows of 3 left out: fewer than two generations to compare",
        ]
    with pytest.raises(DataError, match="not one of 2 rows has two generations to compare"):
        read_annotations(written(tmp_path, one, none))


def test_columns_of_versions_before_1_0(tmp_path: Path) -> None:
    old = {"input": "Name a nut.", "generation_model": ["a", "b"], "generations": ["Walnut.", "Bolt."],
           "rating": [4, 2.5],
           "labelling_model": "judge-4", "rationale": ["r", "s"]}  # fmt: skip
    frame = read_annotations(written(tmp_path, old))
    assert better(frame, ("model_1", "model_2")) == [("a", ">", "b")] and set(frame["annotator"]) == {"judge-4"}
    assert frame["instruction"].tolist() == ["Name a nut."] and notes_of(frame) == []


def test_generations_beside_a_chosen_and_a_rejected_one_are_a_pair(tmp_path: Path) -> None:
    row = {"input": "Name a nut.", "generations": ["Walnut.", "Bolt."], "rating": [9, 9], "chosen": "Walnut.",
           "rejected": "Bolt.", "status": "tie"}  # fmt: skip
    frame = read_annotations(written(tmp_path, row))
    assert frame.attrs["format"] == "pairs" and frame["preference"].tolist() == [1.5]
