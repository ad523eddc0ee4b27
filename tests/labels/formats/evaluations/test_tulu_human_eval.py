import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from farm.data.files.rows import DataError
from farm.labels.read import notes_of, read_annotations

COLUMNS = [
    "id", "instance_index", "instance_id", "prompt", "model_a", "model_b", "completion_a", "completion_b",
    "completion_a_is_acceptable", "completion_b_is_acceptable", "preference", "instance_quality", "comment",
    "evaluator", "timestamp",
]  # fmt: skip
INSTANCES = [
    {"id": "q1", "prompt": "Name a fruit.", "completions": [
        {"model": "owl", "completion": "A fig."}, {"model": "bat", "completion": "=SUM(A1)"}]},
    {"id": "q2", "prompt": "Name a tree.", "completions": [
        {"model": "owl", "completion": "Oak."}, {"model": "bat", "completion": "Elm."}]},
]  # fmt: skip
TEXTS = {"q1": {"owl": "A fig.", "bat": "#ERROR!"}, "q2": {"owl": "Oak.", "bat": "Elm."}}


def vote(
    question: str, first: str, preference: str | None, who: str, minute: int, **other: object
) -> dict[str, object]:
    """A row of the sheet as the interface exports it; numbers come back from a spreadsheet as floats."""
    second = {"owl": "bat", "bat": "owl"}[first]
    row: dict[str, object] = {
        "id": float(minute), "instance_index": float(question[1:]), "instance_id": question, "prompt": "?",
        "model_a": first, "model_b": second, "completion_a": TEXTS[question][first],
        "completion_b": TEXTS[question][second], "completion_a_is_acceptable": "yes",
        "completion_b_is_acceptable": "no", "preference": preference, "evaluator": who,
        "timestamp": datetime(2023, 5, 19, 10, minute),
    }  # fmt: skip
    return row | other


def folder(path: Path, votes: Sequence[Mapping[str, object]], *, has_instances: bool = True) -> Path:
    book = openpyxl.Workbook()
    book.create_sheet("notes").append(["nothing", "of interest"])
    sheet = book.create_sheet("votes")
    sheet.append(COLUMNS)
    for row in votes:
        sheet.append([row.get(name) for name in COLUMNS])
    book.save(path / "eval_annotations.xlsx")
    if has_instances:
        (path / "eval_instances.jsonl").write_text("\n".join(json.dumps(row) for row in INSTANCES))
    return path


def test_swapped_sides_give_the_same_preference(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path, [
        vote("q2", "owl", "a-is-better", "mia", 1),
        vote("q2", "bat", "b-is-better", "noa", 2),
        vote("q2", "bat", "a-is-slightly-better", "ida", 3),
        vote("q2", "owl", "tie", "eva", 4),
        vote("q2", "owl", "b-is-slightly-better", "lea", 5),
    ]))  # fmt: skip
    # owl is the .jsonl's first completion, so it is output_1 in every row.
    assert set(frame["model_1"]) == {"owl"} and set(frame["output_1"]) == {"Oak."}
    assert frame["preference"].tolist() == [1, 1, 1.75, 1.5, 1.75]
    assert frame["first_shown"].tolist() == [1, 2, 2, 1, 1]
    # The sheet's A is acceptable, its B is not.
    assert frame["acceptable_1"].tolist() == [True, False, False, True, True]
    assert frame["acceptable_2"].tolist() == [False, True, True, False, False]
    assert set(frame["instruction"]) == {"Name a tree."}


def test_the_latest_vote_of_an_evaluator_counts(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path, [
        vote("q2", "bat", "tie", "mia", 9),
        vote("q2", "owl", "a-is-better", "mia", 1),
        vote("q2", "owl", "b-is-better", "noa", 5),
    ]))  # fmt: skip
    assert sorted(frame["preference"]) == [1.5, 2]
    assert "1 of 3 rows are an earlier verdict" in notes_of(frame)[-1]
    assert frame["labelled_at"].max() == "2023-05-19 10:09:00"


def test_texts_come_from_the_jsonl_where_a_spreadsheet_evaluated_them(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path, [vote("q1", "bat", "tie", "mia", 1), vote("q1", "owl", "tie", "noa", 2)]))
    assert set(frame["output_2"]) == {"=SUM(A1)"}
    assert notes_of(frame)[0].startswith("eval_annotations.xlsx: 2 outputs are not what the .jsonl says")


def test_without_the_jsonl_the_sheets_texts_are_taken_and_errors_counted(tmp_path: Path) -> None:
    path = folder(tmp_path, [vote("q1", "owl", "a-is-better", "mia", 1)], has_instances=False)
    frame = read_annotations(path)
    # Alphabetical: bat before owl, so that sides do not matter here either.
    assert frame.iloc[0][["model_1", "output_1", "preference", "first_shown"]].tolist() == ["bat", "#ERROR!", 2, 2]
    (note,) = notes_of(frame)
    assert note.endswith("so the sheet's own texts are taken, 1 of them spreadsheet errors or empty")


def test_feedback_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    feedback = vote("q2", "owl", None, "mia", 2, instance_quality="bad", comment="Ask mia@example.org")
    frame = read_annotations(folder(tmp_path, [vote("q2", "owl", "tie", "mia", 1), feedback]))
    assert len(frame) == 1
    assert "1 rows are feedback" in notes_of(frame)[0]


