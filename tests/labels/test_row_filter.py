import ast
import json
from pathlib import Path

import pandas as pd
import pytest

import farm
from farm.data.files.rows import DataError
from farm.errors import UserError
from farm.labels.read import notes_of, read_annotations
from farm.labels.row_filter import row_filters
from tests.paths import ROOT

Row = dict[str, object]


def label(annotator: str, kind: str, preference: float, **other: object) -> Row:
    return {
        "item_id": "i", "instruction": "Name a fruit.", "output_1": "Plum.", "output_2": "Pear.",
        "annotator": annotator, "annotator_kind": kind, "preference": preference,
    } | other  # fmt: skip


LABELS = [
    label("w1", "human", 1, round=1, country="NZ"),
    label("w1", "human", 2, round=2, country="NZ"),
    label("w2", "human", 2, round=1, country="Peru"),
    label("judge", "llm", 1, round=9),
]


def read(rows: list[Row], where: str, folder: Path, kind: str | None = None, name: str = "labels.json") -> pd.DataFrame:
    (folder / name).write_text(json.dumps(rows))
    return read_annotations(folder / name, assumed_kind="human", where=row_filters(where, kind))  # type: ignore[arg-type]


def test_columns_of_the_file_and_of_the_table_choose_rows_and_both_are_counted(tmp_path: Path) -> None:
    frame = read(LABELS, 'round == 1 and (country == "NZ" or preference == 2)', tmp_path)
    assert list(frame["annotator"]) == ["w1", "w2"]
    assert notes_of(frame) == ['kept 2 of 4 rows where round == 1 and (country == "NZ" or preference == 2)']


def test_rows_are_chosen_before_the_later_of_two_verdicts_counts(tmp_path: Path) -> None:
    assert read(LABELS, "round == 1 and annotator == w1", tmp_path)["preference"].tolist() == [1]
    assert read(LABELS, "annotator == w1", tmp_path)["preference"].tolist() == [2]


def test_a_filter_of_people_leaves_judges_alone(tmp_path: Path) -> None:
    frame = read(LABELS, "round == 1", tmp_path, kind="human")
    assert list(frame["annotator"]) == ["w1", "w2", "judge"]
    assert notes_of(frame) == ["kept 2 of 3 labels by people where round == 1"]
    # Where nobody is a person, it is about everybody.
    assert len(read([LABELS[3]], "round == 9", tmp_path, kind="human")) == 1


def test_a_filter_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels.json: for none of the 4 rows holds round == 7"):
        read(LABELS, "round == 7", tmp_path)
    with pytest.raises(DataError, match=r"labels.json: there is no column 'rund'; the columns are .*country.*round"):
        read(LABELS, "rund == 7", tmp_path)


def test_tables_in_memory_are_filtered_too() -> None:
    table = pd.DataFrame(LABELS)
    assert farm.read(table, where="country == Peru").annotators == ("w2",)
    # What was read has the columns of the annotation table only.
    labels = farm.read(table)
    result = farm.compare(labels, labels, where="annotator == w2", report={"n_resamples": 20})
    assert result.agreement.n_total == 1
    assert "kept 1 of 2 labels by people where annotator == w2" in result.text


@pytest.mark.slow
def test_one_file_for_both_sides_can_be_filtered(tmp_path: Path) -> None:
    """Rows are told apart by their place in the file, which a filter of one side leaves as it is."""
    rows = [
        label(name, "human" if name[0] == "w" else "llm", 1, item_id=i, day=i) for i in "abc" for name in ("w1", "j")
    ]
    rows += [label("w1", "human", 2, item_id="c", day="late")]
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(rows))
    for settings, n in (({"where": "day == b"}, 1), ({"simulated_where": "day in [a, b]"}, 2), ({}, 3)):
        found = farm.compare(file, file, report={"n_resamples": 20}, **settings)  # type: ignore[arg-type]
        assert found.agreement.n_total == n
    bare = [{name: cell for name, cell in row.items() if name != "annotator_kind"} for row in rows]
    file.write_text(json.dumps(bare))
    with pytest.raises(UserError, match="does not say which verdicts are whose"):
        farm.compare(file, file, where="day == b")


