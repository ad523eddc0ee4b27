"""No command looks up a name or reaches out of this machine: every attempt is refused and counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from farm.models.prompt_file import save_prompt
from farm.telemetry import SWITCHES
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.commands.run_farm import FARM
from tests.commands.test_score import PROMPT
from tests.paths import ROOT
from tests.tiny import tiny_reward_model

GUARD = """
import os, sys

def refuse(event, arguments):
    if event == "socket.getaddrinfo" or event.startswith("socket.gethostby"):
        place = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        place = arguments[1][0]
    else:
        return
    if str(place) not in ("127.0.0.1", "::1", "localhost", "None"):
        with open(os.environ["ATTEMPTS"], "a") as file:
            print(event, arguments[1:] if event == "socket.connect" else arguments, sys.argv, file=file)
        raise OSError(101, "the network is refused in this test")

sys.addaudithook(refuse)
"""
SMALL = (
    "dataset.n_demonstrations=64", "dataset.n_preference=48", "dataset.n_unlabeled=16", "dataset.n_evaluation=8",
    "dataset.n_validation=8", "reward_model.n_held_out=8", "selection.n_instructions=8",
)  # fmt: skip
ALL = """
import json, sys
from farm.commands.main import run_command
codes, tools = [], []
for line in json.loads(sys.argv[1]):
    codes.append(run_command(line))
    tools += [name for name in ("tensorboard", "trackio", "wandb") if name in sys.modules and name not in tools]
    print("SO FAR", codes, tools)
"""


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """An environment in which every Python refuses the network; telemetry as a user has it, who has set nothing."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    kept = {name: value for name, value in os.environ.items() if name not in SWITCHES and name != "HF_HUB_OFFLINE"}
    path = os.pathsep.join([str(tmp_path / "guard"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**kept, "PYTHONPATH": path, "ATTEMPTS": str(tmp_path / "attempts")}


def attempts(environment: dict[str, str]) -> str:
    file = Path(environment["ATTEMPTS"])
    return file.read_text() if file.exists() else ""


def test_the_guard_sees_what_it_is_to_see(guarded: dict[str, str]) -> None:
    code = "import socket\ntry: socket.create_connection(('198.51.100.1', 9), 1)\nexcept OSError: pass\n"
    code += "try: socket.getaddrinfo('a.example', 80)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], env=guarded, check=True)
    assert "198.51.100.1" in attempts(guarded) and "a.example" in attempts(guarded)


def test_usage_reports_are_off_unless_the_user_says_otherwise(guarded: dict[str, str]) -> None:
    code = "import json, os\nfrom farm.commands.main import run_command\nrun_command(['--version'])\n"
    code += "print(json.dumps(dict(os.environ)))"
    for own in ({}, {"DO_NOT_TRACK": "0", "WANDB_MODE": "offline"}):
        done = subprocess.run([sys.executable, "-c", code], env={**guarded, **own}, capture_output=True, check=True)
        seen = json.loads(done.stdout.splitlines()[-1])
        assert {name: seen.get(name) for name in SWITCHES} == {**SWITCHES, **own}


@pytest.mark.slow
def test_no_command_reaches_out(guarded: dict[str, str], tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    made_up(30).to_json(labels, orient="records")
    tiny_reward_model(tmp_path / "reward_model")
    save_prompt(PROMPT, tmp_path / "reward_model")
    rows = [{"instruction": f"q{k}", "output_1": "a", "output_2": "bb", "output": "c"} for k in range(20)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    score = ["score", f"reward_model={tmp_path / 'reward_model'}", "device=cpu", "threads=1"]
    root = f"root={tmp_path / 'root'}"
    lines = [
        ["--help"], ["run", "--help"],
        ["annotate", f"input={tmp_path / 'rows.json'}", "annotator=longest", f"output={tmp_path / 'o.parquet'}"],
        [*score, f"input={tmp_path / 'rows.json'}", f"output={tmp_path / 's.json'}"],
        [*score, f"pairs={labels}", f"output={tmp_path / 'pairs'}"],
        ["judges", f"input={labels}", f"output={tmp_path / 'judges'}", "n_resamples=10", "attacked_items=0", root],
        ["compare", f"humans={labels}", f"simulated={labels}", f"output={tmp_path / 'c'}", "report.n_resamples=10"],
        ["calibrate", f"humans={labels}", f"judge={labels}", "name=mine", "n_folds=2", "n_simulations=2",
         "n_resamples=10", f"output={tmp_path / 'cal'}", f"annotator_dir={tmp_path / 'conf'}"],
        ["plan", "n_simulations=100", f"output={tmp_path / 'plan'}"],
        ["run", "method=dpo", "annotator=crowd", "seed=0", *SMALL, root],
        ["run", "method=ppo", "annotator=pool", "seed=0", *SMALL, "method.n_steps=1",
         "method.rollouts_per_step=16", "method.update.batch_size=16", root],
        ["leaderboard", root, f"output={tmp_path / 'board'}"], ["cache", root],
        ["run", "method=sft", "annotator=longest", "evaluation=longest", "seed=1", *SMALL, root,
         "report_to=tensorboard"],
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ALL, json.dumps(lines)],
        cwd=ROOT, env=guarded, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seen = [line.removeprefix("SO FAR ") for line in done.stdout.splitlines() if line.startswith("SO FAR ")]
    # No tool of curves is imported before it is asked for.
    expected = [f"{[0] * (n + 1)} {['tensorboard'] if n + 1 == len(lines) else []}" for n in range(len(lines))]
    assert seen == expected, done.stdout[-2000:] + done.stderr[-2000:]
    assert attempts(guarded) == ""


@pytest.mark.soak
def test_no_worker_of_a_sweep_reaches_out(guarded: dict[str, str], tmp_path: Path) -> None:
    line = ["run", "-m", "method=dpo,sft", "annotator=crowd", "seed=0", *SMALL, f"root={tmp_path / 'root'}"]
    launched = [*FARM, *line, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    subprocess.run(launched, cwd=ROOT, env=guarded, check=True)
    assert attempts(guarded) == ""
