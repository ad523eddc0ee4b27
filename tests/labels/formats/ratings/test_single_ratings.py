import json
from pathlib import Path

import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations


def winners(frame: pd.DataFrame) -> dict[frozenset[str], str]:
    """Which output of each pair is better; "" for a tie, "?" if unparsed."""
    found = {}
    for row in frame.fillna({"preference": 0}).to_dict("records"):
        said = {1.0: row["output_1"], 2.0: row["output_2"], 1.5: "", 0: "?"}
        found[frozenset((row["output_1"], row["output_2"]))] = said[row["preference"]]
    return found


def test_helpsteer_compares_all_responses_to_a_prompt_by_helpfulness(tmp_path: Path) -> None:
    rows = [
        {"prompt": "p", "response": text, "helpfulness": score, "correctness": 4 - score, "coherence": 4,
         "complexity": 1, "verbosity": 0} for text, score in (("a", 4), ("b", 2), ("c", 2))
    ]  # fmt: skip
    rows.append({**rows[0], "prompt": "alone"})
    (tmp_path / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    frame = read_annotations(tmp_path / "train.jsonl")
    assert winners(frame) == {frozenset("ab"): "a", frozenset("ac"): "a", frozenset("bc"): ""}
    assert set(frame["annotator"]) == {"helpsteer"} and set(frame["annotator_kind"]) == {"human"}
    assert notes_of(frame) == ["1 outputs are the only one to their instruction and make no pair"]
    row = frame[(frame["output_1"] == "a") | (frame["output_2"] == "a")].iloc[0]
    assert {row["output_1"]: row["score_1"], row["output_2"]: row["score_2"]}["a"] == 4


def test_ultrafeedback_compares_by_the_mean_over_aspects(tmp_path: Path) -> None:
    def completion(model: str, *ratings: str) -> dict[str, object]:
        aspects = ("helpfulness", "honesty")
        annotations = {a: {"Rating": r, "Rationale": "."} for a, r in zip(aspects, ratings, strict=True)}
        # A score of 10 where the critique says 1: the known fault of the overall score.
        return {"model": model, "response": f"{model}!", "annotations": annotations, "overall_score": 10.0}

    completions = [completion("owl", "5", "4"), completion("bat", "2", "N/A"), completion("cat", "N/A", "N/A")]
    row = {"source": "flan", "instruction": "p", "models": [], "completions": completions}
    (tmp_path / "flan.jsonl").write_text(json.dumps(row))
    pd.DataFrame([row | {"models": ["owl"]}]).to_parquet(tmp_path / "uf.parquet")
    for name in ("flan.jsonl", "uf.parquet"):
        frame = read_annotations(tmp_path / name)
        assert winners(frame) == {
            frozenset(("owl!", "bat!")): "owl!", frozenset(("owl!", "cat!")): "?", frozenset(("bat!", "cat!")): "?"
        }  # fmt: skip
        assert set(frame["annotator_kind"]) == {"llm"} and set(frame["dataset"]) == {"ultrafeedback/flan"}
        assert set(frame["model_1"]) | set(frame["model_2"]) == {"owl", "bat", "cat"}
        assert notes_of(frame) == ["2 pairs have an output without a rating and are unparsed"]


def test_the_binarised_copy_is_read_with_its_scores(tmp_path: Path) -> None:
    def row(prompt: str, score_rejected: float) -> dict[str, object]:
        chosen, rejected = (
            [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}] for answer in "ab"
        )
        scores = {"score_chosen": 7.0, "score_rejected": score_rejected}
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected, **scores}

    pd.DataFrame([row("p", 7.0), row("q", 3.0)]).to_parquet(tmp_path / "train_prefs.parquet")
    frame = read_annotations(tmp_path / "train_prefs.parquet").set_index("instruction")
    # Chosen at random among equals by its makers: a tie.
    assert frame["preference"]["p"] == 1.5 and frame["preference"]["q"] != 1.5
    assert set(frame["annotator_kind"]) == {"llm"}


def test_raters_are_compared_with_themselves_only_and_hashed(tmp_path: Path) -> None:
    rows = ["instruction,output,score,model,annotator"]
    rows += ["p,a,3,owl,mia@example.org", "p,b,1,bat,mia@example.org", "p,b,5,bat,W1LLEM", "p,a,4,owl,W1LLEM"]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    frame = read_annotations(tmp_path / "own.csv")
    assert frame["item_id"].nunique() == 1 and len(frame) == 2
    better = frame["output_1"].where(frame["preference"] == 1, frame["output_2"])
    assert sorted(better) == ["a", "b"]
    assert frame["annotator"].str.fullmatch("own_human_[0-9a-f]{12}").all()


def test_a_rating_that_is_no_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("prompt,response,rating\np,a,3\np,b,good\n")
    with pytest.raises(DataError, match=r"row 2, field `rating`: expected a valid number, .*got 'good'"):
        read_annotations(tmp_path / "own.csv")


def test_a_completion_that_lacks_an_aspect_in_parquet(tmp_path: Path) -> None:
    def completion(model: str, **ratings: str) -> dict[str, object]:
        return {"model": model, "response": f"{model}!", "annotations": {a: {"Rating": r} for a, r in ratings.items()}}

    row = {"instruction": "p", "completions": [completion("owl", help="5", honesty="4"), completion("bat", help="2")]}
    pd.DataFrame([row]).to_parquet(tmp_path / "uf.parquet")
    assert winners(read_annotations(tmp_path / "uf.parquet")) == {frozenset(("owl!", "bat!")): "owl!"}
