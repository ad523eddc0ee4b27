from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
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
