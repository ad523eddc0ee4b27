"""A root in AlpacaEval's files: the rows, the counts and the figures, and names that are no paths."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from farm.errors import UserError
from farm.labels.read import read_annotations
from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.collection.everything import collect
from farm.leaderboard.entries import Entry, TrackNotes
from farm.leaderboard.interchange.alpaca_eval_rows import annotation_rows
from farm.leaderboard.interchange.alpaca_eval_table import COLUMNS, ModelVerdicts, alpaca_eval_csv
from farm.leaderboard.interchange.alpaca_eval_tree import folder_name, model_names, write_alpaca_eval
from farm.leaderboard.verdict_table import typed
from farm.store.artifacts import Store
from tests.leaderboard.made_root import REFERENCE, add_run
from tests.paths import HUMANDATA

ALPACA_EVAL = HUMANDATA / "raw" / "alpaca_eval"
ENTRY = Entry(key="1a", track="pond", annotator="crowd", name="ppo", feedback="crowd", seed=0, origin="run")
POND = TrackNotes(name="pond", title="The pond", reference="expert")


def exported(root: Path, output: Path) -> list[Path]:
    store = Store(root, is_read_only=True)
    collected = collect(store)
    return write_alpaca_eval(store, collected, collected.entries, output)


def test_rows_have_alpaca_evals_columns_and_verdicts(tmp_path: Path) -> None:
    add_run(Store(tmp_path / "root"), "ppo", {"crowd": ("W", "-"), "pool": ("T", "L")})
    files = exported(tmp_path / "root", tmp_path / "out")
    track = tmp_path / "out" / "pond"
    model = track / "results" / "ppo-crowd-seed0"
    assert files == sorted([
        model / "model_outputs.json", track / "reference" / "model_outputs.json",
        model / "crowd" / "annotations.json", model / "pool" / "annotations.json",
        track / "leaderboards" / "crowd_leaderboard.csv", track / "leaderboards" / "pool_leaderboard.csv",
    ])  # fmt: skip
    bird, fish = REFERENCE
    assert json.loads((model / "model_outputs.json").read_text()) == [
        {"instruction": bird, "output": "An owl.", "generator": "ppo-crowd-seed0", "dataset": "pond"},
        {"instruction": fish, "output": "A carp.", "generator": "ppo-crowd-seed0", "dataset": "pond"},
    ]
    rows = json.loads((model / "crowd" / "annotations.json").read_text())
    # The model is output_2; a verdict that could not be read is null, and no tie.
    assert rows[0] == {
        "instruction": bird, "output_1": REFERENCE[bird], "generator_1": "expert", "dataset": "pond",
        "output_2": "An owl.", "generator_2": "ppo-crowd-seed0", "annotator": "crowd", "preference": 2.0,
        "raw_completion": "I say W",
    }  # fmt: skip
    assert [row["preference"] for row in rows] == [2.0, None]
    pool = json.loads((model / "pool" / "annotations.json").read_text())
    assert [row["preference"] for row in pool] == [1.5, 1.0]


def test_farm_reads_back_what_it_writes(tmp_path: Path) -> None:
    store = Store(tmp_path / "root")
    add_run(store, "ppo", {"crowd": ("W", "T")})
    add_run(store, "dpo", {"crowd": ("L", "-")})
    exported(tmp_path / "root", tmp_path / "out")
    read = read_annotations(tmp_path / "out" / "pond" / "results", assumed_kind="llm")
    frame = getattr(read, "rows", read)
    assert isinstance(frame, pd.DataFrame)
    by_model = {model: list(rows["preference"]) for model, rows in frame.groupby("model_2")}
    assert by_model["ppo-crowd-seed0"] == [2.0, 1.5]
    assert by_model["dpo-crowd-seed0"][0] == 1.0 and pd.isna(by_model["dpo-crowd-seed0"][1])


def test_several_labels_keep_the_win_rate_and_one_grade_stays_as_given() -> None:
    def row(score: float | None, *preferences: float | None) -> object:
        said = tuple(Judgement(judge="j", preference=p, first_shown=1, reply="r") for p in preferences)
        answer = EntryAnswer(
            key="1a", annotator="crowd", instruction_key="k", instruction="Q", input="context", output="a",
            reference="b", is_finished=True, score=score, judgements=said,
        )  # fmt: skip
        (made,) = annotation_rows([answer], entry=ENTRY, model="m", track=replace(POND, reference=""))
        assert made["input"] == "context" and made["generator_1"] == "reference"
        return made["preference"]

    assert row(0.75, 2.0, 1.5) == 1.75
    assert row(1.3 - 1, 1.3) == 1.3  # 1 + (1.3 - 1) is 1.3000000000000000444 less or more
    assert row(None, None, None) is None


def test_two_names_that_would_be_one_folder_stay_two() -> None:
    first, second = replace(ENTRY, key="1a", name="a/b"), replace(ENTRY, key="2b", name="A:B")
    third = replace(ENTRY, key="3c", name="a/b", track="other")
    assert model_names([first, second, third]) == {
        "1a": "a_b-crowd-seed0-1a", "2b": "A_B-crowd-seed0-2b", "3c": "a_b-crowd-seed0",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../../etc", "..", "", ".hidden", "a\x1b[31m", "\u202egnp", "x" * 300, "-rf"])
def test_a_name_is_one_plain_folder(name: str) -> None:
    folder = folder_name(name)
    assert 0 < len(folder) <= 80 and Path(folder).name == folder and folder.isprintable() and folder.isascii()
    assert folder[0] not in ".-"


def test_a_root_without_what_was_asked_for_is_one_sentence(tmp_path: Path) -> None:
    add_run(Store(tmp_path), "ppo", {"crowd": ("W", "-")})
    store = Store(tmp_path, is_read_only=True)
    with pytest.raises(UserError, match="nothing to export"):
        write_alpaca_eval(store, collect(store), [], tmp_path / "out")


def verdicts(*rows: tuple[float | None, int, int]) -> pd.DataFrame:
    """(score, length, reference's length) of each instruction."""
    none = dict.fromkeys(("n_wins", "n_ties", "n_losses", "n_unparsed", "n_headings", "n_list_items", "n_bold"), 0)
    return typed([
        {**none, "key": "k", "annotator": "a", "instruction_key": str(k), "score": score, "is_graded": False,
         "length": length, "reference_length": reference}
        for k, (score, length, reference) in enumerate(rows)
    ])  # fmt: skip


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_figures_by_hand() -> None:
    # Scores 1, 1, 1/2, 0: mean 5/8; deviations 3/8, 3/8, 1/8, 5/8, whose squares sum to 44/64; 44/192 is the
    # sample variance, and sqrt(44/192 / 4) = 0.2393568 the error. Lengths 10, 10, 10, 15: mean 11.25, cut to 11.
    table = verdicts((1.0, 10, 5), (1.0, 10, 5), (0.5, 10, 5), (0.0, 15, 5), (None, 10, 5))
    rows = read_csv(alpaca_eval_csv([ModelVerdicts("none", verdicts((None, 3, 3))), ModelVerdicts("m", table)]))
    assert [row[""] for row in rows] == ["m", "none"]
    assert tuple(rows[0]) == COLUMNS
    assert float(rows[0]["win_rate"]) == 62.5
    assert float(rows[0]["standard_error"]) == pytest.approx(23.93568, abs=1e-5)
    assert [rows[0][name] for name in ("n_wins", "n_wins_base", "n_draws", "n_total")] == ["2", "1", "1", "4"]
    assert float(rows[0]["discrete_win_rate"]) == 62.5
    assert rows[0]["avg_length"] == "11" and rows[0]["length_controlled_winrate"] == ""
    assert rows[1]["n_total"] == "0" and rows[1]["win_rate"] == ""


def test_length_is_controlled_for_where_it_can_be() -> None:
    # Longer answers win: at equal length the model would win less than it does.
    longer = [(1.0, 100 + k, 50) for k in range(30)] + [(0.0, 40 - k, 50) for k in range(10)]
    (row,) = read_csv(alpaca_eval_csv([ModelVerdicts("m", verdicts(*longer))]))
    assert float(row["win_rate"]) == 75.0
    assert float(row["length_controlled_winrate"]) < 70.0 and float(row["lc_standard_error"]) > 0.0


@pytest.mark.skipif(not ALPACA_EVAL.is_dir(), reason="needs AlpacaEval's files beside the repository")
@pytest.mark.parametrize("model", ["text_davinci_001", "alpaca-7b", "alpaca-farm-ppo-human"])
def test_published_rows_come_out_of_published_verdicts(model: str) -> None:
    board = (
        ALPACA_EVAL / "src" / "alpaca_eval" / "leaderboards" / "data_AlpacaEval" / "alpaca_eval_gpt4_leaderboard.csv"
    )
    (published,) = (row for row in read_csv(board.read_text()) if row[""] == model)
    folder = ALPACA_EVAL / "results" / model
    rows = pd.read_json(folder / "alpaca_eval_gpt4" / "annotations.json.gz")
    preference = rows["preference"].replace(0, 1.5)  # a draw in old files
    table = verdicts(
        *((None if pd.isna(p) else p - 1, len(o), len(r))
          for p, o, r in zip(preference, rows["output_2"], rows["output_1"], strict=True))
    )  # fmt: skip
    (made,) = read_csv(alpaca_eval_csv([ModelVerdicts(model, table)]))
    for name in ("n_wins", "n_wins_base", "n_draws", "n_total"):
        assert made[name] == published[name]
    for name in ("win_rate", "standard_error", "discrete_win_rate"):
        assert float(made[name]) == pytest.approx(float(published[name]), abs=1e-4)
