"""Recorded annotations are read as they are meant: by generator, by folder, by text; what does not fit is refused."""

import json
from pathlib import Path

import pytest

from farm.data.files.table_files import DataError
from farm.leaderboard.evaluation.evaluated import evaluated_recording, figures_of
from farm.leaderboard.evaluation.recorded import RecordedModel, read_recorded
from farm.leaderboard.tracks.track import Track
from tests.leaderboard.evaluation.recordings import annotation, swapped, write_rows

TRACK = Track(
    name="alpaca_eval",
    title="AlpacaEval 1",
    dataset=None,
    folder=None,
    instructions=None,
    reference=None,
    reference_name="text_davinci_003",
    annotator=None,
    recorded_annotator="alpaca_eval_gpt4",
    is_graded=False,
    n_labels=1,
    weights=None,
    difficulty=None,
    gamed=None,
    tokenizer=None,
    compared_with=(),
)


def read(path: Path) -> list[RecordedModel]:
    return read_recorded(path, annotator="alpaca_eval_gpt4", reference_name="text_davinci_003", name=None).models


def test_win_rate_and_error_are_those_of_alpaca_eval(tmp_path: Path) -> None:
    rows = [annotation(k, p) for k, p in enumerate((2, 2, 1, 0, 1.5, None, -1))]
    (model,) = read(write_rows(tmp_path / "annotations.json", rows))
    figures = figures_of(evaluated_recording(model, TRACK, name=model.name).verdicts)
    # Scores 1, 1, 0, 1/2, 1/2: mean 3/5; squares of deviations .16+.16+.36+.01+.01 = .70, sd = sqrt(.175), / sqrt(5).
    assert figures.win_rate == pytest.approx(0.6)
    assert figures.standard_error == pytest.approx((0.175 / 5) ** 0.5)
    assert (figures.n_total, figures.n_unparsed, figures.n_wins, figures.n_ties, figures.n_losses) == (5, 2, 2, 2, 1)


def test_graded_preferences_count_by_their_grade_and_rounded_too(tmp_path: Path) -> None:
    rows = [annotation(k, p) for k, p in enumerate((1.25, 1.75, 1.5, 1.0))]
    (model,) = read(write_rows(tmp_path / "annotations.json.gz", rows))
    figures = figures_of(evaluated_recording(model, TRACK, name=model.name).verdicts)
    assert figures.win_rate == pytest.approx((0.25 + 0.75 + 0.5 + 0.0) / 4)
    assert figures.discrete_win_rate == pytest.approx((0 + 1 + 0.5 + 0) / 4)


def test_rows_with_the_model_first_are_turned_round(tmp_path: Path) -> None:
    rows = [annotation(k, 2 if k % 3 else 1) for k in range(9)]
    mixed = [swapped(row) if k % 2 else row for k, row in enumerate(rows)]
    (plain,) = read(write_rows(tmp_path / "a.json", rows))
    (turned,) = read(write_rows(tmp_path / "b.json", mixed))
    assert [(v.score, v.output, v.reference) for v in turned.verdicts] == [
        (v.score, v.output, v.reference) for v in plain.verdicts
    ]
    assert turned.name == "mine" and turned.reference_name == "text_davinci_003"
    assert any("4 rows have the model as output_1" in note for note in turned.notes)


def test_a_tree_names_its_models_by_their_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [annotation(k, 2, generator_2="working-title-7") for k in range(3)]
        write_rows(tmp_path / "results" / name / "alpaca_eval_gpt4" / "annotations.json", rows)
    models = read(tmp_path / "results")
    assert [model.name for model in models] == ["a", "b"]
    assert "named by its folder" in models[0].notes[0]


def test_other_annotators_of_a_tree_are_left_out_and_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "m/alpaca_eval_gpt4/annotations.json", [annotation(k, 2) for k in range(3)])
    graded = [annotation(k, 1.2, annotator="weighted", generator_1="gpt4_1106_preview") for k in range(3)]
    write_rows(tmp_path / "m/weighted/annotations.json", graded)
    (model,) = read(tmp_path)
    assert model.annotator == "alpaca_eval_gpt4" and any("weighted were left out" in note for note in model.notes)
    with pytest.raises(DataError, match=r"track\.recorded_annotator="):
        read_recorded(tmp_path, annotator="neither", reference_name=None, name=None)


