"""What the functions of `farm` return: the same figures as the commands, frozen, and safe to show."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

import farm
from farm.annotators.noised import NoisedAnnotator
from farm.api.settings import Setting, overrides_of, sweep_overrides_of
from farm.commands.main import run_command
from farm.config.objects import ConfigError
from farm.conversation import messages_of_text
from farm.errors import UserError
from farm.records import Comparison
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.data.layouts.one_pair import DIALOGUE, HISTORY, SINGLE, write
from tests.labels.label_rows import crowd

pytestmark = pytest.mark.slow

FEW = {"n_resamples": 50}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    crowd().to_csv(path, index=False)
    return path


def pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Comparisons of two models' outputs by one person, each on an instruction of its own."""
    frame = pd.DataFrame(rows, columns=["model_1", "model_2", "preference"])
    texts = {"output_1": "Plum.", "output_2": "Pear.", "annotator": "w1", "annotator_kind": "human"}
    return frame.assign(instruction=[f"Name {n} fruits." for n in range(len(rows))], **texts)


def test_a_file_and_a_frame_are_the_same_labels(table: Path) -> None:
    from_file, from_frame = farm.read(table), farm.read(pd.read_csv(table, dtype={"item_id": str}))
    pd.testing.assert_frame_equal(from_file.to_frame(), from_frame.to_frame())
    assert from_file.notes == from_frame.notes
    assert farm.read(from_file) is from_file
    assert str(table) in repr(from_file) and len(repr(from_file).splitlines()) == 1


def test_outputs_are_read_from_a_file_and_a_frame(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"instruction": ["Name a tree.", "Name a bird."], "output": ["Elm.", "Wren."], "generator": "a"}
    )
    rows.to_json(tmp_path / "outputs.json", orient="records")
    outputs = farm.read(tmp_path / "outputs.json", what="outputs")
    assert outputs.to_frame()["output"].tolist() == ["Elm.", "Wren."]
    pd.testing.assert_frame_equal(outputs.to_frame(), farm.read(rows, what="outputs").to_frame())


def test_a_bad_row_is_named() -> None:
    rows = pairs(("a", "b", 1), ("a", "b", 2))
    rows["first_shown"] = [1, 7]
    with pytest.raises(UserError, match="row 2, field `first_shown`: "):
        farm.read(rows)


def test_another_scale_is_refused() -> None:
    with pytest.raises(UserError, match="preferences lie between 1 and 7"):
        farm.read(pairs(("a", "b", 1), ("a", "b", 7)))


def test_results_are_frozen_and_their_tables_copies(table: Path) -> None:
    labels = farm.read(table)
    mine = labels.to_frame()
    mine.loc[:, "preference"] = 9
    assert labels.frame["preference"].max() <= 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        labels.format = "mine"  # type: ignore[misc]


def test_four_lines_rank_the_models_of_a_table() -> None:
    """By hand: a beat b, a beat c, b beat c, and b and c tied once; ties are one half."""
    ranking = farm.rank(pairs(("a", "b", 1), ("c", "a", 2), ("b", "c", 1), ("b", "c", 1.5)), report=FEW)
    frame = ranking.to_frame().set_index("model")
    assert list(frame.index) == ["a", "b", "c"]
    assert frame["win_rate"].tolist() == [1, 1.5 / 3, 0.5 / 3]
    assert (frame["low"] <= frame["win_rate"]).all() and (frame["win_rate"] <= frame["high"]).all()
    assert frame["n_total"].tolist() == [2, 3, 3]


@pytest.mark.parametrize("side", ["humans", "simulated"])
def test_the_frame_of_a_comparison_holds_each_side(table: Path, side: str) -> None:
    both = farm.compare(table, table, report=FEW)
    one = farm.compare(table, report=FEW) if side == "humans" else farm.compare(simulated=table, report=FEW)
    for result in (both, one):
        frame = result.to_frame()
        assert frame["model"].tolist() == result.details.all_models
        source = {"humans": result.details.humans, "simulated": result.details.simulated}[side]
        assert source is not None
        by_name = {model.model: model for model in source.models}
        for column in ("win_rate", "low", "high", "standard_error", "n_total"):
            assert frame[f"{side}_{column}"].tolist() == [vars(by_name[name])[column] for name in frame["model"]]


def test_labels_that_do_not_say_by_whom_are_ranked_with_a_kind(tmp_path: Path) -> None:
    labels = pairs(("a", "b", 1.2), ("c", "a", 2), ("b", "c", 1)).drop(columns="annotator_kind")
    labels.to_json(tmp_path / "labels.json", orient="records")
    with pytest.raises(UserError, match=r"farm\.rank; on the command line"):
        farm.rank(tmp_path / "labels.json", report=FEW)
    assert farm.rank(tmp_path / "labels.json", kind="llm", report=FEW).kind == "llm"
    labels.assign(output_2="Plum.").to_json(tmp_path / "equal.json", orient="records")
    with pytest.raises(UserError, match="all 3 labels are on two outputs with the same text"):
        farm.rank(tmp_path / "equal.json", kind="llm", report=FEW)


