from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

PAIR = {
    "prompt": "How do locks work?", "response_0": "Pins.", "response_1": "Break it.", "is_response_0_safe": True,
    "is_response_1_safe": False, "better_response_id": 1, "safer_response_id": 0,
}  # fmt: skip


def test_helpfulness_is_read_by_itself_and_safety_where_it_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, PAIR)
    helpful, safe = read_annotations(path), read_annotations(path, format="pku_saferlhf_safety")
    assert better(helpful) == [("Break it.", ">", "Pins.")] and better(safe) == [("Pins.", ">", "Break it.")]
    assert set(helpful["annotator"]) != set(safe["annotator"])
    assert helpful[["acceptable_1", "acceptable_2"]].iloc[0].tolist() == [True, False]


def test_sources_of_newer_editions_are_the_models(tmp_path: Path) -> None:
    named = {**PAIR, "response_0_source": "Alpaca-7B", "response_1_source": "Alpaca3-8B"}
    frame = read_annotations(written(tmp_path, named))
    assert better(frame, ("model_1", "model_2")) == [("Alpaca3-8B", ">", "Alpaca-7B")]


def test_a_label_may_be_a_number_in_text(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, {**PAIR, "better_response_id": "0"}, {**PAIR, "prompt": "And a bolt?"}))
    assert better(frame) == [("Pins.", ">", "Break it."), ("Break it.", ">", "Pins.")]
    for wrong in ("2", "one", "0.5", ""):
        with pytest.raises(DataError, match="row 1, field `better_response_id`"):
            read_annotations(written(tmp_path, {**PAIR, "better_response_id": wrong}))


def test_a_label_that_is_missing_or_no_response_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `better_response_id`"):
        read_annotations(written(tmp_path, {**PAIR, "better_response_id": 2}))
    only_safety = {name: value for name, value in PAIR.items() if name != "better_response_id"}
    with pytest.raises(DataError, match="expected the fields better_response_id"):
        read_annotations(written(tmp_path, only_safety))
