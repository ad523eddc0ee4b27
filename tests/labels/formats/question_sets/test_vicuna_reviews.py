import json
from pathlib import Path

import numpy as np
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations

QUESTIONS = [{"question_id": 1, "text": "Name a fruit."}, {"question_id": 2, "text": "Name a tree."}]


def lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows))


def review(question: int, first: str, second: str, score: object, **other: object) -> dict[str, object]:
    return {
        "review_id": "r", "question_id": question, "answer1_id": f"{first}-{question}",
        "answer2_id": f"{second}-{question}", "text": "...", "score": score, "reviewer_id": "gpt-9-generic",
    } | other  # fmt: skip


def bench(folder: Path) -> Path:
    lines(folder / "question.jsonl", QUESTIONS)
    for model in ("owl-7b", "bat"):
        answers = [
            {"question_id": k, "answer_id": f"{model}-{k}", "text": f"{model} says {k}", "model_id": f"{model}:v1"}
            for k in (1, 2)
        ]
        lines(folder / "answer" / f"answer_{model}.jsonl", answers)
    return folder


def test_scores_become_preferences_and_the_ids_say_who_was_shown_first(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    lines(folder / "review/review_owl-7b_bat.jsonl", [
        review(1, "owl-7b", "bat", [8.0, 9.5]), review(2, "owl-7b", "bat", [7, 7], reviewer_id="gpt-9-coding"),
    ])  # fmt: skip
    frame = read_annotations(folder)
    assert frame["item_id"].tolist() == ["vicuna80-q01-owl-7b-vs-bat", "vicuna80-q02-owl-7b-vs-bat"]
    assert frame["preference"].tolist() == [2, 1.5]
    assert frame[["score_1", "score_2"]].to_numpy().tolist() == [[8, 9.5], [7, 7]]
    assert frame["output_2"].tolist() == ["bat says 1", "bat says 2"]
    # One reviewer, whatever the category of its prompt.
    assert set(frame["annotator"]) == {"gpt-9/score10"}


def test_files_of_both_orders_meet_and_are_told_apart(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    by = {"reviewer_id": 1}
    name = "answer-{}-vs-answer-{}-gpt-9-reviewer-threeclass.jsonl"
    lines(folder / "review" / name.format("bat", "owl-7b"), [
        review(1, "bat", "owl-7b", 1, **by), review(2, "bat", "owl-7b", 3, **by),
    ])  # fmt: skip
    lines(folder / "review" / name.format("owl-7b", "bat"), [
        review(1, "owl-7b", "bat", 1, **by), review(2, "owl-7b", "bat", 2, **by),
    ])  # fmt: skip
    frame = read_annotations(folder)
    labels = frame.pivot(index=["annotator", "first_shown"], columns="item_id", values="preference")
    assert labels.loc["gpt-9/threeclass", 1].tolist() == [1, 1.5]
    # The first shown won and the second shown won: owl-7b is output_2, bat output_1.
    assert labels.loc["gpt-9/threeclass", 2].tolist() == [2, 1]


def test_a_negative_score_is_unparsed(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    lines(folder / "review/review_owl-7b_bat.jsonl", [review(1, "owl-7b", "bat", [-1, -1])])
    frame = read_annotations(folder)
    assert np.isnan(frame["preference"][0])
    assert notes_of(frame) == ["1 of 1 verdicts are unparsed"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (review(1, "owl-7b", "bat", 4), r"row 1, field `score`: expected two scores, or 1, 2 or 3 \(tie\), got 4"),
        (review(1, "owl-7b", "bat", [1.0]), r"row 1, field `score`: expected two scores"),
        (review(3, "owl-7b", "bat", 1), r"row 1: expected answer ids|row 1: no question 3"),
    ],
)
def test_a_malformed_review_names_file_row_and_field(tmp_path: Path, row: dict[str, object], message: str) -> None:
    folder = bench(tmp_path)
    lines(folder / "review/review_owl-7b_bat.jsonl", [row])
    with pytest.raises(DataError, match=rf"review_owl-7b_bat\.jsonl: {message}"):
        read_annotations(folder)


def test_the_human_file_of_faireval(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    lines(folder / "review/review_owl-7b_bat_gpt-9_mec3_bpc1.json", [
        {"question_id": k, "question": "?", "review": ["."], "review_bpc": ["."], "score": [5.0, 4.5]} for k in (1, 2)
    ])  # fmt: skip
    (folder / "review/review_owl-7b_bat_human.txt").write_text("BAT\nTIE\n")
    frame = read_annotations(folder)
    humans = frame[frame["annotator_kind"] == "human"]
    assert humans["preference"].tolist() == [2, 1.5] and humans["model_1"].tolist() == ["owl-7b"] * 2
    assert humans["item_id"].tolist() == ["faireval-01", "faireval-02"]
    judge = frame[frame["annotator_kind"] == "llm"]
    # Balanced over both orders by the script itself; the file names no reviewer.
    assert judge["first_shown"].tolist() == [0, 0] and judge["preference"].tolist() == [1, 1]
    assert set(judge["annotator"]) == {"gpt-9_mec3_bpc1"}


@pytest.mark.parametrize(
    ("words", "message"),
    [("BAT\n", "expected 2 lines, one a question; got 1"), ("BAT\nCAT", "line 2: expected owl-7b, bat")],
)
def test_a_malformed_human_file_is_refused(tmp_path: Path, words: str, message: str) -> None:
    folder = bench(tmp_path)
    path = folder / "review/review_owl-7b_bat_human.txt"
    path.parent.mkdir()
    path.write_text(words)
    with pytest.raises(DataError, match=message):
        read_annotations(path)


def test_a_missing_answer_is_named(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    (folder / "review").mkdir()
    (folder / "review/review_owl-7b_bat_human.txt").write_text("BAT\nTIE\n")
    answers = (folder / "answer/answer_bat.jsonl").read_text().splitlines()
    (folder / "answer/answer_bat.jsonl").write_text(answers[0])
    with pytest.raises(DataError, match=r"answer_bat\.jsonl has no answer to the questions \[2\]"):
        read_annotations(folder)


def test_the_score_sums_of_the_original_reviews(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["vicuna80_gpt4_reviews"]
    frame = read_annotations(humandata / "raw/vicuna80_reviews")
    for model, rows in frame.groupby("model_1"):
        expected = answers["total_scores"]["value"][model]
        assert (rows["score_1"].sum(), rows["score_2"].sum()) == (expected["baseline"], expected["vicuna_13b"])
        counts = [int((rows["preference"] == value).sum()) for value in (1, 2, 1.5)]
        assert counts == expected["win_lose_tie"]


def test_the_label_counts_of_faireval(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["faireval"]
    frame = read_annotations(humandata / "raw/faireval")
    counts = frame.groupby("annotator")["preference"].value_counts().unstack()
    keys = {
        "faireval_human_consensus": "human_win_tie_lose_chatgpt_vs_vicuna13b",
        "gpt-4-0328/score10": "judge__gpt-4-0328/vicuna-score10/AB",
        "gpt-4/threeclass": "judge__gpt-4/qlora-threeclass/AB",
    }
    for annotator, key in keys.items():
        expected = answers[key]["value"]
        assert counts.loc[annotator, [1.0, 1.5, 2.0]].tolist() == [
            expected["chatgpt_wins"], expected["tie"], expected["vicuna_wins"]
        ]  # fmt: skip


@pytest.mark.parametrize(("raw", "name"), [("vicuna80_reviews", "vicuna80_gpt4_reviews"), ("faireval", "faireval")])
def test_the_original_files_give_the_normalised_tables(humandata: Path, raw: str, name: str) -> None:
    renamed = {"gpt-4/qlora-threeclass": "gpt-4/threeclass", "gpt-4-0328/vicuna-score10": "gpt-4-0328/score10"}
    table = read_annotations(humandata / f"{name}.parquet").replace({"annotator": renamed})
    frame = read_annotations(humandata / f"raw/{raw}").set_index(["item_id", "annotator"])
    # The second order of FairEval's judge is in the table, its file is not among the originals.
    is_second = (table["annotator"] == "gpt-4/threeclass") & (table["first_shown"] == 2)
    table = table[~is_second].set_index(["item_id", "annotator"]).loc[frame.index]
    columns = ["instruction", "output_1", "output_2", "preference", "annotator_kind"]
    assert frame[columns].equals(table[columns])


def test_reviews_without_their_questions_say_what_is_missing(tmp_path: Path) -> None:
    folder = bench(tmp_path)
    lines(folder / "review/review_owl-7b_bat.jsonl", [review(1, "owl-7b", "bat", None)])
    assert read_annotations(folder)["preference"].isna().all()
    (folder / "question.jsonl").unlink()
    for path in (folder, folder / "review/review_owl-7b_bat.jsonl"):
        with pytest.raises(DataError, match=r"expected review/review_\*.jsonl with question.jsonl"):
            read_annotations(path)
