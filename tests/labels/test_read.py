import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from farm.data.files.rows import DataError
from farm.labels.annotation_row import ANNOTATION_COLUMNS
from farm.labels.annotation_table import same_order
from farm.labels.presented_orders import one_verdict_each
from farm.labels.read import FORMATS, notes_of, read_annotations

ROW = {
    "instruction": "Name a fruit.",
    "output_1": "Fig.",
    "output_2": "Sum.",
    "annotator": "w1",
    "annotator_kind": "human",
    "preference": 1,
}


def table(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "table.json"
    path.write_text(json.dumps(list(rows)))
    return path


def test_preferences_keep_their_meaning(tmp_path: Path) -> None:
    given = [1, 2, 1.5, 0, 1.25, None]
    rows = [{**ROW, "item_id": str(k), "preference": p} for k, p in enumerate(given)]
    frame = read_annotations(table(tmp_path, *rows))
    assert tuple(frame.columns) == ANNOTATION_COLUMNS
    # 0 is how AlpacaFarm writes a draw; nothing is unparsed.
    assert frame["preference"].tolist()[:5] == [1, 2, 1.5, 1.5, 1.25]
    assert np.isnan(frame["preference"][5])


@pytest.mark.parametrize("wrong", [3, 0.5, -1, "3", True, False, "true"])
def test_other_preferences_are_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(DataError, match=r"expected 1 \(output_1 better\), 2 \(output_2\)"):
        read_annotations(table(tmp_path, {**ROW, "preference": wrong}))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([True, False, True], "booleans (1 say false and 2 say true)"),
        ([0, 1, 0.5], "between 0 and 1"),
        ([0.2, 0.9], "between 0.2 and 0.9"),
        ([1, -1, 1], "between -1 and 1 (1 say -1, 2 say 1)"),
        ([-3, 2, 0, 1], "between -3 and 2"),
        (["1", "0", "0"], "between 0 and 1 (2 say 0, 1 say 1)"),
        ([1, 5, 3, 4], "between 1 and 5"),
    ],
)
def test_a_file_of_another_scale_is_refused_in_one_sentence(tmp_path: Path, values: list[object], what: str) -> None:
    rows = [{**ROW, "item_id": str(k), "preference": value} for k, value in enumerate(values)]
    with pytest.raises(DataError) as caught:
        read_annotations(table(tmp_path, *rows))
    assert what in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_numbers_in_text_and_words_are_preferences(tmp_path: Path) -> None:
    values = ["1", "2.0", "1.5", "0", "output_2", "Tie", " first ", 1.25, 2**0]
    rows = [{**ROW, "item_id": str(k), "preference": value} for k, value in enumerate(values)]
    assert read_annotations(table(tmp_path, *rows))["preference"].tolist() == [1, 2, 1.5, 1.5, 2, 1.5, 1, 1.25, 1]


@pytest.mark.parametrize("nothing", ["", " ", "nan", None])
def test_a_preference_that_says_nothing_is_unparsed(tmp_path: Path, nothing: str | None) -> None:
    frame = read_annotations(table(tmp_path, ROW, {**ROW, "instruction": "Name a nut.", "preference": nothing}))
    assert frame["preference"].isna().tolist() == [False, True]


def test_models_may_be_numbered(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, {**ROW, "model_1": 7, "model_2": 8.0}))
    assert frame[["model_1", "model_2"]].to_numpy().tolist() == [["7", "8"]]
    pd.DataFrame([{**ROW, "model_1": "none", "model_2": "NA"}]).to_csv(tmp_path / "t.csv", index=False)
    frame = read_annotations(tmp_path / "t.csv")
    assert frame[["model_1", "model_2"]].to_numpy().tolist() == [["none", "NA"]]


def test_large_ids_are_kept_to_the_last_figure(tmp_path: Path) -> None:
    rows = [{**ROW, "item_id": item} for item in (2**64 + 1, 2**64 + 3, 1e18)]
    frame = read_annotations(table(tmp_path, *rows))
    assert frame["item_id"].tolist() == ["18446744073709551617", "18446744073709551619", "1000000000000000000"]


def test_alpacaeval_names_are_understood_and_the_kind_may_be_assumed(tmp_path: Path) -> None:
    row = {k: v for k, v in ROW.items() if k != "annotator_kind"} | {"generator_1": "m", "generator_2": "n"}
    path = table(tmp_path, row)
    with pytest.raises(DataError, match=r"(?s)expected the fields annotator_kind.*kind=\"llm\" or .*simulated="):
        read_annotations(path)
    frame = read_annotations(path, assumed_kind="llm")
    assert frame.iloc[0][["model_1", "model_2", "annotator_kind"]].tolist() == ["m", "n", "llm"]


