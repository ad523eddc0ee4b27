"""Odd rows of published layouts are read, or refused in a sentence that names the file."""

import json
from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import read_annotations

JUDGED = {"pair_id": "1", "question": "q?", "response_A": "a", "response_B": "b", "label": "A>B"}
BATTLE = {"model_a": "m", "model_b": "n", "winner": "tie"}
NAN = float("nan")


def side(answer: str, score: object, text: str = "Why?") -> dict[str, object]:
    return {"question": {"dataset": "e", "id": "1", "full_text": text}, "answer": answer, "score": score}


def chat(*texts: object) -> list[dict[str, object]]:
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant") * 3, texts, strict=False)]


def label(prompt: object, completion: object, value: object) -> dict[str, object]:
    return {"prompt": prompt, "completion": completion, "label": value}


def battle(first: object, second: object) -> dict[str, object]:
    return {**BATTLE, "conversation_a": first, "conversation_b": second}


READ: dict[str, list[object]] = {
    "no judgments": [{**JUDGED, "judgments": None}],
    "a judge in Cyrillic": [{**JUDGED, "judge_name": "судья", "judgments": [{"decision": "B>A"}]}],
    "a decision that is none": [{**JUDGED, "judgments": [{"decision": "maybe"}, {"decision": None}]}],
    "empty responses": [{**JUDGED, "response_A": "", "response_B": ""}],
    "a score that is no number yet": [[side("a", NAN), side("b", 0)]] * 2,
    "no conversations": [battle(None, None)],
    "conversations of numbers": [battle([1, 2], ["x"])],
    "unknown roles": [battle([{"role": "alien", "content": "x"}] * 4, chat("a", "b"))],
    "the user has the last word": [battle(chat("a", "b", "c"), chat("a", "b", "c"))],
    "an image": [battle([{"role": "user", "content": [{"type": "image"}]}, *chat("a", "b", "c")[1:]], chat("a", "b"))],
    "users who say nothing": [battle(chat("", "b", "", "d"), chat("", "b", "", "e"))],
    "messages of numbers": [battle(chat(5, 6, 7, 8), chat("5", "6", "7", "8"))],
}
REFUSED: dict[str, list[object]] = {
    "three judgments": [{**JUDGED, "judgments": [{"decision": "A>B"}] * 3}],
    "judgments as text": [{**JUDGED, "judgments": "x"}],
    "a decision as a number": [{**JUDGED, "judgments": [{"decision": 1}]}],
    "lists of three": [[side("a", 0)] * 3] * 2,
    "lists of numbers": [[1, 2], [3, 4]],
    "empty lists": [[], []],
    "scores in words": [[side("a", "x"), side("b", "y")]] * 2,
    "two questions": [[side("a", 1), side("b", -1, "How?")]] * 2,
    "a list and an object": [[side("a", 1), side("b", -1)], {"a": 1}],
    "a label that is null": [label("p", "c", None)],
    "a label in words": [label("p", "c", "yes")],
    "a label of two": [label("p", "c", 2)],
    "empty prompts": [label("", "c", True), label("", "d", False)],
    "a completion that is null": [label("p", None, True), label("p", "d", False)],
    "labels of one kind": [label("p", "c", True), label("p", "d", True)],
}  # fmt: skip


def written(folder: Path, rows: list[object]) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", READ)
def test_odd_rows_are_read(tmp_path: Path, name: str) -> None:
    assert len(read_annotations(written(tmp_path, READ[name]))) >= 1


@pytest.mark.parametrize("name", REFUSED)
def test_odd_rows_are_refused_with_their_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"labels\.jsonl"):
        read_annotations(written(tmp_path, REFUSED[name]))
