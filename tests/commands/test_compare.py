"""`farm compare` against humans, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.commands.main import run_command
from tests.labels.label_rows import crowd
from tests.paths import ROOT

pytestmark = pytest.mark.slow

TABLE_2 = ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    crowd().to_csv(path, index=False)
    return path


def compare(humans: Path | None, simulated: Path | None, output: Path, *more: str) -> int:
    given = [f"{side}={path}" for side, path in (("humans", humans), ("simulated", simulated)) if path is not None]
    return run_command(["compare", *given, f"output={output}", "report.n_resamples=50", *more])


def content(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((folder / "comparison.json").read_text())
    return found


def test_one_table_holds_both_kinds(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(labels, labels, tmp_path / "out") == 0
    found = content(tmp_path / "out")
    assert found["label_agreement"]["n_items"] == 240 and found["label_agreement"]["n_pairs"] == 480
    assert found["ranking"]["n_models"] == 4
    printed = capsys.readouterr().out
    assert "Label by label" in printed and "Spearman" in printed
    for name in ("comparison.json", "report.md", "report.html", "rankings.png", "agreement.png", "pairs.png"):
        assert (tmp_path / "out" / name).is_file() and str(tmp_path / "out" / name) in printed


@pytest.mark.parametrize("ending", ["json", "parquet", "jsonl", "csv.gz"])
def test_the_format_of_the_file_changes_nothing(labels: Path, tmp_path: Path, ending: str) -> None:
    frame = crowd()
    other = tmp_path / f"labels2.{ending}"
    if ending == "parquet":
        frame.to_parquet(other)
    elif ending == "csv.gz":
        frame.to_csv(other, index=False)
    else:
        frame.to_json(other, orient="records", lines=ending == "jsonl")
    assert compare(labels, labels, tmp_path / "one") == compare(other, other, tmp_path / "two") == 0
    one, two = content(tmp_path / "one"), content(tmp_path / "two")
    assert {k: v for k, v in one.items() if k not in ("sources", "notes")} == {
        k: v for k, v in two.items() if k not in ("sources", "notes")
    }


def test_annotator_narrows_the_simulated_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "labels.parquet"
    crowd(annotators=("h1", "h2", "judge", "other")).to_parquet(path)
    assert compare(path, path, tmp_path / "all") == 0
    assert set(content(tmp_path / "all")["label_agreement_by_annotator"]) == {"judge", "other"}
    assert compare(path, path, tmp_path / "one", "annotator=judge") == 0
    assert content(tmp_path / "one")["sources"]["simulated"]["annotators"] == ["judge"]  # type: ignore[index]
    assert compare(path, path, tmp_path / "none", "annotator=judg") == 1
    assert "no llm row by 'judg'; there are ['judge', 'other']" in capsys.readouterr().err


def test_table_2_in_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(TABLE_2, TABLE_2, tmp_path, "report.n_resamples=1000") == 0
    found = content(tmp_path)
    ranking, trained = found["ranking"], found["ranking_trained_in_lab"]
    assert ranking["spearman"]["value"] == pytest.approx(0.976, abs=5e-4)  # type: ignore[index]
    assert trained["spearman"]["value"] == pytest.approx(0.943, abs=5e-4)  # type: ignore[index]
    assert trained["spearman"]["low"] == pytest.approx(0.54, abs=0.01)  # type: ignore[index]
    assert found["n_not_trained_in_lab"] == 4
    assert "4 of the 10 models were not trained in the laboratory" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["humans", "simulated"])
def test_one_side_alone_is_described(labels: Path, tmp_path: Path, side: str) -> None:
    paths = (labels, None) if side == "humans" else (None, labels)
    assert compare(*paths, tmp_path / "out") == 0
    found = content(tmp_path / "out")
    assert found["rankings"][side] is not None and len(found["models"]) == 4
    assert found["ranking"]["spearman"]["value"] is None and found["ranking"]["reason"]  # type: ignore[index]


def test_a_file_of_one_kind_given_twice_is_described(tmp_path: Path) -> None:
    path = tmp_path / "humans.csv"
    crowd(annotators=("h1", "h2")).to_csv(path, index=False)
    assert compare(path, path, tmp_path / "out") == 0
    agreement = content(tmp_path / "out")["label_agreement"]
    assert agreement["raw"]["reason"] == "there are no simulated labels"  # type: ignore[index]
    assert agreement["human_human_s1"]["value"] is not None  # type: ignore[index]


BAD = {
    "a column is missing": (lambda f: f.drop(columns="preference"), "expected the fields preference"),
    "a label outside the scale": (lambda f: f.assign(preference=7.0), "preference"),
    "nothing parsed": (lambda f: f.assign(preference=np.nan), "all 480 verdicts are unparsed"),
    "models in two islands": (
        lambda f: f[f["model_1"].isin(["a", "b"]) == f["model_2"].isin(["a", "b"])],
        "humans and simulated: the comparisons fall apart into 2 groups of models that never meet",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_tables_are_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    spoil, message = BAD[what]
    path = tmp_path / "bad.csv"
    spoil(crowd()).to_csv(path, index=False)  # type: ignore[no-untyped-call]
    assert compare(path, path, tmp_path / "out") == 1
    printed = capsys.readouterr().err
    assert message in printed and "Traceback" not in printed


def test_islands_leave_the_labels_and_name_the_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.csv"
    BAD["models in two islands"][0](crowd()).to_csv(path, index=False)  # type: ignore[no-untyped-call]
    assert compare(path, path, tmp_path / "out") == 1
    assert "a, b | c, d" in capsys.readouterr().err
    assert content(tmp_path / "out")["label_agreement"]["raw"]["value"] is not None  # type: ignore[index]


def test_tables_without_a_common_item_are_refused(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.csv"
    frame = crowd()
    frame.assign(item_id="x" + frame["item_id"], instruction="Else: " + frame["instruction"]).to_csv(other, index=False)
    assert compare(labels, other, tmp_path / "out") == 1
    assert "share no item" in capsys.readouterr().err


def test_what_is_odd_but_usable_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = crowd()
    only_one_model = frame.assign(model_1="a", model_2="a")
    for table, message in (
        (pd.concat([frame, frame.head(5)]), "5 of"),
        (frame[frame["annotator"] != "h2"], "humans: one annotator"),
        (only_one_model, "every item compares a model with itself (a; 240 items)"),
        (frame.assign(preference=1.5), "all models are equal"),
    ):
        path = tmp_path / "odd.csv"
        table.to_csv(path, index=False)
        assert compare(path, path, tmp_path / "out") == 0
        assert message in capsys.readouterr().out


def test_wrong_settings_start_nothing(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(labels, labels, tmp_path / "out", "tie_model=rao", "anotator=judge") == 2
    printed = capsys.readouterr().err
    assert "tie_model" in printed and "did you mean `annotator`?" in printed
    assert not (tmp_path / "out").exists()


def test_the_command_never_imports_torch(labels: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from farm.commands.main import run_command; "
        f"assert run_command(['compare', 'humans={labels}', 'simulated={labels}', 'output={tmp_path / 'out'}', "
        "'report.n_resamples=20']) == 0; "
        "print([m for m in ('torch', 'transformers', 'trl', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_same_labels_give_the_same_bytes(labels: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert compare(labels, labels, tmp_path / name) == 0
    for file in ("comparison.json", "report.md", "report.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_table_that_does_not_say_who_is_human_cannot_be_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.csv"
    crowd().drop(columns="annotator_kind").to_csv(path, index=False)
    assert compare(path, path, tmp_path / "out") == 1
    assert "add a column annotator_kind" in capsys.readouterr().err
