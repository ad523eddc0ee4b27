"""`farm run` killed with SIGKILL in the middle of SFT, GRPO and PPO: the same command goes on and ends alike."""

import json
import shutil
from pathlib import Path

import pytest
from transformers import TrainerState

from farm.commands.main import run_command
from farm.methods.trl import callbacks as trl_callbacks
from tests.forked import Forked
from tests.tiny import tiny_causal_lm

pytestmark = pytest.mark.slow

KILLED_AFTER = 7
"""Steps of a policy's training; all of them have more."""
FARM = """
import sys
from farm.commands.main import run_command
from farm.methods.trl import callbacks as trl_callbacks
from farm.methods.online.training_log import StepLog

trl_callbacks.SECONDS_BETWEEN_CHECKPOINTS = 0.0
write = StepLog.write

def tell_ppo(log, step, *rest):
    write(log, step, *rest)
    print("policy has made step", step + 1, flush=True)

def tell_trainer(self, args, state, control, **kwargs):
    print(self._metrics_path.parent.parent.name, "has made step", state.global_step, flush=True)

StepLog.write = tell_ppo
trl_callbacks.Reporter.on_step_begin = tell_trainer
sys.exit(run_command(sys.argv[1:]))
"""
METHODS = {
    "sft": [],
    "grpo": [
        "method.rollouts.n_steps=10", "method.rollouts.n_samples=4", "method.training.batch_size=8",
    ],
    "ppo": [
        "method.n_steps=10", "method.rollouts_per_step=8", "method.update.batch_size=8", "method.checkpoint_every=3",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    checkpoint = tmp_path_factory.mktemp("model")
    tiny_causal_lm(checkpoint)
    return [
        "dataset.n_demonstrations=160", "dataset.n_preference=64", "dataset.n_unlabeled=80", "dataset.n_evaluation=8",
        "dataset.n_validation=4", "annotator=longest", "evaluation=longest", "reward_model.n_held_out=8",
        f"model.checkpoint={checkpoint}", "model.max_prompt_tokens=128", "model.max_new_tokens=12",
        "sft.training.batch_size=16",
    ]  # fmt: skip


def command(method: str, settings: list[str], root: Path) -> list[str]:
    return ["run", f"method={method}", *METHODS[method], *settings, f"root={root}"]


def killed(arguments: list[str]) -> int:
    """Run until a policy has made some steps, then kill; returns the last step that was reported."""
    step = 0
    with Forked(FARM, *arguments) as process:
        for line in process.lines():
            if line.startswith("policy has made step"):
                step = int(line.split()[-1])
                if step >= KILLED_AFTER:
                    process.kill_all()
                    break
    return step


def policy_of(root: Path, known: set[str]) -> Path:
    (policy,) = (p for p in (root / "artifacts" / "policy").glob("[0-9a-f]*") if p.name not in known)
    return policy


def test_a_killed_run_goes_on_where_it_stopped(
    settings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[int] = []

    def note(self: object, args: object, state: TrainerState, control: object, **kwargs: object) -> None:
        begun.append(state.global_step)

    monkeypatch.setattr(trl_callbacks, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(trl_callbacks.Reporter, "on_step_begin", note)
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    known: set[str] = set()
    for method in METHODS:
        if method == "grpo":
            # The reward model is not what is killed here.
            shutil.copytree(whole, broken, dirs_exist_ok=True)
        step = killed(command(method, settings, broken))
        assert step >= KILLED_AFTER
        (scratch,) = (broken / "artifacts" / "policy").glob(".*.scratch")
        timings = {file.name: file.read_text() for file in scratch.glob("steps/timings_*.json")}
        begun.clear()
        capsys.readouterr()
        assert run_command(command(method, settings, broken)) == 0
        printed = capsys.readouterr().out
        resumed = policy_of(broken, known)
        if method == "ppo":
            lines = (resumed / "timings.jsonl").read_text().splitlines()
            kept = [k for k in range(10) if timings.get(f"timings_{k:06d}.json") == lines[k]]
            assert kept == list(range(6))  # wall-clock seconds repeat only if nothing was done again
        else:
            assert begun[0] in (step - 1, step) and begun == list(range(begun[0], begun[-1] + 1))
        assert run_command(command(method, settings, whole)) == 0
        unbroken = policy_of(whole, known)
        assert resumed.name == unbroken.name
        for name in ("model.safetensors", "metrics.jsonl"):
            assert (resumed / name).read_bytes() == (unbroken / name).read_bytes(), (method, name)
        made = [line.split()[:2] for line in printed.splitlines() if " made " in line or " reused " in line]
        if method != "sft":
            assert ["policy", "reused"] in made and ["reward_model", "reused"] in made
        assert json.loads((resumed / "policy.json").read_text())["checkpoint"] == "."
        known.add(unbroken.name)
