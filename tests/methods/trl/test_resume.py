"""A killed run resumes from its last complete checkpoint and ends with the weights of an unbroken run."""

import pickle
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import TrainerState

from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import TrainingInputs
from farm.methods.trl import callbacks as trl_callbacks
from farm.methods.trl import training as trl_training
from farm.methods.trl.training import TrainingSettings
from farm.models.adapter import LoRA
from tests.forked import run_forked
from tests.methods.conftest import Folders, with_model

KILLED_AT = 9
"""In the second epoch (6 steps each), and not where a checkpoint is."""

RUN_AND_DIE = """
import os, pickle, signal, sys
from pathlib import Path
from farm.methods.trl import callbacks as trl_callbacks
from farm.methods.trl import training as trl_training

def die(self, args, state, control, **kwargs):
    if state.global_step == {killed_at}:
        os.kill(os.getpid(), signal.SIGKILL)

trl_callbacks.SECONDS_BETWEEN_CHECKPOINTS = 0.0
trl_training.LOGS_PER_RUN = 3
trl_callbacks.Reporter.on_step_begin = die
method, inputs = pickle.loads(Path(sys.argv[1]).read_bytes())
method.train(inputs, Path(sys.argv[2]), Path(sys.argv[3]), 0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [None, LoRA(rank=2, alpha=4, target_modules=None, stages=("sft",))])
def test_killed_run_resumes_to_the_same_bytes(
    adapter: LoRA | None,
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = with_model(inputs, adapter=adapter)
    method = SFT(name="sft", training=replace(settings, epochs=2, n_snapshots=4), temperature=0.7)
    broken_output, broken_scratch = folders("broken")
    (tmp_path / "job.pickle").write_bytes(pickle.dumps((method, inputs)))
    code = RUN_AND_DIE.format(killed_at=KILLED_AT)
    done = run_forked(code, str(tmp_path / "job.pickle"), str(broken_output), str(broken_scratch))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert sorted(path.name for path in broken_scratch.glob("checkpoint-*")) == ["checkpoint-4", "checkpoint-8"]
    # As if it had been killed again, while writing a checkpoint.
    (broken_scratch / "checkpoint-9").mkdir()

    begun: list[int] = []

    def note(self: object, args: object, state: TrainerState, control: object, **kwargs: object) -> None:
        begun.append(state.global_step)

    monkeypatch.setattr(trl_training, "LOGS_PER_RUN", 3)
    monkeypatch.setattr(trl_callbacks.Reporter, "on_step_begin", note)
    method.train(inputs, broken_output, broken_scratch, 0)
    assert begun == [8, 9, 10, 11]
    whole_output, whole_scratch = folders("whole")
    method.train(inputs, whole_output, whole_scratch, 0)
    early = [f"step_{step:04d}/model.safetensors" for step in (3, 6, 9)]
    for name in ("model.safetensors", "metrics.jsonl", "snapshots.json", *early):
        assert (broken_output / name).read_bytes() == (whole_output / name).read_bytes()
