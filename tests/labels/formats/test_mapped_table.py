from pathlib import Path

import pandas as pd
import pytest

import farm
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import DataError
from farm.errors import UserError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

BATTLE = {"question": "Name a sea.", "left": "Baltic.", "right": "Alps.", "by_l": "m", "by_r": "n", "vote": "left"}
NAMES = {"instruction": "question", "output_1": "left", "output_2": "right", "preference": "vote", "model_1": "by_l",
         "model_2": "by_r"}  # fmt: skip
MEANINGS = {"left": 1.0, "right": 2.0, "both": 1.5}


def battles() -> list[dict[str, object]]:
    return [{**BATTLE, "question": f"Name sea {k}.", "vote": vote} for k, vote in enumerate(("left", "right", "both"))]


def test_pairs_are_read_from_json_lines_csv_and_a_frame_alike(tmp_path: Path) -> None:
    written(tmp_path, *battles(), name="b.jsonl")
    pd.DataFrame(battles()).to_csv(tmp_path / "b.csv", index=False)
    for source in (tmp_path / "b.jsonl", tmp_path / "b.csv", pd.DataFrame(battles())):
        labels = farm.read(source, kind="human", columns=NAMES, preference_values=MEANINGS)
        assert labels.format == "columns" and labels.annotators == ("human",)
        assert better(labels.frame) == [("Baltic.", ">", "Alps."), ("Alps.", ">", "Baltic."), ("Alps.", "=", "Baltic.")]
        assert better(labels.frame, ("model_1", "model_2"))[0] == ("m", ">", "n")


def test_a_judge_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, *battles(), name="my-judge.jsonl")
    labels = farm.read(path, kind="llm", columns=NAMES, preference_values=MEANINGS)
    assert labels.annotators == ("my-judge",)


def test_chosen_and_rejected_and_single_ratings_are_read_too(tmp_path: Path) -> None:
    chosen = {
        "ask": [{"role": "user", "content": "Name a sea."}],
        "good": "Baltic.",
        "bad": "Alps.",
        "gm": "m",
        "bm": "n",
    }
    columns = ColumnMapping(instruction="ask", chosen="good", rejected="bad", chosen_model="gm", rejected_model="bm")
    frame = read_annotations(written(tmp_path, chosen), columns=columns)
    assert better(frame) == [("Baltic.", ">", "Alps.")] and frame["instruction"][0] == "Name a sea."
    assert better(frame, ("model_1", "model_2")) == [("m", ">", "n")]
    rated = [{"ask": "Name a sea.", "text": text, "stars": stars, "by": by} for text, stars, by in
             (("Baltic.", "5", "m"), ("Alps.", 1, "n"), ("Red.", 5, "k"), ("Ant.", "n/a", "j"))]  # fmt: skip
    columns = ColumnMapping(instruction="ask", output="text", rating="stars", model="by")
    frame = read_annotations(written(tmp_path, *rated), columns=columns)
    assert better(frame, ("model_1", "model_2")) [:4] == [
        ("m", ">", "n"), ("k", "=", "m"), ("j", "?", "m"), ("k", ">", "n"),
    ]  # fmt: skip


def test_what_is_lacking_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, BATTLE)
    with pytest.raises(DataError, match="name what holds output_1, output_2 and preference"):
        read_annotations(path, columns=ColumnMapping(instruction="question", output_1="left"))
    with pytest.raises(DataError, match=r"got 'left'\n  columns\.preference_values="):
        read_annotations(path, assumed_kind="human", columns=ColumnMapping(**NAMES))
    numbers = [{**BATTLE, "question": f"{vote}", "vote": vote} for vote in (0, 1)]
    with pytest.raises(DataError, match=r"another scale(.|\n)*columns\.preference_values="):
        path_01 = written(tmp_path, *numbers, name="n.jsonl")
        read_annotations(path_01, assumed_kind="human", columns=ColumnMapping(**NAMES))
    with pytest.raises(DataError, match="give it or columns, not both"):
        read_annotations(path, format="table", columns=ColumnMapping(**NAMES))
    with pytest.raises(UserError, match="did you mean `instruction`"):
        farm.read(path, columns={"instrction": "question"})


def test_in_a_folder_the_one_table_with_the_columns_is_read(tmp_path: Path) -> None:
    columns = ColumnMapping(**NAMES, preference_values=MEANINGS)
    written(tmp_path, {"readme": "no labels"}, name="a.jsonl")
    written(tmp_path, *battles(), name="b.jsonl")
    assert len(read_annotations(tmp_path, assumed_kind="human", columns=columns)) == 3
    written(tmp_path, *battles(), name="c.jsonl")
    with pytest.raises(DataError, match=r"2 tables have the columns \(b\.jsonl, c\.jsonl\)"):
        read_annotations(tmp_path, assumed_kind="human", columns=columns)
