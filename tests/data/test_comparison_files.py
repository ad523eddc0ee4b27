"""Comparisons from one file or two, and annotations written beside the rows they belong to."""

import json
from pathlib import Path

import pandas as pd
import pytest

from farm.data.annotated_rows import annotated, annotated_schema, open_writers
from farm.data.comparison_files import open_comparisons
from farm.data.files.rows import DataError, Row, read_rows
from farm.labels.read import read_annotations
from farm.labels.verdicts import comparison_of_row
from farm.records import Annotation, Comparison, Preference
from tests.data.layouts.one_pair import ASKED, CHOSEN, HISTORY, REJECTED, SINGLE, assistant, user, write

ROWS: list[Row] = [
    {
        "instruction": "Grüß",
        "input": "dich 😀",
        "output_1": "a\nb",
        "output_2": 'c,"d"\r',
        "generator_1": "x",
        "extra": 1,
    },
    {"instruction": "two", "output_1": "same", "output_2": "same", "generator_1": "x", "extra": 2},
    {"instruction": "two", "output_1": "same", "output_2": "same", "generator_1": "x", "extra": 2},
]
ANNOTATION = Annotation(
    comparison_key="k", annotator="pool", judge="j", first_shown=2, seed=3, clean_preference=Preference.SECOND,
    preference=Preference.TIE, is_noised=True, p_first=0.25, raw_reply="(b)\r\n✓", cost_usd=None, latency_seconds=0.5,
    n_prompt_tokens=4,
)  # fmt: skip
MISSING = Annotation(
    comparison_key="k", annotator="pool", judge="j", first_shown=2, clean_preference=None, preference=None,
    is_noised=False, unparsed_reason="refused",
)  # fmt: skip


def written(path: Path, rows: list[Row]) -> Path:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


def annotate_all(paths: list[Path], *outputs: Path) -> None:
    with open_comparisons(paths) as source, open_writers(outputs, annotated_schema(source.schema)) as writers:
        for number, chunk in enumerate(source.chunks(2)):
            for writer in writers:
                writer.write([annotated(row, MISSING if number else ANNOTATION) for row, _ in chunk])


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".parquet"])
def test_rows_are_read_alike_from_every_format(tmp_path: Path, ending: str) -> None:
    with open_comparisons([written(tmp_path / f"pairs{ending}", ROWS)]) as source:
        assert source.n_rows == 3
        chunks = list(source.chunks(2))
        assert [len(chunk) for chunk in chunks] == [2, 1]
        assert chunks[0][0].comparison == Comparison(
            instruction="Grüß", input="dich 😀", output_1="a\nb", output_2='c,"d"\r', generator_1="x"
        )
        assert [c.instruction for chunk in source.chunks(10) for _, c in chunk] == ["Grüß", "two", "two"]


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".parquet", ".jsonl.gz"])
def test_the_same_rows_come_back_in_order_with_their_annotation(tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"deep/out{ending}"
    annotate_all([written(tmp_path / "pairs.json", ROWS)], output)
    rows = read_rows(output)
    is_text = ending == ".csv"
    assert [row["instruction"] for row in rows] == ["Grüß", "two", "two"]
    first, _, last = rows
    assert {name: first[name] for name in ("input", "output_1", "output_2")} == {
        "input": "dich 😀", "output_1": "a\nb", "output_2": 'c,"d"\r',
    }  # fmt: skip
    assert first["extra"] == ("1" if is_text else 1)
    assert (first["preference"], first["p_first"]) == (("1.5", "0.25") if is_text else (1.5, 0.25))
    assert (first["clean_preference"], first["raw_reply"]) == ("2" if is_text else 2, "(b)\r\n✓")
    assert (last["preference"], last["unparsed_reason"]) == ("" if is_text else None, "refused")
    assert list(tmp_path.glob("deep/*")) == [output] and list(tmp_path.glob("deep/.*")) == []


def test_the_json_is_what_alpaca_eval_reads(tmp_path: Path) -> None:
    annotate_all([written(tmp_path / "pairs.json", ROWS)], tmp_path / "out.json", tmp_path / "out.parquet")
    frame = pd.read_json(tmp_path / "out.json")
    assert list(frame["preference"].iloc[:2]) == [1.5, 1.5]
    assert {"instruction", "output_1", "output_2", "generator_1", "annotator", "preference"} <= set(frame.columns)
    assert pd.read_parquet(tmp_path / "out.parquet")["preference"].isna().sum() == 1


def test_columns_that_have_our_names_come_back_as_given(tmp_path: Path) -> None:
    rows: list[Row] = [{**ROWS[0], "preference": 2, "annotator": "anna"}]
    annotate_all([written(tmp_path / "a.json", rows)], tmp_path / "b.json")
    annotate_all([tmp_path / "b.json"], tmp_path / "c.json")
    (row,) = read_rows(tmp_path / "c.json")
    assert (row["preference"], row["given_preference"], row["given_given_preference"]) == (1.5, 1.5, 2)
    assert (row["annotator"], row["given_annotator"], row["given_given_annotator"]) == ("pool", "pool", "anna")


def test_types_of_other_columns_survive(tmp_path: Path) -> None:
    odd: list[Row] = [
        {**ROWS[1], "mixed": 1, "deep": {"a": [1]}, "half": "\ud83d", "big": 2**70, "flag": True, "number": 1},
        {**ROWS[2], "mixed": "x", "late": 1.5, "number": 0.5},
    ]
    path = written(tmp_path / "a.jsonl", odd)
    annotate_all([path], tmp_path / "b.parquet", tmp_path / "b.jsonl", tmp_path / "b.csv")
    first, second = read_rows(tmp_path / "b.parquet")
    assert (first["mixed"], first["deep"], first["half"], first["flag"]) == ("1", '{"a": [1]}', "\ufffd", True)
    assert (first["big"], first["number"], first["late"], second["late"]) == (str(2**70), 1.0, None, 1.5)
    first, second = read_rows(tmp_path / "b.jsonl")
    assert {name: first[name] for name in odd[0]} == {**odd[0], "half": "\ufffd"} and "late" not in first
    assert [row["half"] for row in read_rows(tmp_path / "b.csv")] == ["\ufffd", ""]
    annotate_all([tmp_path / "b.parquet"], tmp_path / "c.parquet")
    assert read_rows(tmp_path / "c.parquet")[1]["late"] == 1.5


def test_rows_that_do_not_fit_are_all_counted_before_anything_starts(tmp_path: Path) -> None:
    rows = [ROWS[0], {"instruction": "i", "output": "o"}, {**ROWS[1], "output_2": None}, {**ROWS[1], "output_1": 3}]
    path = written(tmp_path / "pairs.jsonl", rows)
    with pytest.raises(DataError) as caught, open_comparisons([path]):
        pass
    message = str(caught.value)
    assert "3 of 4 rows" in message
    assert "row 2: expected the fields output_1, output_2; it has only instruction, output" in message
    assert "row 3, field `output_2`" in message and "row 4, field `output_1`" in message


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]")
    (tmp_path / "none.csv").write_text("instruction,output_1,output_2\n")
    for name in ("none.json", "none.csv"):
        with pytest.raises(DataError, match="holds no rows"), open_comparisons([tmp_path / name]):
            pass


