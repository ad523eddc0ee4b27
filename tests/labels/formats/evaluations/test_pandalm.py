import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations

PAIRS = [
    {"idx": 7, "cmp_key": "bloom-7b_llama-7b", "instruction": "Say true.", "input": "", "response1": True,
     "response2": "No.", "annotator1": 1, "annotator2": 0, "annotator3": 2},
    {"idx": 8, "cmp_key": "cerebras-gpt-6.7B_opt-7b", "instruction": "Add.", "input": "1 and 2", "response1": "3",
     "response2": "4", "annotator1": 1, "annotator2": 1, "annotator3": 1},
]  # fmt: skip
GPT = [{"idx": 8, "gpt_result": "garbage", "gpt_reason": ""}, {"idx": 7, "gpt_result": "Tie", "gpt_reason": ""}]
PANDALM = [{"idx": 7, "pandalm_result": 0}, {"idx": 8, "pandalm_result": 2}]


def folder(path: Path, pairs: object = PAIRS, gpt: object = GPT, pandalm: object = PANDALM) -> Path:
    (path / "testset-v1.json").write_text(json.dumps(pairs))
    (path / "gpt-3.5-turbo-testset-v1.json").write_text(json.dumps(gpt))
    (path / "pandalm-7b-testset-v1.json").write_text(json.dumps(pandalm))
    return path


def test_humans_and_judges_become_rows(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path)).set_index(["item_id", "annotator"])
    assert len(frame) == 10
    assert [frame.loc[("pandalm-0007", f"pandalm_human_{k}"), "preference"] for k in (1, 2, 3)] == [1, 1.5, 2]
    assert frame.loc[("pandalm-0008", "pandalm_human_1"), "model_1"] == "cerebras-gpt-6.7B"
    assert set(frame["annotator_kind"]) == {"human", "llm"}


def test_a_boolean_response_is_the_word_the_model_wrote(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path))
    assert set(frame[frame["item_id"] == "pandalm-0007"]["output_1"]) == {"True"}


def test_labels_as_text_ties_and_garbage(tmp_path: Path) -> None:
    table = read_annotations(folder(tmp_path))
    frame = table.set_index(["item_id", "annotator"])
    gpt, own = "gpt-3.5-turbo", "pandalm-7b"
    assert frame.loc[("pandalm-0007", gpt), "preference"] == 1.5
    assert np.isnan(frame.loc[("pandalm-0008", gpt), "preference"])
    assert frame.loc[("pandalm-0008", gpt), "raw_label"] == "garbage"
    assert frame.loc[("pandalm-0007", own), "preference"] == 1.5
    assert frame.loc[("pandalm-0008", own), "preference"] == 2
    assert notes_of(table) == ["1 of 10 verdicts are unparsed"]


def test_a_judge_file_may_be_absent(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "pandalm-7b-testset-v1.json").unlink()
    assert "pandalm-7b" not in set(read_annotations(tmp_path)["annotator"])


def test_other_judges_and_more_humans_are_read_too(tmp_path: Path) -> None:
    folder(tmp_path, pairs=[{**pair, "annotator4": 2} for pair in PAIRS])
    (tmp_path / "other-judge-testset-v1.json").write_text('[{"idx": 7, "o_result": "2"}, {"idx": 8, "o_result": 0}]')
    frame = read_annotations(tmp_path)
    labels = frame.pivot(index="annotator", columns="item_id", values="preference")
    assert labels.loc["pandalm_human_4"].tolist() == [2, 2]
    assert labels.loc["other-judge"].tolist() == [2, 1.5]


def test_a_judge_file_of_other_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 idx are in only one of them"):
        read_annotations(folder(tmp_path, pandalm=[{"idx": 7, "pandalm_result": 0}, {"idx": 9, "pandalm_result": 0}]))


def test_an_unknown_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 1, field `result`: expected 0 \(tie\), 1, 2, Tie or garbage.*'better'"):
        read_annotations(folder(tmp_path, gpt=[{"idx": 7, "gpt_result": "better"}, {"idx": 8, "gpt_result": "1"}]))


def test_a_judge_file_without_a_result_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: expected exactly one field with a name like gpt_result"):
        read_annotations(folder(tmp_path, gpt=[{"idx": 7, "verdict": "1"}, {"idx": 8, "gpt_result": "1"}]))


@pytest.mark.parametrize("wrong", [3, True, "x", 0.5])
def test_a_human_label_out_of_range_names_its_field(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(DataError, match=r"1 of 2 rows.*\n  row 1, field `labels.annotator2`: expected"):
        read_annotations(folder(tmp_path, pairs=[{**PAIRS[0], "annotator2": wrong}, PAIRS[1]]))


def test_the_published_label_counts(humandata: Path) -> None:
    frame = read_annotations(humandata / "raw/pandalm")
    humans = frame[frame["annotator_kind"] == "human"]
    # PandaLM's README: of 999 items 105 tie, 422 for the first, 472 for the second by majority.
    majority = humans.groupby("item_id")["preference"].agg(lambda labels: pd.Series.mode(labels).iloc[0])
    assert majority.value_counts().to_dict() == {1.5: 105, 1.0: 422, 2.0: 472}
    booleans = [f"pandalm-{k:04d}" for k in range(157, 165)]
    shown = frame[frame["item_id"].isin(booleans)][["output_1", "output_2"]].to_numpy()
    assert {"True", "False"} & set(shown.ravel())


def test_a_label_that_is_missing_is_no_label_of_a_human_and_unparsed_of_a_judge(tmp_path: Path) -> None:
    frame = read_annotations(
        folder(
            tmp_path,
            pairs=[{**PAIRS[0], "annotator2": None}, PAIRS[1]],
            pandalm=[PANDALM[0], {**PANDALM[1], "pandalm_result": None}],
        )
    )
    assert ((frame["annotator"] == "pandalm_human_2").sum(), (frame["annotator"] == "pandalm-7b").sum()) == (1, 2)
    assert frame.set_index(["item_id", "annotator"])["preference"].isna()["pandalm-0008", "pandalm-7b"]


def test_underscores_in_the_names_of_models(tmp_path: Path) -> None:
    # Where "owl_1_bat" parts, only "bat_owl_1" and "bat_cat" tell.
    keys = ["owl_1_bat", "bat_cat"]
    pairs = [{**PAIRS[0], "idx": k, "cmp_key": key} for k, key in enumerate(keys)]
    (tmp_path / "testset-v1.json").write_text(json.dumps(pairs))
    frame = read_annotations(tmp_path).drop_duplicates("item_id")
    assert frame[["model_1", "model_2"]].to_numpy().tolist() == [["owl_1", "bat"], ["bat", "cat"]]
    (tmp_path / "testset-v1.json").write_text(json.dumps(pairs[:1]))
    with pytest.raises(DataError, match=r"cmp_key 'owl_1_bat' holds more than one '_'.*owl and 1_bat or owl_1 and bat"):
        read_annotations(tmp_path)
