"""Files in a layout of one's own, their columns named on the command line: no command needs code for them."""

import json
from pathlib import Path

import pytest

from tests.commands.run_farm import farm
from tests.labels.label_files import written

VOTES = ("A", "B", "tie", "A", "A", "B", "A", "B")
PAIRS = [
    {
        "question": {"text": f"Name {k} seas."},
        "answers": [{"by": "m", "text": f"Baltic {k}."}, {"by": "n", "text": f"No {k} of them, I would say."}],
        "label": vote,
        "said_by": "llm" if k % 2 else "human",
    }
    for k, vote in enumerate(VOTES)
]
PAIR_NAMES = (
    "columns.instruction=question.text",
    "columns.output_1=answers.0.text",
    "columns.output_2=answers.1.text",
    "columns.model_1=answers.0.by",
    "columns.model_2=answers.1.by",
)
LABEL_NAMES = (*PAIR_NAMES, "columns.preference=label", "columns.preference_values={A:1,B:2,tie:1.5}")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return written(tmp_path, *PAIRS, name="pairs.jsonl")


@pytest.mark.slow
def test_compare_ranks_what_the_columns_say(pairs: Path, tmp_path: Path) -> None:
    done = farm("compare", f"humans={pairs}", *LABEL_NAMES, f"output={tmp_path}", "report.n_resamples=20")
    assert done.returncode == 0, done.stderr
    # Four wins and a tie of eight.
    models = json.loads((tmp_path / "comparison.json").read_text())["models"]
    assert {model["model"]: model["human_win_rate"] for model in models} == {"m": 4.5 / 8, "n": 3.5 / 8}


@pytest.mark.slow
def test_judges_read_them_for_both_of_their_files(pairs: Path, tmp_path: Path) -> None:
    few = ("n_resamples=20", "attacked_items=0", f"output={tmp_path / 'judges'}", f"root={tmp_path}")
    done = farm("judges", f"input={pairs}", f"humans={pairs}", "baselines=[longest]", *LABEL_NAMES, *few)
    assert done.returncode == 0 and "8 " in done.stdout, done.stderr


@pytest.mark.slow
def test_annotate_labels_pairs_and_two_files_of_outputs(pairs: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    done = farm("annotate", f"input={pairs}", f"output={labels}", "annotator=longest", *PAIR_NAMES, f"root={tmp_path}")
    assert done.returncode == 0, done.stderr
    rows = json.loads(labels.read_text())
    assert [row["preference"] for row in rows] == [2] * 8 and rows[0]["label"] == "A"
    assert rows[0]["instruction"] == "Name 0 seas." and rows[0]["model_2"] == "n"
    theirs = written(tmp_path, {"ask": "Name a sea.", "say": "Baltic."}, name="theirs.jsonl")
    ours = written(tmp_path, {"instruction": "Name a sea.", "output": "No."}, name="ours.jsonl")
    done = farm("annotate", f"input=[{theirs},{ours}]", f"output={labels}", "annotator=longest",
                "columns.instruction=ask", "columns.output=say", f"root={tmp_path}")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [(row["output_1"], row["preference"]) for row in json.loads(labels.read_text())] == [("Baltic.", 1)]


def test_recorded_verdicts_are_replayed_from_such_a_file(pairs: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    names = [name.replace("columns.", "annotator.columns.", 1) for name in LABEL_NAMES]
    done = farm("annotate", f"input={pairs}", f"output={labels}", "annotator=recorded", f"annotator.file={pairs}",
                *names, *PAIR_NAMES, f"root={tmp_path}")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [row["preference"] for row in json.loads(labels.read_text())] == [1, 2, 1.5, 1, 1, 2, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["compare", "judges", "calibrate", "plan", "annotate", "score"])
def test_a_wrong_name_is_refused_with_the_columns_there_are(command: str, pairs: Path, tmp_path: Path) -> None:
    files = {
        "compare": (f"humans={pairs}", f"output={tmp_path}"),
        "judges": (f"input={pairs}", f"output={tmp_path}"),
        "calibrate": (f"humans={pairs}", "judge=longest", "name=x", f"annotator_dir={tmp_path}", f"output={tmp_path}"),
        "plan": (f"humans={pairs}", f"output={tmp_path}"),
        "annotate": (f"input={pairs}", f"output={tmp_path / 'x.json'}", "annotator=longest"),
        "score": (f"pairs={pairs}", f"output={tmp_path / 'scores'}", f"reward_model={tmp_path}"),
    }[command]
    done = farm(command, *files, "columns.instruction=ask")
    assert done.returncode != 0
    assert "no column for columns.instruction=ask; the file has the columns answers, label, question" in done.stderr
    done = farm(command, *files, "columns.instrucion=question")
    assert "did you mean `columns.instruction`" in done.stderr


def test_the_help_says_what_the_keys_are() -> None:
    keys = farm("compare", "columns=own", "--help").stdout
    assert "columns.instruction=null" in keys and "columns.preference_values=null" in keys
    assert "'columns.preference_values={A:1,B:2,tie:1.5}'" in farm("compare", "--help").stdout  # the example


def test_names_without_a_file_are_refused(tmp_path: Path) -> None:
    done = farm("compare", "columns.instruction=q", f"root={tmp_path}")
    assert done.returncode != 0 and "there is no file that they could be the names of" in done.stderr
