import json
from pathlib import Path

import numpy as np
import pytest

from farm.data.files import DataError
from farm.data.pandalm import read_pandalm

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
    frame = read_pandalm(folder(tmp_path)).set_index(["item_id", "annotator"])
    assert len(frame) == 10
    assert [frame.loc[("pandalm-0007", f"pandalm_human_{k}"), "preference"] for k in (1, 2, 3)] == [1, 1.5, 2]
    assert frame.loc[("pandalm-0008", "pandalm_human_1"), "model_1"] == "cerebras-gpt-6.7B"
    assert set(frame["annotator_kind"]) == {"human", "llm"}


def test_a_boolean_response_is_the_word_the_model_wrote(tmp_path: Path) -> None:
    frame = read_pandalm(folder(tmp_path))
    assert set(frame[frame["item_id"] == "pandalm-0007"]["output_1"]) == {"True"}


def test_labels_as_text_ties_and_garbage(tmp_path: Path) -> None:
    frame = read_pandalm(folder(tmp_path)).set_index(["item_id", "annotator"])
    gpt, own = "gpt-3.5-turbo", "pandalm-7b"
    assert frame.loc[("pandalm-0007", gpt), "preference"] == 1.5
    assert np.isnan(frame.loc[("pandalm-0008", gpt), "preference"])
    assert frame.loc[("pandalm-0008", gpt), "raw_label"] == "garbage"
    assert frame.loc[("pandalm-0007", own), "preference"] == 1.5
    assert frame.loc[("pandalm-0008", own), "preference"] == 2


def test_a_judge_file_may_be_absent(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "pandalm-7b-testset-v1.json").unlink()
    assert "pandalm-7b" not in set(read_pandalm(tmp_path)["annotator"])


def test_a_judge_file_of_other_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 idx are in only one of them"):
        read_pandalm(folder(tmp_path, pandalm=[{"idx": 7, "pandalm_result": 0}, {"idx": 9, "pandalm_result": 0}]))


def test_an_unknown_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got \\['better'\\]"):
        read_pandalm(folder(tmp_path, gpt=[{"idx": 7, "gpt_result": "better"}, {"idx": 8, "gpt_result": "1"}]))


def test_a_human_label_out_of_range_names_its_field(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `annotator2`: expected less than or equal to 2, got 3"):
        read_pandalm(folder(tmp_path, pairs=[{**PAIRS[0], "annotator2": 3}, PAIRS[1]]))
