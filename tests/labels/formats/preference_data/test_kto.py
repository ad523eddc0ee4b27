from pathlib import Path

import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations
from tests.labels.label_files import better, written


def labelled(prompt: str, completion: str, label: object) -> dict[str, object]:
    return {"prompt": prompt, "completion": completion, "label": label}


def test_unpaired_labels_are_refused_where_nothing_is_compared(tmp_path: Path) -> None:
    path = written(tmp_path, labelled("p", "good", True), labelled("q", "bad", False))
    with pytest.raises(DataError, match=r"2 unpaired labels .* on 2 prompts, none of which .* can only be trained on"):
        read_annotations(path)


def test_prompts_with_completions_of_both_kinds_make_pairs(tmp_path: Path) -> None:
    rows = [("p", "good", True), ("p", "fine", True), ("p", "bad", False), ("q", "good", True)]
    frame = read_annotations(written(tmp_path, *(labelled(*row) for row in rows)))
    assert sorted(better(frame)) == [("fine", ">", "bad"), ("good", ">", "bad")]
    assert notes_of(frame) == ["4 unpaired labels: 3 are on prompts with completions of both kinds and make pairs"]


def test_a_label_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1, field `label`"):
        read_annotations(written(tmp_path, labelled("p", "good", "perhaps")))


def test_zero_and_one_are_labels_and_prompts_may_be_messages(tmp_path: Path) -> None:
    asked = [{"role": "user", "content": "Name a nut."}]
    rows = [{"prompt": asked, "completion": [{"role": "assistant", "content": text}], "label": label}
            for text, label in (("Walnut.", 1), ("Bolt.", "False"))]  # fmt: skip
    frame = read_annotations(written(tmp_path, *rows))
    assert better(frame) == [("Walnut.", ">", "Bolt.")] and frame["instruction"][0] == "Name a nut."


def test_llama_factorys_layouts_of_unpaired_labels(tmp_path: Path) -> None:
    def chat(text: str, label: bool) -> dict[str, object]:
        turns = [{"role": "user", "content": "Name a nut."}, {"role": "assistant", "content": text}]
        return {"messages": turns, "label": label}

    def tagged(text: str, label: bool) -> dict[str, object]:
        return {"instruction": "Name a nut.", "input": "", "output": text, "kto_tag": label}

    for row in (chat, tagged):
        frame = read_annotations(written(tmp_path, row("Walnut.", True), row("Bolt.", False)))
        assert frame.attrs["format"] == "kto" and better(frame) == [("Walnut.", ">", "Bolt.")]
        with pytest.raises(DataError, match="1 unpaired labels"):
            read_annotations(written(tmp_path, row("Walnut.", True)))
