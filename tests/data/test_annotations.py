import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from farm.data.annotation_row import ANNOTATION_COLUMNS
from farm.data.annotations import read_annotations
from farm.data.files import DataError

ROW = {
    "instruction": "Name a fruit.",
    "output_1": "Fig.",
    "output_2": "Sum.",
    "annotator": "ann",
    "annotator_kind": "human",
    "preference": 1,
}


def table(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "table.json"
    path.write_text(json.dumps(list(rows)))
    return path


def test_preferences_keep_their_meaning(tmp_path: Path) -> None:
    given = [1, 2, 1.5, 0, 1.25, None]
    rows = [{**ROW, "item_id": str(k), "preference": p} for k, p in enumerate(given)]
    frame = read_annotations(table(tmp_path, *rows))
    assert tuple(frame.columns) == ANNOTATION_COLUMNS
    # 0 is how AlpacaFarm writes a draw; nothing is unparsed.
    assert frame["preference"].tolist()[:5] == [1, 2, 1.5, 1.5, 1.25]
    assert np.isnan(frame["preference"][5])


@pytest.mark.parametrize("wrong", [3, 0.5, -1, "1", True, False])
def test_other_preferences_are_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(DataError, match=r"row 1, field `preference`"):
        read_annotations(table(tmp_path, {**ROW, "preference": wrong}))


def test_alpacaeval_names_are_understood_and_the_kind_may_be_assumed(tmp_path: Path) -> None:
    row = {k: v for k, v in ROW.items() if k != "annotator_kind"} | {"generator_1": "m", "generator_2": "n"}
    path = table(tmp_path, row)
    with pytest.raises(DataError, match="expected the fields annotator_kind"):
        read_annotations(path)
    frame = read_annotations(path, assumed_kind="llm")
    assert frame.iloc[0][["model_1", "model_2", "annotator_kind"]].tolist() == ["m", "n", "llm"]


def test_rows_without_an_item_are_matched_by_their_texts(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, ROW, {**ROW, "annotator": "bob"}, {**ROW, "output_2": "Fog."}))
    assert frame["item_id"][0] == frame["item_id"][1] != frame["item_id"][2]


def test_two_verdicts_of_one_annotator_on_one_item_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 verdicts repeat an item and an annotator.*'ann'"):
        read_annotations(table(tmp_path, ROW, {**ROW, "preference": 2}))


def test_a_folder_that_holds_no_known_format_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "other.txt").touch()
    with pytest.raises(DataError, match=r"testset-v1\.json; this folder holds \['other\.txt'\]"):
        read_annotations(tmp_path)


def test_the_original_pandalm_files_give_the_normalised_table(humandata: Path) -> None:
    order = ["item_id", "annotator"]
    normalised = read_annotations(humandata / "pandalm.parquet").sort_values(order, ignore_index=True)
    for path in (humandata / "raw/pandalm", humandata / "raw/pandalm/data/testset-v1.json"):
        assert_frame_equal(read_annotations(path).sort_values(order, ignore_index=True), normalised)


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [("tulu_chatgpt_vs_65B", 403), ("llmbar", 192), ("faireval", 320), ("alpaca_eval1_gpt4", 27370)],
)
def test_other_recorded_tables_are_read(humandata: Path, name: str, n_rows: int) -> None:
    frame = read_annotations(humandata / f"{name}.parquet")
    assert len(frame) == n_rows
    source = pd.read_parquet(humandata / f"{name}.parquet")
    assert frame["preference"].isna().sum() == source["preference"].isna().sum()


def test_an_alpacaeval_annotations_file_is_read(humandata: Path) -> None:
    path = humandata / "raw/alpaca_eval/results/alpaca-7b/alpaca_eval_gpt4/annotations.json.gz"
    frame = read_annotations(path, assumed_kind="llm")
    assert len(frame) == 805
    assert set(frame["model_2"]) == {"alpaca-7b"}


def test_reading_annotations_needs_no_torch() -> None:
    code = "import sys, farm.data.annotations; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
