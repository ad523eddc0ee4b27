"""Published layouts with lists and objects in their cells, written as CSV: the cells hold their JSON text."""

import csv
import json
from pathlib import Path

import pytest

from farm.labels.read import read_annotations
from tests.labels.label_files import better

QUESTION = {"dataset": "eli5", "id": "7", "full_text": "Why is the sky blue?"}
ROWS: dict[str, dict[str, object]] = {
    "webgpt": {"question": QUESTION, "answer_0": "Scattering.", "answer_1": "Paint.", "score_0": 1.0, "score_1": -1.0},
    "rewardbench2": {
        "id": "1", "prompt": "Name a bird.", "chosen": ["Owl."], "rejected": ["Cat.", "Dog."], "subset": "Focus",
        "num_correct": 1, "models": ["a", "b", "c"],
    },
    "nectar": {
        "prompt": "\n\nHuman: Name a bird.\n\nAssistant: ", "turns": 1, "num_responses": 2,
        "answers": [{"answer": "Owl.", "model": "a", "rank": 1.0}, {"answer": "Cat.", "model": "b", "rank": 2.0}],
    },
    "summarize_from_feedback": {
        "info": {"id": "t3", "post": "Long story.", "title": "T", "subreddit": "r"}, "choice": 1, "worker": "w",
        "summaries": [{"text": "Bad.", "policy": "a", "note": None}, {"text": "Good.", "policy": "b", "note": None}],
        "batch": "b", "split": "train", "extra": {"confidence": None},
    },
}  # fmt: skip
EXPECTED = {
    "webgpt": ["Scattering."],
    "rewardbench2": ["Owl.", "Owl."],
    "nectar": ["Owl."],
    "summarize_from_feedback": ["Good."],
}


@pytest.mark.parametrize("name", ROWS)
def test_lists_and_objects_in_csv_cells_are_read(tmp_path: Path, name: str) -> None:
    row = {key: json.dumps(cell) if isinstance(cell, list | dict) else cell for key, cell in ROWS[name].items()}
    path = tmp_path / "file.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    frame = read_annotations(path)
    assert frame.attrs["format"] == name
    assert [preferred for preferred, _, _ in better(frame)] == EXPECTED[name]


def test_an_answer_that_is_json_stays_the_text_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["prompt", "chosen", "rejected"], ["Give JSON.", '{"a": 1}', "[1, 2]"]])
    assert better(read_annotations(path)) == [('{"a": 1}', ">", "[1, 2]")]
