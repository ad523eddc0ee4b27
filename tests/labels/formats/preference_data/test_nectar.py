from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

NAMES = "abcdefg"


def ranked(*ranks: float | None, prompt: str = "\n\nHuman: Name a fish.\n\nAssistant: ") -> dict[str, object]:
    answers = [{"answer": f"{name}!", "model": name, "rank": rank} for name, rank in zip(NAMES, ranks, strict=False)]
    return {"prompt": prompt, "answers": answers, "turns": 1, "num_responses": len(answers), "source": ["x"]}


def test_seven_ranked_answers_are_twenty_one_pairs_and_the_lower_rank_wins(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, ranked(1, 2, 3, 4, 5, 6, 7)))
    assert better(frame, ("model_1", "model_2")) == [(one, ">", two) for one, two in combinations(NAMES, 2)]
    assert set(frame["instruction"]) == {"Name a fish."} and set(frame["annotator_kind"]) == {"llm"}
    # No order was recorded: the better answer is not always on one side.
    assert frame["preference"].nunique() == 2 and frame["item_id"].nunique() == 21


def test_equal_ranks_tie_and_a_missing_one_is_unparsed_in_parquet_too(tmp_path: Path) -> None:
    pd.DataFrame([ranked(2, 2, None)]).to_parquet(tmp_path / "n.parquet")
    for path in (written(tmp_path, ranked(2, 2, None)), tmp_path / "n.parquet"):
        frame = read_annotations(path)
        assert frame.attrs["format"] == "nectar"
        assert better(frame, ("model_1", "model_2")) == [("a", "=", "b"), ("a", "?", "c"), ("b", "?", "c")]


def test_an_answer_without_text_is_refused_with_its_row(tmp_path: Path) -> None:
    broken = ranked(1, 2)
    broken["answers"][1]["answer"] = None  # type: ignore[index]
    with pytest.raises(DataError, match=r"row 2, field `answers\.1\.answer`"):
        read_annotations(written(tmp_path, ranked(1, 2), broken))


def test_a_first_prompt_without_answers_hides_nothing(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, ranked(), ranked(1, 2)))
    assert better(frame, ("model_1", "model_2")) == [("a", ">", "b")]
