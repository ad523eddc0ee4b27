import json
from pathlib import Path

import numpy as np
import pytest

from farm.data.files.rows import DataError
from farm.labels.presented_orders import one_verdict_each
from farm.labels.read import notes_of, read_annotations

PAIRS = [
    {"input": "Name a fruit.", "output_1": "Fig.", "output_2": "Oak.", "label": 1},
    {"input": "Name a tree.", "output_1": "Fig.", "output_2": "Elm.", "label": 2},
]


def step(in_order: object, swapped: object, **more: object) -> dict[str, object]:
    return {
        "swap = False": {"winner": in_order, "completion": ["...", "stop"]},
        "swap = True": {"winner": swapped},
        **more,
    }


STEPS = [
    # Questions and a reference come first in some prompts, as bare replies; a debate's first round names winners too.
    [["1. Is it a fruit?", "stop"], step("2", "2"), step("1", "2")],
    [step(None, "2")],
]


def subset(root: Path, steps: list[list[object]] = STEPS, name: str = "Adversarial/Own") -> Path:
    folder = root / "Dataset" / "LLMBar" / name
    judge = folder / "evaluators" / "GPT-9" / "Debate"
    judge.mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps(PAIRS))
    results = [{**pair, "results": found} for pair, found in zip(PAIRS, steps, strict=True)]
    (judge / "result.json").write_text(json.dumps(results))
    (judge / "statistics.json").write_text("{}")
    return folder


def test_the_last_step_is_the_verdict_in_the_order_of_the_dataset(tmp_path: Path) -> None:
    subset(tmp_path)
    frame = read_annotations(tmp_path)
    labels = frame.fillna({"first_shown": 0}).pivot(
        index=["annotator", "first_shown"], columns="item_id", values="preference"
    )
    labels.columns = labels.columns.str.removeprefix("llmbar-LLMBar.Adversarial.Own-")
    assert labels.loc["llmbar_gold", 0].tolist() == [1, 2]
    assert labels.loc[("GPT-9/Debate", 1), "000"] == 1 and np.isnan(labels.loc[("GPT-9/Debate", 1), "001"])
    # Not turned around again: "swap = True" says 2 and means output_2.
    assert labels.loc["GPT-9/Debate", 2].tolist() == [2, 2]
    assert frame.set_index("annotator")["annotator_kind"].to_dict()["llmbar_gold"] == "human"
    assert set(frame["dataset"]) == {"llmbar/LLMBar/Adversarial/Own"}
    unparsed, orders = notes_of(frame)
    assert unparsed == "1 verdicts of 1 annotators are unparsed, most of them (1) GPT-9/Debate's"
    assert orders.startswith("judged in both orders: GPT-9/Debate; first_shown tells the verdicts apart")


def test_scores_of_rating_prompts_are_kept(tmp_path: Path) -> None:
    rated = step("1", "1", score_1=["6", "stop"], score_2=["4.5", "stop"])
    frame = read_annotations(subset(tmp_path, [[rated], [step("2", "2")]]))
    row = frame[(frame["annotator"] == "GPT-9/Debate")].iloc[0]
    assert row[["score_1", "score_2"]].tolist() == [6, 4.5]


def test_a_file_alone_is_read(tmp_path: Path) -> None:
    folder = subset(tmp_path)
    assert set(read_annotations(folder / "dataset.json")["annotator"]) == {"llmbar_gold"}
    judge = read_annotations(folder / "evaluators/GPT-9/Debate/result.json")
    assert set(judge["annotator"]) == {"GPT-9/Debate"} and set(judge["first_shown"]) == {1, 2}
    assert set(judge["item_id"]) == set(read_annotations(folder)["item_id"])


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], r"row 1, field `results`: expected a last step with `swap = False` and its `winner`"),
        ([["only a reply", "stop"]], r"row 1, field `results`: expected a last step"),
        ([step("3", "1")], r"row 1, field `results`: expected the winner 1, 2, tie or null, got '3'"),
    ],
)
def test_a_malformed_result_names_file_and_row(tmp_path: Path, steps: list[object], message: str) -> None:
    folder = subset(tmp_path, [steps, [step("1", "1")]])
    with pytest.raises(DataError, match=rf"Debate/result\.json: {message}"):
        read_annotations(folder)


def test_a_result_for_other_pairs_is_refused(tmp_path: Path) -> None:
    folder = subset(tmp_path)
    (folder / "dataset.json").write_text(json.dumps(PAIRS[::-1]))
    with pytest.raises(DataError, match=r"result\.json: expected the 2 pairs of dataset\.json in its order"):
        read_annotations(folder)


def test_the_accuracy_table(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["llmbar"]["accuracy_table"]["value"]
    frame = read_annotations(humandata / "raw/llmbar")
    gold = frame[frame["annotator"] == "llmbar_gold"].set_index("item_id")["preference"]
    judged = frame[frame["annotator_kind"] == "llm"]
    is_right = judged["preference"] == judged["item_id"].map(gold)
    accuracy = is_right.groupby([judged["annotator"], judged["dataset"].str.split("/").str[-1]]).mean()
    assert len(accuracy) >= 3
    for (judge, name), value in accuracy.items():
        assert round(value, 4) == answers[judge][name], judge


@pytest.mark.slow
def test_the_original_files_give_the_normalised_tables(humandata: Path) -> None:
    frame = one_verdict_each(read_annotations(humandata / "raw/llmbar")).set_index(["item_id", "annotator"])
    for name in ("llmbar", "llmbar_judges"):
        table = one_verdict_each(read_annotations(humandata / f"{name}.parquet")).set_index(["item_id", "annotator"])
        both = frame.index.intersection(table.index)
        assert len(both) == {"llmbar": 192, "llmbar_judges": 600}[name]
        columns = ["dataset", "instruction", "output_1", "output_2", "preference", "annotator_kind"]
        assert frame.loc[both, columns].equals(table.loc[both, columns])


def test_judges_without_the_dataset_are_read(tmp_path: Path) -> None:
    judge = subset(tmp_path, [[step("Tie", "2")], [step("1", "1")]]) / "evaluators" / "GPT-9"
    frame = read_annotations(judge)
    assert set(frame["annotator"]) == {"GPT-9/Debate"}
    assert frame["preference"].tolist() == [1.5, 1, 2, 1] and set(frame["dataset"]) == {"llmbar/LLMBar/Adversarial/Own"}