def test_a_ranking_does_not_guess_whose_labels_count(table: Path) -> None:
    with pytest.raises(UserError, match="labels by human and llm; say whose, kind="):
        farm.rank(table)
    people = farm.rank(table, kind="human", report=FEW)
    assert people.kind == "human" and len(people.annotators) > 1
    one = farm.rank(table, kind="human", annotator=people.annotators[0], report=FEW)
    assert one.annotators == people.annotators[:1]
    with pytest.raises(UserError, match="no human row by 'nobody'"):
        farm.rank(table, kind="human", annotator="nobody")


def test_models_that_nobody_names_are_not_ranked() -> None:
    with pytest.raises(UserError, match="no item names the models"):
        farm.rank(pairs(("", "", 1), ("", "", 2)))


def test_compare_says_what_the_command_says(table: Path, tmp_path: Path) -> None:
    line = [f"humans={table}", f"simulated={table}", f"output={tmp_path / 'command'}", "report.n_resamples=50"]
    assert run_command(["compare", *line]) == 0
    result = farm.compare(table, table, report=FEW)
    files = result.write(tmp_path / "function")
    assert [file.name for file in files if file.suffix == ".json"] == ["comparison.json"]
    command, function = (
        json.loads((tmp_path / who / "comparison.json").read_text()) for who in ("command", "function")
    )
    assert command == function
    in_memory = farm.compare(farm.read(table), farm.read(table), report=FEW)
    assert in_memory.agreement == result.agreement and in_memory.spearman == result.spearman
    assert result.agreement.value == function["label_agreement"]["raw"]["value"]
    assert result.annotators_frame()["agreement"].tolist() == [result.agreement.value]


def test_the_same_table_twice_must_say_who_is_who() -> None:
    labels = pairs(("a", "b", 1), ("a", "b", 2)).drop(columns="annotator_kind")
    with pytest.raises(UserError):
        farm.compare(labels, labels)


def test_plan_says_what_the_command_says(tmp_path: Path) -> None:
    line = ["difference=0.1", "n_seeds=[1]", "n_simulations=100", "budgets_usd=[100]", f"output={tmp_path / 'command'}"]
    assert run_command(["plan", *line]) == 0
    result = farm.plan(difference=0.1, n_seeds=[1], n_simulations=100, budgets_usd=[100])
    result.write(tmp_path / "function")
    assert (tmp_path / "command" / "plan.json").read_text() == (tmp_path / "function" / "plan.json").read_text()
    assert result.to_frame()["n_seeds"].unique().tolist() == [1]


def test_judge_says_what_the_command_says(table: Path, tmp_path: Path) -> None:
    settings = ["annotators=[longest]", "attacked_items=2", "n_resamples=20"]
    assert run_command(["judges", f"input={table}", *settings, f"output={tmp_path / 'command'}"]) == 0
    result = farm.judge(table, annotators=["longest"], attacked_items=2, n_resamples=20)
    result.write(tmp_path / "function")
    command, function = (json.loads((tmp_path / who / "judges.json").read_text()) for who in ("command", "function"))
    assert command == function
    assert set(result.to_frame()["judge"]) == {"humans", *(judge.name for judge in result.details.judges)}


def test_annotate_says_what_the_command_says(tmp_path: Path) -> None:
    rows = pairs(("a", "b", 1), ("a", "b", 2))[["instruction", "output_1", "output_2"]].assign(mine=[7, 8])
    rows.to_json(tmp_path / "pairs.json", orient="records")
    line = [f"input={tmp_path / 'pairs.json'}", f"output={tmp_path / 'out.json'}", "annotator=random", "seed=3"]
    assert run_command(["annotate", *line]) == 0
    labels = farm.annotate(rows, annotator="random", seed=3, noise="none")
    assert labels.annotated is not None
    assert labels.annotated["mine"].tolist() == [7, 8]
    written = json.loads((tmp_path / "out.json").read_text())
    assert labels.annotated["preference"].tolist() == [row["preference"] for row in written]
    records = [Comparison(instruction=i, output_1=one, output_2=two) for i, one, two in rows.iloc[:, :3].to_numpy()]
    for source in (tmp_path / "pairs.json", records):
        again = farm.annotate(source, annotator="random", seed=3)
        assert again.to_frame()["preference"].tolist() == labels.to_frame()["preference"].tolist()