def test_rows_without_an_item_are_matched_by_their_texts(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, ROW, {**ROW, "annotator": "w2"}, {**ROW, "output_2": "Fog."}))
    assert frame["item_id"][0] == frame["item_id"][1] != frame["item_id"][2]


def test_the_last_of_two_verdicts_counts_and_the_dropped_ones_are_counted(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "annotator": "w2"}, {**ROW, "preference": 2}, {**ROW, "preference": 2}]
    frame = read_annotations(table(tmp_path, *rows)).set_index("annotator")
    assert frame["preference"].to_dict() == {"w1": 2, "w2": 1}
    (note,) = notes_of(frame)
    assert "2 of 4 rows are an earlier verdict of the same annotator on the same item and were dropped" in note
    assert "1 of them said something else" in note


def test_with_times_the_latest_verdict_counts_wherever_it_stands(tmp_path: Path) -> None:
    rows = [{**ROW, "preference": 2, "timestamp": "2026-02-01 10:00:00"}, {**ROW, "timestamp": "2026-01-31 23:00:00"}]
    frame = read_annotations(table(tmp_path, *rows))
    assert frame["preference"].tolist() == [2]
    assert "the latest of each counts" in notes_of(frame)[0]


def test_a_pair_shown_the_theirsay_round_is_turned_around(tmp_path: Path) -> None:
    one = {**ROW, "item_id": "7", "model_1": "m", "model_2": "n", "first_shown": 1, "score_1": 4.0, "score_2": 3.0}
    other = one | {"annotator": "w2", "model_1": "n", "model_2": "m", "output_1": "Sum.", "output_2": "Fig."}
    frame = read_annotations(table(tmp_path, one, other))
    theirs = frame[frame["annotator"] == "w2"].iloc[0]
    # The other's "output_1" was Sum., which the table calls output_2; it was seen first.
    assert theirs[["output_1", "model_1", "preference", "first_shown", "score_1"]].tolist() == ["Fig.", "m", 2, 2, 3.0]
    assert notes_of(frame) == ["1 of 2 rows show their pair in the other order and were turned around"]


def test_a_judge_asked_in_both_orders_has_a_verdict_in_each(tmp_path: Path) -> None:
    judge = {**ROW, "annotator": "gpt", "annotator_kind": "llm"}
    person = {**ROW, "annotator": "w1", "preference": 2}
    rows = [judge | {"first_shown": 1}, judge | {"presented_order": " ba"}, person | {"first_shown": 1}, person]
    frame = read_annotations(table(tmp_path, *rows))
    assert frame["annotator"].tolist() == ["gpt", "gpt", "w1"]  # of a person the later label counts
    assert frame["first_shown"].tolist()[:2] == [1, 2]
    assert "judged in both orders: gpt;" in notes_of(frame)[0]
    assert one_verdict_each(frame)["annotator"].tolist() == ["gpt/AB", "gpt/BA", "w1"]


@pytest.mark.parametrize(
    ("name", "first_shown", "expected"),
    [
        ("gpt/AB", None, ("gpt", 1)),
        ("gpt/BA", None, ("gpt", 2)),
        ("gpt/BA/seed3", None, ("gpt/seed3", 2)),
        ("gpt/BA", 1, ("gpt", 1)),  # the column is right
        ("gpt/ABC", None, ("gpt/ABC", None)),
        ("/AB", None, ("/AB", None)),
    ],
)
def test_an_order_in_a_name_is_read_into_its_column(
    tmp_path: Path, name: str, first_shown: int | None, expected: tuple[str, int | None]
) -> None:
    judge = {**ROW, "annotator": name, "annotator_kind": "llm", "first_shown": first_shown}
    frame = read_annotations(table(tmp_path, judge))
    shown = None if expected[1] is None else frame["first_shown"].tolist()[0]
    assert (frame["annotator"].tolist()[0], shown) == expected
    assert any("names say which output they saw first" in note for note in notes_of(frame)) == (expected[1] is not None)


def test_a_person_called_like_an_order_keeps_the_name(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, ROW | {"annotator": "w1/AB"}))
    assert "first_shown" not in frame


def test_an_empty_output_is_an_output(tmp_path: Path) -> None:
    one = {**ROW, "item_id": "7", "output_1": "", "output_2": "x"}
    other = {**ROW, "item_id": "7", "output_1": "x", "output_2": "", "annotator": "w2"}
    assert read_annotations(table(tmp_path, one, other))["preference"].tolist() == [1, 2]