def test_one_file_of_several_models_is_several_models(tmp_path: Path) -> None:
    rows = [annotation(k, 2, generator_2=name) for name in ("x", "y") for k in range(3)]
    assert [model.name for model in read(write_rows(tmp_path / "cache.json", rows))] == ["x", "y"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({4: {"output_2": None}}, "row 5, field `output_2`: expected a valid string, got None"),
        ({4: {"output_2": 7}}, "row 5, field `output_2`: expected a valid string, got 7"),
        ({4: {"preference": 3}}, "row 5, field `preference`"),
        ({4: {"instruction": "Say something about number 1."}}, "rows 2 and 5, field `instruction`: the same"),
        ({4: {"generator_1": "gpt4", "generator_2": "mine"}}, "row 5, field `generator_1`: compared with gpt4"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_row_and_field(
    tmp_path: Path, changes: dict[int, dict[str, object]], sentence: str
) -> None:
    rows = [annotation(k, 2) | changes.get(k, {}) for k in range(8)]
    folder = tmp_path / "mine" / "alpaca_eval_gpt4"
    with pytest.raises(DataError) as caught:
        read(write_rows(folder / "annotations.json", rows))
    assert sentence in str(caught.value)


def test_a_missing_column_and_another_scale_are_refused(tmp_path: Path) -> None:
    rows = [{k: v for k, v in annotation(0, 2).items() if k != "preference"}]
    with pytest.raises(DataError, match="preference"):
        read(write_rows(tmp_path / "a.json", rows))
    zeros = [annotation(k, k % 2) for k in range(8)]
    with pytest.raises(DataError, match="another scale"):
        read(write_rows(tmp_path / "b.json", zeros))


def test_models_that_cannot_stand_in_one_table_are_refused(tmp_path: Path) -> None:
    plain = [annotation(k, 2) for k in range(4)]
    write_rows(tmp_path / "graded/a/alpaca_eval_gpt4/annotations.json", plain)
    write_rows(tmp_path / "graded/b/alpaca_eval_gpt4/annotations.json", [annotation(k, 1.3) for k in range(4)])
    with pytest.raises(DataError, match="row 1, field `preference`: graded"):
        read(tmp_path / "graded")
    other = [annotation(k, 2, generator_1="someone") for k in range(4)]
    write_rows(tmp_path / "mixed/a/alpaca_eval_gpt4/annotations.json", plain)
    write_rows(tmp_path / "mixed/b/alpaca_eval_gpt4/annotations.json", other)
    with pytest.raises(DataError, match="several references"):
        read(tmp_path / "mixed")
    write_rows(tmp_path / "twice/one.json", plain)
    write_rows(tmp_path / "twice/two.json", plain)
    with pytest.raises(DataError, match="a model stands on a track once"):
        read(tmp_path / "twice")


def test_a_folder_without_annotations_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text(json.dumps([{"a": 1}]))
    with pytest.raises(DataError, match=r"it holds notes\.json"):
        read(tmp_path)


def test_without_a_reference_name_the_folder_or_the_given_name_says_which_output_is_the_models(tmp_path: Path) -> None:
    # The model, written first, is better on 6 of 8: 75%, and not 25%.
    rows = [annotation(k, 1 if k < 6 else 2, generator_1="mine", generator_2="other") for k in range(8)]
    write_rows(tmp_path / "tree/mine/alpaca_eval_gpt4/annotations.json", rows)
    file = write_rows(tmp_path / "a.json", rows)
    for path, name in ((tmp_path / "tree", None), (file, "mine")):
        (model,) = read_recorded(path, annotator=None, reference_name=None, name=name).models
        assert (model.name, model.reference_name) == ("mine", "other")
        assert [verdict.score for verdict in model.verdicts] == [1.0] * 6 + [0.0] * 2


def test_a_generator_that_is_null_is_nobody(tmp_path: Path) -> None:
    rows = [annotation(k, 2) | {"generator_1": None} for k in range(4)]
    (model,) = read(write_rows(tmp_path / "a.json", rows))
    assert (model.name, model.reference_name, model.verdicts[0].score) == ("mine", "", 1.0)


def test_models_and_tables_that_are_left_out_are_named(tmp_path: Path) -> None:
    rows = [annotation(k, 2) for k in range(4)]
    write_rows(tmp_path / "m/alpaca_eval_gpt4/annotations.json", rows)
    write_rows(tmp_path / "n/weighted/annotations.json", [row | {"annotator": "weighted"} for row in rows])
    write_rows(tmp_path / "o/alpaca_eval_gpt4/other.json", rows)
    found = read_recorded(tmp_path, annotator="alpaca_eval_gpt4", reference_name="text_davinci_003", name=None)
    assert [model.name for model in found.models] == ["m"]
    assert any("other.json" in note for note in found.notes)
    assert any("alpaca_eval_gpt4 judged none of their outputs: n" in note for note in found.notes)