@pytest.mark.slow
def test_judges_follow_the_people_that_are_left_unless_they_are_narrowed_themselves() -> None:
    rows = [
        label("w1", "human", 1, item_id="a", round=1),
        label("w1", "human", 1, item_id="b", round=2),
        *(label(judge, "llm", 1, item_id=item) for judge in ("j1", "j2") for item in ("a", "b")),
    ]
    table = pd.DataFrame(rows)
    few = {"n_resamples": 20}
    assert farm.compare(table, table, where="round == 1", report=few).agreement.n_total == 2
    narrowed = farm.compare(table, table, where="round == 1", simulated_where="annotator == j2", report=few)
    assert narrowed.agreement.n_total == 1
    assert farm.compare(simulated=table, where="annotator == j2", report=few).details.labels.judges.n_verdicts == 2  # type: ignore[union-attr]
    judged = farm.judge(
        table, where="round == 1", judges_where="annotator == j2", baselines=[], n_resamples=20, attacked_items=0
    )
    assert judged.to_frame()[["judge", "n_verdicts"]].to_numpy().tolist() == [["humans", 1], ["j2", 2]]


VOTE: Row = {"question_id": 81, "turn": 1, "model_a": "owl", "model_b": "bat", "winner": "model_a"}
PANDALM: Row = {
    "idx": 0, "cmp_key": "owl_bat", "instruction": "Name a fruit.", "input": "", "response1": "Plum.",
    "response2": "Pear.", "annotator1": 1, "topic": "fruit",
}  # fmt: skip
HH = [
    {"chosen": f"\n\nHuman: Name it.\n\nAssistant: {good}", "rejected": "\n\nHuman: Name it.\n\nAssistant: No.", "t": t}
    for t, good in enumerate(("Plum.", "Pear."))
]


@pytest.mark.parametrize(
    ("name", "rows", "where", "n_left"),
    [
        ("human.jsonl", [VOTE | {"judge": j} for j in ("expert_1", "author_2", "gpt4")], "judge_kind == expert", 1),
        ("battles.json", [VOTE | {"question_id": f"q{k}", "anony": k == 0} for k in range(3)], "anony == true", 1),
        ("testset-v1.json", [PANDALM, PANDALM | {"idx": 1, "topic": "tree"}], "topic == tree", 1),
        ("hh.jsonl", HH, "t == 1", 1),
        (
            "ratings.json",
            [{"prompt": "Name it.", "response": r, "score": 1, "tag": t} for r, t in (("a", 1), ("b", 1), ("c", 2))],
            "tag == 1",
            1,
        ),
        (
            "alpaca_human_preference.json",
            [label("", "", k, raw_preference=k, sample=k) for k in (1, 2)],
            "sample == 2",
            1,
        ),
    ],
)  # fmt: skip
def test_every_format_knows_the_columns_of_its_rows(
    name: str, rows: list[Row], where: str, n_left: int, tmp_path: Path
) -> None:
    rows = [{key: value for key, value in row.items() if value != ""} for row in rows]
    text = "\n".join(map(json.dumps, rows)) if name.endswith("l") else json.dumps(rows)
    (tmp_path / name).write_text(text)
    everything = read_annotations(tmp_path / name, assumed_kind="human")
    assert len(everything) > n_left
    assert len(read_annotations(tmp_path / name, assumed_kind="human", where=row_filters(where))) == n_left


def test_no_format_makes_a_row_without_saying_what_it_was_read_from() -> None:
    """`where` knows what `read_from` hands on; FairEval's people wrote bare words, that have no columns."""
    bare = []
    n_made = 0
    for file in sorted((ROOT / "farm" / "labels" / "formats").rglob("*.py")):
        tree = ast.parse(file.read_text())
        said = {id(node.func.value) for node in ast.walk(tree) if _calls(node, "read_from")}  # type: ignore[attr-defined]
        made = [node for node in ast.walk(tree) if _calls(node, "AnnotationRow", "chosen_row", "model_construct")]
        n_made += len(made)
        bare += [f"{file.name}:{node.lineno}" for node in made if id(node) not in said and file.name != "faireval.py"]  # type: ignore[attr-defined]
        deaf = [node for node in ast.walk(tree) if _calls(node, "annotation_table") and not _has(node, "where")]
        bare += [f"{file.name}:{node.lineno}: without where" for node in deaf]  # type: ignore[attr-defined]
    assert n_made > 10
    assert bare == []


def _has(node: ast.AST, keyword: str) -> bool:
    return isinstance(node, ast.Call) and any(given.arg == keyword for given in node.keywords)


def _calls(node: ast.AST, *names: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) in names