def test_models_that_one_row_lacks_do_not_hide_the_other_order(tmp_path: Path) -> None:
    one = {**ROW, "item_id": "7", "model_1": "m", "model_2": "n", "output_1": "x", "output_2": "y"}
    other = {**ROW, "item_id": "7", "output_1": "y", "output_2": "x", "annotator": "w2"}
    assert read_annotations(table(tmp_path, one, other))["preference"].tolist() == [1, 2]


def test_numbered_items_and_annotators_meet_whatever_wrote_the_numbers(tmp_path: Path) -> None:
    rows = [{**ROW, "item_id": k, "annotator": 3 + k, "raw_label": 2.5} for k in (7, 8)]
    frame = read_annotations(table(tmp_path, *rows))
    assert frame[["item_id", "annotator", "raw_label"]].to_numpy().tolist() == [["7", "10", "2.5"], ["8", "11", "2.5"]]
    pd.DataFrame(rows).astype({"item_id": "float64"}).to_parquet(tmp_path / "t.parquet")
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    for name in ("t.parquet", "t.csv"):
        assert_frame_equal(read_annotations(tmp_path / name, assumed_kind="human"), frame)


def test_a_scale_of_zero_and_one_is_refused(tmp_path: Path) -> None:
    rows = [{**ROW, "item_id": str(k), "preference": p} for k, p in enumerate([0, 1, 1, None])]
    with pytest.raises(DataError, match=r"between 0 and 1 \(1 say 0, 2 say 1\), so this is another scale"):
        read_annotations(table(tmp_path, *rows))


def test_labels_off_the_scale_are_counted(tmp_path: Path) -> None:
    rows = [{**ROW, "item_id": str(k), "preference": p} for k, p in enumerate([1, 5, -1, 2, 2, 2, 2, 2, 2])]
    with pytest.raises(
        DataError, match=r"2 of 9 rows are not as expected(.|\n)*row 2, field `preference`: expected 1 \("
    ):
        read_annotations(table(tmp_path, *rows))


def test_mixed_scales_are_announced(tmp_path: Path) -> None:
    graded = [{**ROW, "item_id": str(k), "preference": p} for k, p in enumerate([1.25, 1.75, 2])]
    hard = [{**ROW, "item_id": str(k), "annotator": "w2"} for k in range(3)]
    (note,) = notes_of(read_annotations(table(tmp_path, *graded, *hard)))
    assert note.startswith("mixed scales: 1 annotators grade (2 labels between 1, 1.5 and 2), 1 say only")


def test_mail_addresses_and_worker_ids_are_hashed(tmp_path: Path) -> None:
    names = ["ada@example.org", "A2B3C4D5E6F7G8", "5f1e9a0b3c4d5e6f7a8b9c0d", "expert 1"]
    path = table(tmp_path, *({**ROW, "annotator": name} for name in names))
    shown = read_annotations(path)["annotator"].tolist()
    assert shown == read_annotations(path)["annotator"].tolist()
    assert len(set(shown)) == 4 and shown[3] == "expert 1"
    assert all(re.fullmatch("human_[0-9a-f]{12}", name) for name in shown[:3])
    judges = ["A2B3C4D5E6F7G8", "owner/gpt@v1.2", "ada@example.org"]
    path = table(tmp_path, *({**ROW, "annotator": name, "annotator_kind": "llm"} for name in judges))
    # A human table read as the simulated side still names nobody.
    assert read_annotations(path)["annotator"].tolist() == [*judges[:2], shown[0]]


def test_an_answer_that_looks_like_a_boolean_or_a_number_is_text(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, {**ROW, "output_1": True, "output_2": 42}))
    assert frame.loc[0, ["output_1", "output_2"]].tolist() == ["True", "42"]


def test_names_of_people_are_hashed_and_codes_and_roles_are_kept(tmp_path: Path) -> None:
    codes = ["w1", "7", "b", "pandalm_human_1", "Annotator B", "crowd", "turk_12"]
    people = ["Jane Doe", "jane", "JD", "j.doe"]
    frame = read_annotations(table(tmp_path, *({**ROW, "annotator": name} for name in [*codes, *people])))
    assert frame["annotator"].tolist()[: len(codes)] == codes
    assert all(re.fullmatch("human_[0-9a-f]{12}", name) for name in frame["annotator"].tolist()[len(codes) :])
    assert notes_of(frame) == ["the names of 4 annotators may tell who they are and were hashed"]
    judge = {**ROW, "annotator": "vicuna", "annotator_kind": "llm"}
    assert read_annotations(table(tmp_path, judge))["annotator"].tolist() == ["vicuna"]