def test_two_files_of_outputs_meet_by_instruction_and_input(tmp_path: Path) -> None:
    alpaca_farm: list[Row] = [
        {"instruction": "Add", "input": "1 2", "output": "3", "generator": "A", "datasplit": "eval"},
        {"instruction": "Alone", "output": "?", "generator": "A"},
        {"instruction": "Twice", "output": "first", "generator": "A"},
        {"instruction": "Twice", "output": "second", "generator": "A"},
    ]
    alpaca_eval: list[Row] = [  # the input is merged, the generator unnamed
        {"instruction": "Twice", "output": "erstens"},
        {"instruction": "Other", "output": "!"},
        {"instruction": "Add\n\n1 2", "output": "drei"},
        {"instruction": "Twice", "output": "zweitens"},
    ]
    paths = [written(tmp_path / "a.json", alpaca_farm), written(tmp_path / "model_b.jsonl", alpaca_eval)]
    with open_comparisons(paths) as source:
        rows = [row for chunk in source.chunks(2) for row, _ in chunk]
        assert [(r["output_1"], r["output_2"]) for r in rows] == [
            ("3", "drei"), ("first", "erstens"), ("second", "zweitens"),
        ]  # fmt: skip
        assert (rows[0]["input"], rows[0]["datasplit"]) == ("1 2", "eval")
        assert (rows[0]["generator_1"], rows[0]["generator_2"]) == ("A", "model_b")
        assert source.n_rows == 3
        notes = "\n".join(source.notes)
    assert f"1 of 4 outputs in {paths[0]} have none beside them in {paths[1]}, the first to 'Alone'" in notes
    assert f"1 of 4 outputs in {paths[1]} have none beside them in {paths[0]}, one to 'Other'" in notes


