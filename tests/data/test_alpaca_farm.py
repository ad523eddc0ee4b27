import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from farm.data.alpaca_farm import AlpacaFarmDataset
from farm.data.conditions.values import ConditionError
from farm.data.dataset import Splits
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import DataError, Row
from farm.records import Preference
from tests.data.layouts.one_pair import ASKED, CHOSEN, DIALOGUE, HISTORY, SINGLE, assistant, user, write

EMPTY = AlpacaFarmDataset(
    name="alpaca_farm",
    folder=None,
    hub_repository=None,
    hub_revision=None,
    preference_labels="human",
    demonstrations_file=None,
    preference_file=None,
    unlabeled_file=None,
    validation_file=None,
    evaluation_file=None,
    n_demonstrations=None,
    n_preference=None,
    n_unlabeled=None,
    n_validation=None,
    n_evaluation=None,
)


def rows(*names: str, **extra: object) -> list[dict[str, object]]:
    return [{"instruction": f"Do {name}.", "input": "", "output": f"Done {name}.", **extra} for name in names]


def pair(name: str, preference: object, **extra: object) -> dict[str, object]:
    return {
        "instruction": f"Do {name}.",
        "input": "",
        "output_1": "A.",
        "output_2": "B.",
        "preference": preference,
        **extra,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contents = {
        "alpaca_instructions/sft.json": rows("s1", "s2", "s3", "e1"),
        "alpaca_instructions/preference.json": rows("p1", "p2", "p3", "p4", "p5"),
        "alpaca_instructions/unlabeled.json": rows("u1", "u2", "s1", "p1"),
        "alpaca_instructions/val.json": rows("v1", "v2", "v3", "u2", "e1"),
        "alpaca_farm_evaluation.json": [
            *rows("e1", "e2", generator="davinci", dataset="koala", datasplit="eval"),
            {"instruction": "Add.", "input": "1 and 2", "output": "3", "generator": "davinci", "dataset": "koala"},
        ],
        "alpaca_human_preference.json": [
            pair("p1", 1, raw_preference=2), pair("p2", 2, raw_preference=4), pair("p3", 0), pair("p4", 1.5),
            pair("p5", None), pair("e2", 1),
        ],
        "alpaca_gpt4_preference.json": [pair("p1", 1.2, annotator="gpt4")],
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


def names(records: object) -> list[str]:
    return [r.instruction.removeprefix("Do ").removesuffix(".") for r in records]  # type: ignore[attr-defined]


def test_the_folder_gives_all_splits(folder: Path) -> None:
    splits = replace(EMPTY, folder=folder).load()
    assert names(splits.demonstrations) == ["s1", "s2", "s3"]
    assert names(splits.preference) == ["p1", "p2", "p3", "p4", "p5"]
    assert names(splits.unlabeled) == ["u1", "u2"]
    assert names(splits.validation) == ["v1", "v2", "v3"]
    assert names(splits.evaluation) == ["e1", "e2", "Add"]
    assert splits.evaluation[0].generator == "davinci"
    assert names(splits.comparisons) == ["p1", "p2", "p3", "p4", "p5"]


def test_a_folder_without_validation_instructions_is_read_all_the_same(folder: Path) -> None:
    (folder / "alpaca_instructions" / "val.json").unlink()
    splits = replace(EMPTY, folder=folder).load()
    assert names(splits.validation) == [] and names(splits.unlabeled) == ["u1", "u2"]


def test_preferences_ties_and_missing_verdicts(folder: Path) -> None:
    splits = replace(EMPTY, folder=folder).load()
    first, second, tie = Preference.FIRST, Preference.SECOND, Preference.TIE
    assert [a.preference for a in splits.annotations] == [first, second, tie, tie, None]
    assert [a.raw_reply for a in splits.annotations] == ["2", "4", "0", "1.5", ""]
    assert splits.annotations[4].unparsed_reason
    assert {a.annotator for a in splits.annotations} == {"human"}
    assert [a.comparison_key for a in splits.annotations] == [c.key for c in splits.comparisons]


def test_a_soft_preference_keeps_its_probability(folder: Path) -> None:
    (annotation,) = replace(EMPTY, folder=folder, preference_labels="gpt4").load().annotations
    assert annotation.preference is Preference.FIRST
    assert annotation.p_first == pytest.approx(0.8)
    assert annotation.judge == "gpt4"


def test_evaluation_instructions_are_taken_out_and_counted(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="farm.data")
    replace(EMPTY, folder=folder).load()
    assert "demonstrations: 1 of 4 rows are left out" in caplog.text
    assert "unlabeled: 2 of 4 rows are left out" in caplog.text


def test_an_instruction_merged_with_its_input_is_recognised(folder: Path, tmp_path: Path) -> None:
    # AlpacaEval merges "Add." and "1 and 2"; AlpacaFarm does not.
    demonstrations = tmp_path / "demos.jsonl"
    texts = ["Add.\n\n1 and 2", "add.  1 AND 2", "Subtract."]
    demonstrations.write_text("\n".join(json.dumps({"instruction": t, "output": "3"}) for t in texts))
    splits = replace(EMPTY, folder=folder, demonstrations_file=demonstrations).load()
    assert [d.instruction for d in splits.demonstrations] == ["Subtract."]


def test_limits_keep_a_fixed_choice_and_grow_by_adding(folder: Path) -> None:
    def kept(n: int | None) -> list[str]:
        return names(replace(EMPTY, folder=folder, n_preference=n).load().preference)

    assert kept(2) == kept(2)
    assert set(kept(2)) < set(kept(3)) < set(kept(None))
    splits = replace(EMPTY, folder=folder, n_preference=2, n_demonstrations=1, n_unlabeled=1, n_evaluation=2).load()
    assert [len(s) for s in (splits.demonstrations, splits.unlabeled, splits.evaluation)] == [1, 1, 2]
    assert set(names(splits.comparisons)) == set(kept(2))


def test_only_the_held_out_evaluation_instructions_are_removed(folder: Path) -> None:
    everything = names(replace(EMPTY, folder=folder).load().evaluation)
    splits = replace(EMPTY, folder=folder, n_evaluation=1).load()
    (held_out,) = names(splits.evaluation)
    used = {*names(splits.demonstrations), *names(splits.comparisons)}
    assert held_out not in used
    assert (set(everything) - {held_out, "Add"}) <= used


def test_all_files_that_a_folder_lacks_are_named_at_once(folder: Path) -> None:
    for name in ("alpaca_instructions/sft.json", "alpaca_farm_evaluation.json", "alpaca_instructions/val.json"):
        (folder / name).unlink()  # the last is needed by the selection of checkpoints only
    dataset = replace(EMPTY, folder=folder, preference_file=folder / "mine.json")
    assert dataset.lacking().keys() == {"folder", "preference_file"}
    assert dataset.lacking()["folder"] == f"{folder} lacks alpaca_farm_evaluation.json, alpaca_instructions/sft.json"
    with pytest.raises(DataError, match=r"mine\.json: no such file(.|\n)*lacks alpaca_farm_evaluation\.json"):
        dataset.load()
    assert replace(EMPTY, folder=folder / "nowhere").lacking()["folder"].startswith("there is no folder")


def test_demonstrations_that_another_split_has_are_counted_aloud(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "alpaca_instructions/sft.json").write_text(json.dumps(rows("s1", "p1", "p2", "e1")))
    replace(EMPTY, folder=folder).load()
    (message,) = caplog.messages
    assert (
        message.startswith("demonstrations: 3 of 4 rows are left out")
        and "(1 in evaluation, 2 in preference)" in message
    )
    (folder / "alpaca_instructions/sft.json").write_text(json.dumps(rows("p1", "p2", "e1")))
    with pytest.raises(DataError, match="no demonstrations are left: the instructions of all 3 also stand"):
        replace(EMPTY, folder=folder).load()


def test_what_becomes_of_rows_that_somebody_gave_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = folder / "own.json"
    own.write_text(json.dumps([pair("e1", 1), pair("x", 2)]))
    replace(EMPTY, folder=folder, preference_file=own).load()
    assert any("preference: 1 of 2 rows are left out" in message for message in caplog.messages)


def test_recorded_preferences_of_another_scale_are_refused(folder: Path) -> None:
    (folder / "alpaca_human_preference.json").write_text(json.dumps([pair("p1", 1), pair("p2", 0), pair("p3", 1)]))
    with pytest.raises(DataError, match="preferences lie between 0 and 1"):
        replace(EMPTY, folder=folder).load()


def test_a_preference_that_is_none_names_row_and_field(folder: Path) -> None:
    (folder / "alpaca_human_preference.json").write_text(json.dumps([pair("p1", 1), pair("p2", 3)]))
    with pytest.raises(DataError, match=r"row 2, field `preference`: expected 1 .output_1 better., 2"):
        replace(EMPTY, folder=folder).load()


@pytest.mark.parametrize("layouts", [SINGLE, DIALOGUE])
def test_recorded_pairs_may_have_any_layout(layouts: dict[str, Row], folder: Path, tmp_path: Path) -> None:
    def load(row: Row) -> Splits:
        return replace(EMPTY, folder=folder, preference_file=write(tmp_path / "pairs.jsonl", row)).load()

    loaded = [load(row) for row in layouts.values()]
    assert {splits.comparisons[0].pair_key for splits in loaded} == {loaded[0].comparisons[0].pair_key}
    assert {(s.preference[0].instruction, s.preference[0].history) for s in loaded} == {
        (ASKED, HISTORY if layouts is DIALOGUE else ())
    }
    verdicts = {(s.annotations[0].preference, s.comparisons[0].output_1 == CHOSEN) for s in loaded}
    assert verdicts in ({(Preference.FIRST, True)}, {(Preference.SECOND, False)})


def test_equal_ratings_are_a_recorded_tie_and_models_are_named(folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.jsonl", {**SINGLE["distilabel"], "rejected_rating": 5})
    splits = replace(EMPTY, folder=folder, preference_file=file).load()
    assert splits.annotations[0].preference is Preference.TIE
    assert {splits.comparisons[0].generator_1, splits.comparisons[0].generator_2} == {"owl", "bat"}


def test_what_cannot_be_trained_on_is_refused(folder: Path, tmp_path: Path) -> None:
    turns = [user("q"), assistant("a"), user("r"), assistant("b")]
    several = write(tmp_path / "pairs.jsonl", {"chosen": turns, "rejected": [user("q"), assistant("c")]})
    with pytest.raises(DataError, match=r"pairs.jsonl: pair 1: expected answers of one message"):
        replace(EMPTY, folder=folder, preference_file=several).load()


def test_demonstrations_may_be_conversations(folder: Path, tmp_path: Path) -> None:
    rows: list[Row] = [
        {"messages": [*(message._asdict() for message in HISTORY), user("Go on."), assistant("Done.")]},
        {"prompt": "Sort.", "completion": "Sorted."},
        {"instruction": "Add.", "history": [["Hello.", "Good day."]], "output": "3"},
    ]
    file = write(tmp_path / "own.jsonl", *rows)
    splits = replace(EMPTY, folder=folder, demonstrations_file=file).load()
    assert [(d.instruction, len(d.history), d.output) for d in splits.demonstrations] == [
        ("Go on.", 3, "Done."), ("Sort.", 0, "Sorted."), ("Add.", 2, "3"),
    ]  # fmt: skip


def test_settings_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hub_revision"):
        replace(EMPTY, hub_repository="tatsu-lab/alpaca_farm")
    with pytest.raises(ValueError, match="folder and hub_repository"):
        replace(EMPTY, folder=tmp_path, hub_repository="a/b", hub_revision="c")
    with pytest.raises(ValueError, match="n_unlabeled: expected at least 1"):
        replace(EMPTY, n_unlabeled=0)
    with pytest.raises(DataError, match="no evaluation; give `folder`"):
        EMPTY.load()


@pytest.mark.slow
def test_recorded_real_files_make_a_whole_chain(humandata: Path) -> None:
    demonstrations = humandata / "demos_instruct_mix.parquet"
    splits = replace(
        EMPTY,
        demonstrations_file=demonstrations,
        preference_file=humandata / "raw/alpacafarm_xann_gpt4/gpt4_b1/annotations_seed0_configs.json.gz",
        unlabeled_file=demonstrations,
        evaluation_file=humandata / "raw/alpaca_eval/results/text_davinci_003/model_outputs.json.gz",
        n_demonstrations=200,
        n_unlabeled=100,
    ).load()
    assert (len(splits.evaluation), len(splits.demonstrations), len(splits.unlabeled)) == (805, 200, 100)
    # 321 of the 648 pairs are on evaluation instructions.
    assert len(splits.comparisons) == len(splits.annotations) == 327
    assert {a.judge for a in splits.annotations} == {"gpt4_b1"}
    texts = [{" ".join(f"{r.instruction} {r.input}".lower().split()) for r in s}
             for s in (splits.evaluation, splits.preference, splits.demonstrations, splits.unlabeled)]  # fmt: skip
    assert sum(len(t) for t in texts) == len(set.union(*texts))


def test_files_of_ones_own_may_call_their_columns_anything(tmp_path: Path) -> None:
    shown = [{"ask": {"text": f"Do {k}."}, "say": f"Done {k}."} for k in range(3)]
    chosen = [{"ask": {"text": f"Try {k}."}, "one": "A.", "two": "B.", "vote": "two"} for k in range(2)]
    evaluated = [{"instruction": "Go.", "output": "Gone.", "generator": "m"}]
    files = {}
    for name, content in (("demonstrations", shown), ("preference", chosen), ("evaluation", evaluated)):
        files[f"{name}_file"] = tmp_path / f"{name}.json"
        files[f"{name}_file"].write_text(json.dumps(content))
    columns = ColumnMapping(instruction="ask.text", output="say")
    with pytest.raises(DataError, match="preference"):
        replace(EMPTY, columns=columns, **files).load()
    votes = ColumnMapping(
        instruction="ask.text",
        output_1="one",
        output_2="two",
        preference="vote",
        preference_values={"one": 1, "two": 2},
    )
    own = {**files, "demonstrations_file": tmp_path / "ours.json"}
    own["demonstrations_file"].write_text(json.dumps(rows("s1")))
    splits = replace(EMPTY, columns=votes, **own).load()
    assert [annotation.preference for annotation in splits.annotations] == [Preference.SECOND] * 2
    assert names(splits.demonstrations) == ["s1"] and splits.comparisons[0].instruction == "Try 0."


def test_names_that_no_file_has_are_told_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "shown.json"
    file.write_text(json.dumps(rows("s1")))
    dataset = replace(EMPTY, demonstrations_file=file, columns=ColumnMapping(instruction="question"))
    assert "no column for columns.instruction=question" in dataset.lacking()["columns"]


@pytest.mark.parametrize("layout", ["output_1", "chosen", "label"])
def test_a_condition_says_which_rows_of_the_preference_file_count(folder: Path, tmp_path: Path, layout: str) -> None:
    answers: dict[str, dict[str, object]] = {
        "output_1": {"output_1": "A.", "output_2": "B.", "preference": 1},
        "chosen": {"chosen": "A.", "rejected": "B."},
        "label": {"completion": "A.", "label": True},
    }
    asked = {"label": "prompt"}.get(layout, "instruction")
    labels = [{asked: f"Do w{k}.", **answers[layout], "round": k} for k in range(4)]
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(labels))
    dataset = replace(EMPTY, folder=folder, preference_file=file, where="round in [1, 3]")
    splits = dataset.load()
    assert names(splits.preference) == ["w1", "w3"]
    assert len(splits.unpaired if layout == "label" else splits.comparisons) == 2
    with pytest.raises(ConditionError, match=r"dataset\.where: for none of the 4 rows holds round == 7"):
        replace(dataset, where="round == 7").load()
    with pytest.raises(ValueError, match="where: "):
        replace(dataset, where="round ==")


def test_a_limit_above_what_there_is_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    replace(EMPTY, folder=folder, n_preference=50).load()
    assert "dataset.n_preference=50, but there are 5: all of them are used" in caplog.messages
