from pathlib import Path

from farm.labels.labelled_pairs import read_labelled_pairs, right_and_wrong
from tests.labels.label_files import written


def prompt(number: int, chosen: list[str], rejected: list[str], subset: str = "Focus") -> dict[str, object]:
    return {"id": str(number), "prompt": f"Prompt {number}.", "chosen": chosen, "rejected": rejected, "subset": subset,
            "num_correct": len(chosen), "models": None}  # fmt: skip


def test_a_benchmarks_prompts_are_parted_into_right_and_wrong_outputs(tmp_path: Path) -> None:
    rows = [prompt(1, ["a"], ["b", "c", "d"]), prompt(2, ["a", "b"], ["c"], "Ties"), prompt(3, ["a"], ["b"])]
    labelled = read_labelled_pairs(written(tmp_path, *rows), labels_of=None)
    groups = right_and_wrong(labelled.pairs)
    # The third prompt is a pair like any other.
    assert [[sorted(o.output for o in side) for side in group] for group in groups] == [
        [["a"], ["b", "c", "d"]], [["a", "b"], ["c"]],
    ]  # fmt: skip
    assert [group.right[0].dataset for group in groups] == ["rewardbench2/Focus", "rewardbench2/Ties"]


def test_a_ranking_is_no_right_and_wrong(tmp_path: Path) -> None:
    answers = [{"answer": name, "model": name, "rank": float(k)} for k, name in enumerate("abc")]
    labelled = read_labelled_pairs(written(tmp_path, {"prompt": "p", "answers": answers}), labels_of=None)
    assert len(labelled.pairs) == 3 and right_and_wrong(labelled.pairs) == []