def test_pairs_that_share_an_item_id_are_items_of_their_own(tmp_path: Path) -> None:
    # Many a table calls an item by its instruction, and has several pairs of models on it.
    one = {**ROW, "item_id": "q1", "model_1": "m", "model_2": "n"}
    turned = {**one, "annotator": "w2", "output_1": ROW["output_2"], "output_2": ROW["output_1"]}
    turned |= {"model_1": "n", "model_2": "m"}
    other = {**one, "model_2": "k", "output_2": "Plum.", "preference": 2}
    alone = {**one, "item_id": "q2", "instruction": "Name a tree.", "output_1": "Oak.", "output_2": "Elm."}
    frame = read_annotations(table(tmp_path, one, turned, other, alone))
    assert len(frame) == 4 and frame["item_id"].nunique() == 3 and frame["item_id"][3] == "q2"
    assert frame["item_id"][0] == frame["item_id"][1] != frame["item_id"][2]
    assert notes_of(frame)[0].startswith(
        "1 item_id stand for several pairs of outputs each, 'q1' for one; their 3 rows became 2 items"
    )


def test_copied_models_are_announced(tmp_path: Path) -> None:
    rows = [
        {**ROW, "instruction": f"Name fruit {k}.", "output_2": f"{text} {k}", "model_1": "ref", "model_2": model}
        for model, text in (("falcon", "Sum"), ("eagle", "Sum"), ("owl", "Date"))
        for k in range(10)
    ]
    (note,) = notes_of(read_annotations(table(tmp_path, *rows)))
    assert note.startswith("eagle and falcon have the same 10 outputs and verdicts")
    assert notes_of(read_annotations(table(tmp_path, *rows[:9], *rows[10:]))) == []


def test_an_input_merged_into_the_instruction_is_the_same_pair(tmp_path: Path) -> None:
    apart = {**ROW, "instruction": "Add.", "input": "1 and 2"}
    merged = {**ROW, "instruction": "Add.\n\n1 and 2", "annotator": "w2"}
    frame = read_annotations(table(tmp_path, apart, merged))
    assert frame["item_id"].nunique() == 1


def test_csv_and_parquet_give_the_same_table(tmp_path: Path) -> None:
    rows = [
        {**ROW, "item_id": str(k), "preference": p, "first_shown": f, "acceptable_1": a}
        for k, (p, f, a) in enumerate([(1, 1, True), (1.5, 2, False), (None, None, None)])
    ]
    path = table(tmp_path, *rows)
    frame = pd.DataFrame(rows).convert_dtypes()
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    pd.DataFrame(rows).to_parquet(tmp_path / "floats.parquet")  # first_shown as 1.0, 2.0, NaN
    frame.to_csv(tmp_path / "words.csv", index=False, na_rep="NaN")
    expected = read_annotations(path)
    assert expected["first_shown"].tolist()[:2] == [1, 2] and expected["acceptable_1"].tolist()[:2] == [True, False]
    for name in ("t.csv", "t.parquet", "floats.parquet", "words.csv"):
        assert_frame_equal(read_annotations(tmp_path / name), expected)


def test_a_folder_that_holds_no_known_format_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "other.txt").touch()
    with pytest.raises(DataError, match=r"this folder holds \['other\.txt'\].*\n  pandalm: .*testset-v1\.json"):
        read_annotations(tmp_path)


def test_a_folder_of_several_datasets_is_refused(tmp_path: Path) -> None:
    for name, row in (
        ("hh", {"chosen": "a", "rejected": "b"}),
        ("arena", {"model_a": "m", "model_b": "n", "winner": "tie"}),
    ):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "test.json").write_text(json.dumps([row]))
    for folder in (tmp_path, tmp_path / "all"):
        with pytest.raises(
            DataError, match=r"all: several kinds .*\(chatbot_arena in arena/, pairs in hh/\); give one"
        ):
            read_annotations(folder)


def test_a_pair_in_the_other_order_is_the_same_pair(tmp_path: Path) -> None:
    swapped = {**ROW, "annotator": "w2", "output_1": "Sum.", "output_2": "Fig."}
    frame = read_annotations(table(tmp_path, ROW, swapped))
    assert frame["item_id"].nunique() == 1 and frame["preference"].tolist() == [1, 2]
    assert read_annotations(table(tmp_path, swapped))["item_id"][0] == frame["item_id"][0]


