import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations


def row(number: int, preference: object, model: str = "owl", text: str = "Fig.") -> dict[str, object]:
    """A row of AlpacaEval's annotations."""
    return {
        "instruction": f"Name fruit {number}.", "output_1": f"Sum {number}.", "generator_1": "reference",
        "dataset": "koala", "output_2": text, "generator_2": model, "annotator": "gpt9", "preference": preference,
        "price_per_example": 0.01, "time_per_example": 1.5,
    }  # fmt: skip


def tree(root: Path, models: dict[str, list[dict[str, object]]]) -> Path:
    for model, rows in models.items():
        folder = root / "results" / model / "gpt9"
        folder.mkdir(parents=True)
        (folder / "annotations.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode(), mtime=len(model)))
        outputs = [{"instruction": r["instruction"], "output": r["output_2"], "generator": model} for r in rows]
        (root / "results" / model / "model_outputs.json").write_text(json.dumps(outputs))
    return root


def test_all_encodings_of_a_verdict(tmp_path: Path) -> None:
    given = [1, 2, 0, 0.0, 1.5, None, 1.9999, -1]
    root = tree(tmp_path, {"owl": [row(k, p) for k, p in enumerate(given)]})
    expected = [1, 2, 1.5, 1.5, 1.5, np.nan, 1.9999, np.nan]
    for path in (root, root / "results/owl", root / "results/owl/gpt9/annotations.json.gz"):
        frame = read_annotations(path)
        np.testing.assert_array_equal(frame["preference"], expected)
        assert set(frame["annotator_kind"]) == {"llm"} and set(frame["model_2"]) == {"owl"}
        assert set(frame["dataset"]) == {"alpaca_eval/koala"}


def test_copied_files_are_announced_whatever_their_packing(tmp_path: Path) -> None:
    rows = [row(k, 2, "falcon-40b") for k in range(3)]
    frame = read_annotations(tree(tmp_path, {"falcon-40b": rows, "falcon-7b": rows, "owl": [row(0, 1)]}))
    notes = notes_of(frame)
    assert notes[0].startswith("falcon-40b and falcon-7b hold the same annotations byte for byte: one is a copy")
    # Both are kept, under their folders' names.
    assert notes[1] == "falcon-7b: the rows call this model 'falcon-40b'; it is named by its folder"
    assert frame["model_2"].value_counts().to_dict() == {"falcon-40b": 3, "falcon-7b": 3, "owl": 1}


def test_a_file_elsewhere_keeps_the_name_in_its_rows(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps([row(0, 1)]))
    frame = read_annotations(tmp_path / "annotations.json")
    assert frame["model_2"].tolist() == ["owl"] and notes_of(frame) == []


def test_seeds_of_one_judge_become_annotators_and_meet_the_humans(tmp_path: Path) -> None:
    pair = {"instruction": "Add.", "input": "1 and 2", "output_1": "3", "output_2": "4"}
    for seed, preference in ((0, 1), (1, 2)):
        judged = [{**pair, "annotator": "gpt9_b1", "preference": preference, "price_per_example": 0.01}]
        (tmp_path / f"annotations_seed{seed}_configs.json").write_text(json.dumps(judged))
    merged = {**pair, "instruction": "Add.\n\n1 and 2", "annotator_index": 15, "preference": 2, "datasplit": "eval"}
    del merged["input"]
    (tmp_path / "crossannotations.json").write_text(json.dumps([merged, {**merged, "annotator_index": 3}]))
    # The judge stays a judge in a folder that is read for its humans.
    frame = read_annotations(tmp_path, assumed_kind="human")
    assert frame["item_id"].nunique() == 1
    judges = frame[frame["annotator_kind"] == "llm"]
    assert judges.set_index("annotator")["preference"].to_dict() == {"gpt9_b1/seed0": 1, "gpt9_b1/seed1": 2}
    humans = frame[frame["annotator_kind"] == "human"]["annotator"]
    assert humans.str.fullmatch("alpaca_farm_human_[0-9a-f]{12}").all() and humans.nunique() == 2


def test_preference_files_name_their_annotators(tmp_path: Path) -> None:
    pair = {"instruction": "Add.", "input": "1 and 2", "output_1": "3", "output_2": "4"}
    human = [{**pair, "preference": 1, "raw_preference": 2}, {**pair, "preference": 2, "raw_preference": 4}]
    (tmp_path / "alpaca_human_preference.json").write_text(json.dumps(human))
    (tmp_path / "alpaca_gpt4_preference.json").write_text(json.dumps([{**pair, "preference": 2}]))
    (tmp_path / "alpaca_noisy_multi_preference.json").write_text(json.dumps([{**pair, "preference": 0}]))
    (tmp_path / "alpaca_farm_evaluation.json").write_text(json.dumps([{"instruction": "Add.", "output": "3"}]))
    frame = read_annotations(tmp_path).set_index("annotator")
    assert frame["preference"].to_dict() == {
        "alpaca_farm_human": 1, "alpaca_farm_human_2": 2, "alpaca_farm_gpt4": 2, "alpaca_farm_noisy_multi": 1.5
    }  # fmt: skip
    assert frame["annotator_kind"].value_counts().to_dict() == {"human": 2, "llm": 2}
    assert frame["raw_label"]["alpaca_farm_human"] == "2"
    assert "1 labels are on a pair that has one already" in notes_of(frame)[0]


def test_a_malformed_row_names_the_models_file(tmp_path: Path) -> None:
    root = tree(tmp_path, {"owl": [row(0, 1)], "bat": [row(0, 1, "bat"), row(1, 7, "bat")]})
    with pytest.raises(DataError, match=r"bat/gpt9/annotations\.json\.gz: 1 of 2 rows(.|\n)*row 2, field `preference`"):
        read_annotations(root)
    (root / "results/owl/gpt9/annotations.json.gz").write_bytes(b"\x1f\x8bdamaged")
    with pytest.raises(DataError, match=r"annotations\.json\.gz: cannot be read"):
        read_annotations(root / "results/owl")


@pytest.mark.slow
def test_the_win_rates_of_the_original_files(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["alpaca_eval"]["alpaca_eval1_gpt4"]
    frame = read_annotations(humandata / "raw/alpaca_eval").dropna(subset="preference")
    frame = frame[frame["annotator"] == "alpaca_eval_gpt4"]  # the folder holds another judge's files too
    scores = 100 * (frame["preference"] - 1).groupby(frame["model_2"]).agg(["mean", "sem", "size"])
    assert len(scores) == 3
    for model, (mean, error, n) in scores.iterrows():
        expected = answers["value"][model]
        assert round(mean, 4) == expected["win_rate"] and round(error, 4) == expected["standard_error"]
        assert n / 100 == expected["n"]


@pytest.mark.slow
def test_the_win_rates_of_the_normalised_table_and_its_copied_file(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["alpaca_eval"]["alpaca_eval1_gpt4"]
    table = read_annotations(humandata / "alpaca_eval1_gpt4.parquet")
    frame = table.dropna(subset="preference")
    scores = 100 * (frame["preference"] - 1).groupby(frame["model_2"]).agg(["mean", "sem"])
    expected = pd.DataFrame(answers["value"]).T.loc[scores.index]
    assert len(scores) == 34
    assert np.abs(scores["mean"] - expected["win_rate"].astype(float)).max() < 1e-4
    assert np.abs(scores["sem"] - expected["standard_error"].astype(float)).max() < 1e-4


@pytest.mark.slow
def test_the_original_files_give_the_normalised_tables(humandata: Path) -> None:
    columns = ["instruction", "output_1", "output_2", "model_1", "model_2", "preference", "annotator"]
    frame = read_annotations(humandata / "raw/alpaca_eval").set_index("item_id")
    frame = frame[frame["annotator"] == "alpaca_eval_gpt4"]
    table = pd.read_parquet(humandata / "alpaca_eval1_gpt4.parquet")
    table = table[table["model_2"].isin(frame["model_2"])]
    keys = ["model_2", "instruction"]
    assert (
        frame.sort_values(keys)[columns].reset_index(drop=True)
        .equals(table.sort_values(keys)[columns].astype(frame[columns].dtypes.to_dict()).reset_index(drop=True))
    )  # fmt: skip


def test_the_recorded_seeds_of_gpt4(humandata: Path) -> None:
    frame = read_annotations(humandata / "raw/alpacafarm_xann_gpt4")
    judges = frame[frame["annotator_kind"] == "llm"]
    labels = judges.pivot(index="item_id", columns="annotator", values="preference")
    assert labels.columns.tolist() == [f"gpt4_b1/seed{k}" for k in range(4)] and len(labels) == 648
    assert labels.notna().all().all()
    # 16 labels of the crowd: four pairs, four workers each, all of them pairs that the judge saw.
    humans = frame[frame["annotator_kind"] == "human"]
    assert humans.groupby("item_id").size().tolist() == [4, 4, 4, 4]
    assert humans["item_id"].isin(labels.index).all()
    raw = json.loads((humandata / "raw/alpacafarm_xann_gpt4/human_crossannotation_sample.json").read_text())
    assert humans["annotator"].nunique() == len({r["annotator_index"] for r in raw})


def test_human_evaluations_name_the_models_of_the_cross_annotations(tmp_path: Path) -> None:
    pair = {"instruction": "Add.\n\n1 and 2", "output_1": "3", "output_2": "4", "annotator_index": 1, "preference": 2}
    (tmp_path / "human_annotations.json").write_text(json.dumps([{**pair, "generator": "owl"}]))
    cross = [{**pair, "annotator_index": 2}, {**pair, "annotator_index": 3, "output_2": "5"}]
    (tmp_path / "human_crossannotations.json").write_text(json.dumps(cross))
    frame = read_annotations(tmp_path)
    models = frame.drop_duplicates("output_2").set_index("output_2")[["model_1", "model_2"]]
    assert models.loc["4"].tolist() == ["text_davinci_003", "owl"] and models.loc["5"].tolist() == ["", ""]
    assert frame[frame["output_2"] == "4"]["item_id"].nunique() == 1