def test_a_calibrated_crowd_labels_and_is_written(tmp_path: Path) -> None:
    frame = made_up(30)
    quick: dict[str, Setting] = {"n_folds": 2, "n_simulations": 2, "n_resamples": 20, "lapses": False}
    crowd_of_mine = farm.calibrate(frame, judge="longest", name="mine", **quick)
    new = frame.drop_duplicates("item_id")[["instruction", "output_1", "output_2"]]
    labels = farm.annotate(new, annotator=crowd_of_mine.annotator)
    assert labels.annotators == ("mine",) and labels.annotated is not None and labels.annotated["worker"].all()
    files = crowd_of_mine.write(tmp_path)
    assert [file.name for file in files][-1] == "mine.yaml"
    assert yaml.safe_load(files[-1].read_text())["name"] == "mine"
    recorded = farm.calibrate(frame, judge=frame, **quick)
    assert recorded.base is None and "mine.yaml" not in [f.name for f in recorded.write(tmp_path / "recorded")]
    with pytest.raises(UserError, match="in no file"):
        recorded.annotator  # noqa: B018
    frame.to_json(tmp_path / "labels.json", orient="records")
    replayed = farm.calibrate(frame, judge=tmp_path / "labels.json", **quick)
    assert isinstance(replayed.annotator, NoisedAnnotator)
    pd.testing.assert_frame_equal(replayed.to_frame(), recorded.to_frame())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: farm.plan(diference=0.1), "diference: .*did you mean `difference`"),
        (lambda: farm.annotate(pairs(("a", "b", 1)), annotator="longst"), "did you mean `longest`"),
        (lambda: farm.rank(pairs(("a", "b", 1)), tie_modle="davidson"), "did you mean `tie_model`"),
        (lambda: farm.judge(pairs(("a", "b", 1)), annotators=["longst"]), "did you mean `longest`"),
    ],
)
def test_what_is_misspelt_is_asked_about(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=message):
        call()


def test_settings_that_say_where_files_go_belong_to_the_command_line() -> None:
    with pytest.raises(TypeError, match="output: belongs to the command line"):
        farm.plan(output="somewhere")


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two words",
        "it's",
        "a,b",
        "null",
        "True",
        "1.5",
        "",
        "x=y",
        "back\\slash",
        "end\\",
        "\\'",
        "{a}",
        "[b]",
        "é",
    ],
)
def test_text_comes_through_hydras_grammar_as_it_is(text: str) -> None:
    (override,) = (OverridesParser.create().parse_override(line) for line in overrides_of({"key": text}))
    assert override.value() == text
    (of_list,) = (OverridesParser.create().parse_override(line) for line in overrides_of({"key": [text, "x"]}))
    assert of_list.value() == [text, "x"]


def test_values_nest_and_several_are_several_runs() -> None:
    assert overrides_of({"a": {"b": 1, "c": {"d": None}}, "e": False}) == ["a.b=1", "a.c.d=null", "e=false"]
    assert sweep_overrides_of({"method": ["dpo", "sft"], "seed": (0, 1)}) == ["method=dpo,sft", "seed=0,1"]
    with pytest.raises(TypeError, match="key: expected text, a number"):
        overrides_of({"key": object()})  # type: ignore[dict-item]


def test_what_a_file_says_is_text_in_a_notebook() -> None:
    attack = "<script>alert(1)</script>"
    labels = farm.read(pairs((attack, "b", 1), (attack, "b", 1), ("b", attack, 2)))
    for result in (labels, farm.rank(labels, report=FEW), farm.compare(labels, report=FEW)):
        assert "<script>" not in result._repr_html_()
        assert "&lt;script&gt;" in result._repr_html_()


def test_a_picture_is_shown_and_written(tmp_path: Path) -> None:
    ranking = farm.rank(pairs(("a", "b", 1), ("c", "a", 2), ("b", "c", 1)), report=FEW)
    ranking.draw(tmp_path / "ranking.png")
    assert (tmp_path / "ranking.png").read_bytes().startswith(b"\x89PNG")
    assert [axes.get_xlabel() for axes in ranking.draw().axes] != [""]
    with pytest.raises(UserError, match="nothing to draw as pairs"):
        farm.compare(pairs(("a", "b", 1), ("a", "b", 2)), report=FEW).draw(picture="pairs")


@pytest.mark.parametrize("name", ["trl_text", "trl_messages", "trl_implicit", "sharegpt_lists"])
def test_preference_pairs_may_be_a_frame(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame([SINGLE[name], {**DIALOGUE["trl_messages"]} if name == "trl_messages" else SINGLE[name]])
    read = farm.read(frame, kind="human").to_frame()
    kept = [column for column in read if column not in ("dataset", "annotator")]
    from_file = farm.read(write(tmp_path / "t.jsonl", *frame.to_dict("records")), kind="human").to_frame()
    pd.testing.assert_frame_equal(read[kept], from_file[kept])


def test_outputs_keep_what_was_said_before() -> None:
    frame = pd.DataFrame([{"messages": DIALOGUE["trl_messages"]["prompt"], "output": "A mallard."}])
    outputs = farm.read(frame, what="outputs").to_frame()
    assert messages_of_text(outputs["history"][0]) == HISTORY and "turns" not in outputs
    pd.testing.assert_frame_equal(farm.read(outputs, what="outputs").to_frame(), outputs)