def test_a_delimiter_that_the_name_does_not_say_is_found_and_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("instruction;output_1;output_2;annotator;preference\na,a;b;c;d;1\n")
    frame = read_annotations(tmp_path / "t.csv", assumed_kind="human")
    assert frame["instruction"].tolist() == ["a,a"]
    assert notes_of(frame)[0] == "t.csv: its cells are parted by semicolons, as its header shows"


def test_a_folder_of_a_dataset_is_one_table_and_its_splits_are_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, instruction in (
        ("train-00000-of-00002", "a"),
        ("train-00001-of-00002", "b"),
        ("test-00000-of-00001", "c"),
    ):
        pd.DataFrame([{**ROW, "instruction": instruction}]).to_parquet(tmp_path / "data" / f"{name}.parquet")
    frame = read_annotations(tmp_path)
    assert sorted(frame["instruction"]) == ["a", "b", "c"]
    assert "2 splits are read as one table: test, train" in notes_of(frame)[0]
    train = read_annotations(tmp_path / "data" / "train-*-of-00002.parquet")
    assert train["instruction"].tolist() == ["a", "b"] and notes_of(train) == []
    one_file = read_annotations(tmp_path / "data" / "train-00001-of-00002.parquet")
    assert one_file["instruction"].tolist() == ["b"]
    assert "is one file of several" in notes_of(one_file)[0]


def test_words_for_a_preference_are_refused_with_the_scale(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 1, field `preference`: expected 1 \(output_1 better\), .*got 'A'"):
        read_annotations(table(tmp_path, {**ROW, "preference": "A"}))


def test_a_path_that_is_not_there_says_what_is(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").touch()
    with pytest.raises(DataError, match=r"lables\.csv: no such file or folder; .* holds labels\.csv"):
        read_annotations(tmp_path / "lables.csv")


def test_a_format_can_be_forced_by_its_name(tmp_path: Path) -> None:
    rows = [{**ROW, "price_per_example": 0.1}]
    path = table(tmp_path, *({k: v for k, v in row.items() if k != "annotator_kind"} for row in rows))
    assert read_annotations(path).attrs["format"] == "alpaca_farm"
    with pytest.raises(DataError, match="expected the fields annotator_kind"):
        read_annotations(path, format="table")
    with pytest.raises(DataError, match=r"expected one of alpaca_eval, .*got 'alpaca'"):
        read_annotations(path, format="alpaca")
    with pytest.raises(DataError, match="expected the fields model_a"):
        read_annotations(path, format="chatbot_arena")


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({known.name for known in FORMATS}) == len(FORMATS) >= 30


def test_same_order_turns_one_table_to_another(tmp_path: Path) -> None:
    frame = read_annotations(table(tmp_path, {**ROW, "item_id": "1"}))
    reference = read_annotations(table(tmp_path, {**ROW, "item_id": "1", "output_1": "Sum.", "output_2": "Fig."}))
    turned, notes = same_order(frame, reference)
    assert turned["preference"].tolist() == [2] and turned["output_1"].tolist() == ["Sum."]
    assert len(notes) == 1


@pytest.mark.slow
def test_the_original_pandalm_files_give_the_normalised_table(humandata: Path) -> None:
    order = ["item_id", "annotator"]
    normalised = read_annotations(humandata / "pandalm.parquet").sort_values(order, ignore_index=True)
    for path in (humandata / "raw/pandalm", humandata / "raw/pandalm/data/testset-v1.json"):
        assert_frame_equal(read_annotations(path).sort_values(order, ignore_index=True), normalised)


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [
        ("tulu_chatgpt_vs_65B", 403),
        ("llmbar", 192),
        ("faireval", 320),
        pytest.param("alpaca_eval1_gpt4", 27370, marks=pytest.mark.slow),
    ],
)
def test_other_recorded_tables_are_read(humandata: Path, name: str, n_rows: int) -> None:
    frame = read_annotations(humandata / f"{name}.parquet")
    assert len(frame) == n_rows
    source = pd.read_parquet(humandata / f"{name}.parquet")
    assert frame["preference"].isna().sum() == source["preference"].isna().sum()


def test_an_alpacaeval_annotations_file_is_read(humandata: Path) -> None:
    path = humandata / "raw/alpaca_eval/results/alpaca-7b/alpaca_eval_gpt4/annotations.json.gz"
    frame = read_annotations(path, assumed_kind="llm")
    assert len(frame) == 805
    assert set(frame["model_2"]) == {"alpaca-7b"}


@pytest.mark.slow
def test_reading_annotations_needs_no_torch() -> None:
    code = "import sys, farm.labels.read; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