def test_no_evaluator_is_named(tmp_path: Path) -> None:
    names = ["mia.meier@example.org", "W1LLEM", "e07"]
    frame = read_annotations(folder(tmp_path, [vote("q2", "owl", "tie", name, k) for k, name in enumerate(names)]))
    written = frame.to_json() + json.dumps(frame.attrs)
    assert not any(name in written for name in names)
    assert frame["annotator"].str.fullmatch("tulu_human_[0-9a-f]{12}").all()
    assert frame["annotator"].nunique() == 3


def test_one_number_for_two_pairs_spells_the_items_out(tmp_path: Path) -> None:
    frame = read_annotations(folder(tmp_path, [
        vote("q1", "owl", "tie", "mia", 1, instance_index=3.0), vote("q2", "owl", "tie", "mia", 2, instance_index=3.0)
    ]))  # fmt: skip
    assert frame["item_id"].tolist() == ["tulu-q1-bat-owl", "tulu-q2-bat-owl"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("preference", "a-wins", r"row 2, field `preference`: expected 'a-is-better'.*got 'a-wins'"),
        ("completion_a_is_acceptable", "maybe", r"row 2, field `completion_a_is_acceptable`: expected 'yes' or 'no'"),
        ("instance_index", "seven", r"row 2, field `instance_index`: expected a valid integer, got 'seven'"),
        ("model_b", "cat", r"a vote on 'q2' between 'owl' and 'cat', which the .jsonl beside it does not have"),
    ],
)
def test_a_malformed_vote_names_file_row_and_field(tmp_path: Path, field: str, value: object, message: str) -> None:
    votes = [vote("q2", "owl", "tie", "mia", 1), {**vote("q2", "owl", "tie", "noa", 2), field: value}]
    with pytest.raises(DataError, match=rf"eval_annotations\.xlsx(.|\n)*{message}"):
        read_annotations(folder(tmp_path, votes))


def test_a_sheet_without_a_column_says_which(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append([name for name in COLUMNS if name != "evaluator"])
    book.save(tmp_path / "votes.xlsx")
    with pytest.raises(DataError, match="no sheet has all columns of TULU's evaluation; missing: evaluator"):
        read_annotations(tmp_path / "votes.xlsx")
    whole = bytearray((tmp_path / "votes.xlsx").read_bytes())
    whole[len(whole) // 2] ^= 0x55
    (tmp_path / "votes.xlsx").write_bytes(whole)
    with pytest.raises(DataError, match=r"votes\.xlsx: "):
        read_annotations(tmp_path)
    (tmp_path / "votes.xlsx").write_bytes(b"no spreadsheet")
    with pytest.raises(DataError, match=r"votes\.xlsx: cannot be read as a spreadsheet"):
        read_annotations(tmp_path)


def test_the_published_figures(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["tulu"]["chatgpt|tulu_65B"]["value"]
    frame = read_annotations(humandata / "raw/tulu/human_eval")
    votes = frame.sort_values("labelled_at")
    first = votes.drop_duplicates("item_id")
    assert len(first) == answers["n_items"] == 332
    assert set(frame["model_1"]) == {"tulu_65B"} and set(frame["model_2"]) == {"chatgpt"}
    labels = ["tulu_65B clearly better", "tulu_65B slightly better", "tie", "chatgpt slightly better"]
    names = dict(zip([1, 1.25, 1.5, 1.75, 2], [*labels, "chatgpt clearly better"], strict=True))
    assert first["preference"].map(names).value_counts().to_dict() == answers["preference_counts"]
    assert round(first["acceptable_1"].mean(), 4) == answers["acceptability"]["tulu_65B"]
    assert round(first["acceptable_2"].mean(), 4) == answers["acceptability"]["chatgpt"]
    again = votes[votes["item_id"].duplicated(keep=False)].groupby("item_id").head(2)
    assert again["item_id"].nunique() == answers["agreement"]["n_items_with_2plus"]


def test_the_original_files_give_the_normalised_table(humandata: Path) -> None:
    frame = read_annotations(humandata / "raw/tulu")
    table = read_annotations(humandata / "tulu_chatgpt_vs_65B.parquet")
    keys = ["item_id", "labelled_at"]
    frame, table = (t.sort_values(keys, ignore_index=True).drop(columns="annotator") for t in (frame, table))
    pd.testing.assert_frame_equal(frame, table)


def test_a_vote_of_nobody_is_refused_and_truth_values_are_answers(tmp_path: Path) -> None:
    spreadsheet = {"completion_a_is_acceptable": True, "completion_b_is_acceptable": False}
    frame = read_annotations(folder(tmp_path, [vote("q2", "owl", "tie", "mia", 1, **spreadsheet)]))
    assert frame[["acceptable_1", "acceptable_2"]].to_numpy().tolist() == [[True, False]]
    with pytest.raises(DataError, match="row 1, field `evaluator`"):
        read_annotations(folder(tmp_path, [vote("q2", "owl", "tie", "", 1)]))


def test_instances_with_more_than_two_completions(tmp_path: Path) -> None:
    folder(tmp_path, [vote("q2", "bat", "a-is-better", "mia", 1), vote("q2", "owl", "tie", "noa", 2)])
    cat = {"model": "cat", "completion": "Ash."}
    instances = [{**row, "completions": [cat, *row["completions"]]} for row in INSTANCES]  # type: ignore[misc]
    (tmp_path / "eval_instances.jsonl").write_text("\n".join(json.dumps(row) for row in instances))
    frame = read_annotations(tmp_path)
    assert set(frame["model_1"]) == {"owl"} and frame["preference"].tolist() == [2, 1.5]
