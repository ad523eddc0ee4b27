from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

CHOICE = {
    "info": {"id": "t3_1", "post": "My cat sleeps all day.", "title": "Cat?", "subreddit": "pets"},
    "summaries": [
        {"text": "Cat sleeps.", "policy": "sup4", "note": "ok"},
        {"text": "Dog barks.", "policy": "ref", "note": None},
    ],
    "choice": 0, "worker": "k9@mail.org", "batch": "b", "split": "train", "extra": {"confidence": None},
}  # fmt: skip


def test_the_chosen_summary_wins_and_policies_are_the_models(tmp_path: Path) -> None:
    news = {"id": "n1", "post": None, "title": "Rain", "subreddit": None, "article": "It rained."}
    other = {**CHOICE, "info": news, "choice": 1, "worker": "z"}
    frame = read_annotations(written(tmp_path, CHOICE, other))
    assert better(frame, ("model_1", "model_2")) == [("sup4", ">", "ref"), ("ref", ">", "sup4")]
    assert frame["instruction"].tolist() == [
        "SUBREDDIT: r/pets\n\nTITLE: Cat?\n\nPOST: My cat sleeps all day.\n\nTL;DR:",
        "TITLE: Rain\n\nIt rained.\n\nTL;DR:",
    ]
    assert frame["annotator"].nunique() == 2 and not frame["annotator"].str.contains("k9|@").any()


def test_the_same_worker_means_the_later_choice_and_another_worker_a_second_one(tmp_path: Path) -> None:
    frame = read_annotations(written(tmp_path, CHOICE, {**CHOICE, "choice": 1}, {**CHOICE, "worker": "z"}))
    assert [winner for winner, _, _ in better(frame, ("model_1", "model_2"))] == ["ref", "sup4"]
    assert frame["item_id"].nunique() == 1


@pytest.mark.parametrize("change", [{"choice": 2}, {"summaries": CHOICE["summaries"][:1]}])  # type: ignore[index]
def test_another_choice_or_number_of_summaries_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(DataError, match=f"row 1, field `{next(iter(change))}`"):
        read_annotations(written(tmp_path, {**CHOICE, **change}))