def test_two_files_that_share_no_instruction_are_refused(tmp_path: Path) -> None:
    a = written(tmp_path / "a.json", [{"instruction": "x", "output": "1"}])
    b = written(tmp_path / "b.json", [{"instruction": "y", "output": "1"}])
    with pytest.raises(DataError, match=r"no instruction .* is in both files"), open_comparisons([a, b]):
        pass
    with (
        pytest.raises(DataError, match="expected the fields output;"),
        open_comparisons([a, written(tmp_path / "c.json", ROWS)]),
    ):
        pass
    with (
        pytest.raises(DataError, match="one file of comparisons or two files of outputs, got 3"),
        open_comparisons([a] * 3),
    ):
        pass


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    output.write_text("old")
    pairs = written(tmp_path / "a.json", ROWS)
    with (
        pytest.raises(KeyboardInterrupt),
        open_comparisons([pairs]) as source,
        open_writers([output], annotated_schema(source.schema)) as (writer,),
    ):
        writer.write([annotated(ROWS[0], ANNOTATION)])
        raise KeyboardInterrupt
    assert output.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "out.json"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pairs = written(tmp_path / "a.json", ROWS)
    with pytest.raises(DataError, match=r"a\.json/out\.csv cannot be written: File exists"):
        annotate_all([pairs], pairs / "out.csv")


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_instructions_may_be_conversations(tmp_path: Path, ending: str) -> None:
    chat = [*(message._asdict() for message in HISTORY), user("Go on.")]
    answers: Row = {"output_1": "a", "output_2": "b" if ending == "csv" else [assistant("b")]}
    rows: list[Row] = [{"instruction": chat, **answers}, {"instruction": [user("two")], **answers}]
    with open_comparisons([write(tmp_path / f"pairs.{ending}", *rows)]) as source:
        first, second = (compared.comparison for chunk in source.chunks(10) for compared in chunk)
    assert (first.instruction, first.history) == ("Go on.", HISTORY)
    assert second.key == Comparison(instruction="two", output_1="a", output_2="b").key


def test_what_is_annotated_is_read_again_as_the_same_comparison(tmp_path: Path) -> None:
    chat = [*(message._asdict() for message in HISTORY), user("Go on.")]
    source = write(tmp_path / "pairs.jsonl", {"instruction": chat, "output_1": "a", "output_2": "b"})
    outputs = [tmp_path / f"out.{ending}" for ending in ("json", "jsonl", "csv", "parquet")]
    annotate_all([source], *outputs)
    for output in outputs:
        (row,) = read_annotations(output).to_dict("records")
        comparison = comparison_of_row(row)
        assert (comparison.instruction, comparison.history) == ("Go on.", HISTORY)


def test_outputs_of_other_layouts_are_joined(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", {"prompt": "q", "response": "x", "model": "owl"},
                  {"messages": [*(m._asdict() for m in HISTORY), user("r"), assistant("y")]})  # fmt: skip
    second = write(tmp_path / "b.jsonl", {"instruction": [user("q")], "output": "z", "generator": "bat"},
                   {"instruction": "r", "output": "another r"},
                   {"conversations": [*(m._asdict() for m in HISTORY), user("r")], "output": "w"})  # fmt: skip
    with open_comparisons([first, second]) as source:
        pairs = [compared.comparison for chunk in source.chunks(10) for compared in chunk]
        assert "1 of 3 outputs" in source.notes[0]  # "r" without a history is another instruction
    assert [(p.instruction, p.history, p.output_1, p.output_2, p.generator_1, p.generator_2) for p in pairs] == [
        ("q", (), "x", "z", "owl", "bat"), ("r", HISTORY, "y", "w", "a", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["trl_text", "trl_implicit", "llamafactory_sharegpt", "hh_rlhf"])
def test_preference_pairs_are_compared_without_telling_which_was_chosen(tmp_path: Path, name: str) -> None:
    swapped = {"prompt": ASKED, "chosen": REJECTED, "rejected": CHOSEN}
    rows = [SINGLE[name], swapped] if name == "trl_text" else [SINGLE[name]]
    outputs = [tmp_path / f"out.{ending}" for ending in ("json", "csv", "parquet")]
    annotate_all([write(tmp_path / "pairs.jsonl", *rows)], *outputs)
    for output in outputs:
        frame = read_annotations(output)  # the annotator's verdicts, not the labels that came with the pairs
        assert set(frame["annotator"]) == {"pool"} and set(frame["instruction"]) == {ASKED}
        assert frame["output_1"].nunique() == 1
        assert set(frame[["output_1", "output_2"]].iloc[0]) == {CHOSEN, REJECTED}
