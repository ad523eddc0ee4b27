"""A settings folder of the user's own adds to the shipped one, in every command and in every process."""

import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from farm.commands.main import run_command
from farm.config.conf_dirs import conf_dir_in_use
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.forked import MAIN, run_forked
from tests.paths import ROOT

pytestmark = pytest.mark.slow

JUDGE = '''"""A judge of the user's own: the output with more question marks."""

from dataclasses import dataclass

from farm.records import Preference, Verdict


@dataclass(frozen=True, kw_only=True)
class QuestionJudge:
    name: str
    mark: str

    def verdicts(self, comparisons, first_shown, seed, *, sample=0, calls=None):
        more = [c.output_1.count(self.mark) > c.output_2.count(self.mark) for c in comparisons]
        return [Verdict(preference=Preference.FIRST if first else Preference.SECOND) for first in more]


@dataclass(frozen=True, kw_only=True)
class AlwaysSecond:
    """A noise stage: whatever was said, the second."""

    def apply(self, label, seed):
        return label._replace(preference=Preference.SECOND)
'''
FILES = {
    "question_marks.py": JUDGE,
    "mark.txt": "?",
    "judge/questions.yaml": """\
_target_: question_marks.QuestionJudge
name: questions
mark: ${text:mark.txt}
""",
    "annotator/asking.yaml": """\
defaults:
  - /simulated@_here_: named_panel
  - /judge@panel.judges.questions: questions
  - _self_
name: asking
arm: asking
""",
    "annotator/contrary.yaml": """\
defaults:
  - asking
  - _self_
name: contrary
noise:
  - _target_: question_marks.AlwaysSecond
""",
    "method/feedme_twice.yaml": "defaults:\n  - feedme\n  - _self_\nname: feedme_twice\ntraining:\n  epochs: 2\n",
    "experiment/mine.yaml": """\
# @package _global_
defaults:
  - override /hydra/launcher: joblib
  - override /evaluation: longest
  - override /annotator: contrary
name: mine
hydra:
  mode: MULTIRUN
  launcher:
    n_jobs: 2
  sweeper:
    params:
      method: sft,feedme_twice
""",
}
PAIRS = [
    {"instruction": "a", "output_1": "why? how?", "output_2": "because of the weather"},
    {"instruction": "b", "output_1": "because of the weather", "output_2": "why?"},
]


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's settings folder."""
    return written(tmp_path / "own", FILES)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    (tmp_path / "pairs.json").write_text(json.dumps(PAIRS))
    return tmp_path / "pairs.json"


def labels(pairs: Path, annotator: str, *more: str) -> list[float]:
    output = pairs.with_name(f"{annotator}.json")
    root = pairs.with_name("runs")
    line = ["annotate", f"input={pairs}", f"output={output}", f"root={root}", f"annotator={annotator}", *more]
    assert run_command(line) == 0
    return [row["preference"] for row in json.loads(output.read_text())]


def test_a_judge_a_prompt_file_and_a_noise_stage_of_the_users_own(own: Path, pairs: Path) -> None:
    # By question marks the first output wins the first pair and the second one the second; noise says second always.
    assert labels(pairs, "asking", f"conf_dir={own}") == [1, 2]
    assert labels(pairs, "contrary", f"conf_dir={own}") == [2, 2]


@pytest.mark.parametrize("named_by", ["FARM_CONF", "farm_conf"])
def test_the_folder_may_be_named_by_the_environment_or_lie_there(
    named_by: str, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert run_command(["--help"]) == 0
    assert "feedme_twice" not in capsys.readouterr().out
    if named_by == "FARM_CONF":
        monkeypatch.setenv("FARM_CONF", str(own))
    else:
        own.rename(empty / "farm_conf")
    assert run_command(["--help"]) == 0
    assert "feedme_twice" in capsys.readouterr().out


def test_only_a_named_folder_is_imported_from(
    own: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own.rename(tmp_path / "farm_conf")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "question_marks", raising=False)
    line = ["annotate", f"input={pairs}", f"output={tmp_path / 'labels.json'}", "annotator=asking"]
    assert run_command(line) == 2
    assert "cannot import 'question_marks'" in capsys.readouterr().err
    assert run_command([*line, "conf_dir=farm_conf"]) == 0


def test_a_mistyped_choice_of_the_users_own_is_guessed(
    own: Path, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["annotate", f"input={pairs}", "output=x.json", "annotator=contrery", f"conf_dir={own}"]) == 2
    assert "did you mean `contrary`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"method/dpo.yaml": "name: mine\n"}, "method/dpo.yaml has the name of a file that comes with farm;"),
        ({"prompt/judge/choice.txt": "?", "config.yaml": "a: 1\n"}, "comes with farm (and 1 more)"),
    ],
)
def test_a_shipped_name_is_refused(
    files: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "own", files)
    assert run_command(["plan", f"conf_dir={tmp_path / 'own'}", f"output={tmp_path}"]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", f"conf_dir={tmp_path / 'nowhere'}", f"output={tmp_path}"]) == 2
    assert f"conf_dir: no folder {tmp_path / 'nowhere'}" in capsys.readouterr().err


def test_a_missing_text_file_says_where_it_was_looked_for(
    own: Path, pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "mark.txt").unlink()
    assert run_command(["annotate", f"input={pairs}", "output=x.json", "annotator=asking", f"conf_dir={own}"]) == 2
    error = capsys.readouterr().err
    assert "mark.txt" in error and str(own) in error


def test_the_environment_is_as_before_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CONF", "before")
    with conf_dir_in_use(tmp_path):
        pass
    with conf_dir_in_use(None):
        pass
    assert run_command(["--version", f"conf_dir={tmp_path}"]) == 0
    monkeypatch.delenv("FARM_CONF")  # raises where it is gone


def test_a_calibrated_annotator_lies_in_the_users_folder_and_is_found(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made_up(60).to_json("humans.json", orient="records")
    line = ["calibrate", "humans=humans.json", "judge=longest", "n_folds=2", "n_simulations=2", "n_resamples=20"]
    assert run_command([*line, "name=fitted"]) == 0
    assert "farm_conf/annotator/fitted.yaml: use it with annotator=fitted\n" in capsys.readouterr().out
    assert len(labels(pairs, "fitted")) == 2
    (tmp_path / "other").mkdir()
    assert run_command([*line, "name=elsewhere", "conf_dir=other"]) == 0
    folder = tmp_path / "other"
    assert f"elsewhere.yaml: use it with annotator=elsewhere conf_dir={folder}\n" in capsys.readouterr().out
    assert len(labels(pairs, "elsewhere", f"conf_dir={folder}")) == 2


@pytest.mark.slow
def test_a_sweep_of_the_users_own_runs_in_worker_processes(own: Path, tmp_path: Path) -> None:
    small = ["n_demonstrations=64", "n_preference=48", "n_unlabeled=16", "n_evaluation=8", "n_validation=8"]
    line = [
        "run", "experiment=mine", f"conf_dir={own}", "seed=0", "root=runs", "reward_model.n_held_out=8",
        *(f"dataset.{setting}" for setting in small),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = run_forked(MAIN, *line, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    standings = pd.read_csv(tmp_path / "runs" / "experiments" / "mine" / "standings.csv")
    assert set(standings["method"]) == {"sft", "feedme_twice"}
    processes = {json.loads(path.read_text())["process"] for path in (tmp_path / "runs").rglob("jobs/*.json")}
    assert processes
