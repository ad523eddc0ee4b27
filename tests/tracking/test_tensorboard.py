"""Event files hold the tables that a run writes anyway, each step once, also after a break; results do not change."""

import json
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from farm.methods.online.training_log import StepLog
from farm.methods.trl import callbacks as trl_callbacks
from farm.options.run import plan_sweep
from farm.pipeline.judging.checkpoint_selection import Candidate
from farm.pipeline.running import run_in_this_process
from farm.records import Standing
from farm.store.artifacts import Artifact, StageReport, Store
from farm.store.tables import read_table
from tests.tiny import tiny_causal_lm

pytestmark = pytest.mark.slow

METHODS = {
    "dpo": ["method.training.batch_size=8"],
    "ppo": [
        "method.n_steps=3", "method.rollouts_per_step=8", "method.update.batch_size=8", "method.checkpoint_every=1",
        "method.n_snapshots=3", "selection.n_labels=1",
    ],
}  # fmt: skip
Points = dict[str, list[tuple[int, float]]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    checkpoint = tmp_path_factory.mktemp("model")
    tiny_causal_lm(checkpoint)
    return [
        "dataset.n_demonstrations=48", "dataset.n_preference=48", "dataset.n_unlabeled=16", "dataset.n_evaluation=8",
        "dataset.n_validation=4", "annotator=longest", "evaluation=longest", "reward_model.n_held_out=8",
        f"model.checkpoint={checkpoint}", "model.max_prompt_tokens=128", "model.max_new_tokens=12",
        "sft.training.batch_size=16",
    ]  # fmt: skip


def run(method: str, settings: list[str], root: Path, *more: str) -> list[StageReport]:
    (job,) = plan_sweep(
        [f"method={method}", *METHODS[method], *settings, *more, f"root={root}"], is_multirun=False
    ).jobs
    store = Store(root)
    run_in_this_process(store, job.chain, job.session.calls, job.session.tracking)
    return store.reports


def points_in(folder: Path) -> Points:
    """By tag: (step, value) in order."""
    (file,) = folder.glob("events.out.tfevents.*")
    events = EventAccumulator(str(file))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def points_of(artifact: Artifact) -> Points:
    """Those of `metrics.jsonl`, rounded as TensorBoard rounds them."""
    points: Points = {}
    for line in artifact.file("metrics.jsonl").read_text().splitlines():
        metrics = json.loads(line)
        for name in metrics.keys() - {"step"}:
            points.setdefault(name, []).append((metrics["step"], float(np.float32(metrics[name]))))
    return points


def stop_after(n_steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the midst of a policy's training, in either kind of loop."""
    write = StepLog.write

    def write_or_stop(log: StepLog, step: int, *rest: object) -> None:
        if step == n_steps:
            raise KeyboardInterrupt
        write(log, step, *rest)  # type: ignore[arg-type]

    def stop(reporter: object, args: object, state: object, control: object, **_: object) -> None:
        if vars(state)["global_step"] == n_steps and "policy" in str(vars(reporter)["_metrics_path"]):
            raise KeyboardInterrupt

    monkeypatch.setattr(StepLog, "write", write_or_stop)
    monkeypatch.setattr(trl_callbacks.Reporter, "on_step_begin", stop)


@pytest.mark.parametrize("method", METHODS)
def test_curves_are_the_tables_also_after_a_break_and_change_no_result(
    method: str, settings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(method, settings, tmp_path / "plain")
    assert not (tmp_path / "plain" / "tracking").exists()

    monkeypatch.setattr(trl_callbacks, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    tracked = tmp_path / "tracked"
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        stop_after(2, broken)
        run(method, settings, tracked, "report_to=tensorboard")
    reports = run(method, settings, tracked, "report_to=tensorboard")

    assert [r.artifact.key for r in reports] == [r.artifact.key for r in plain]
    shown = 0
    for with_curves, without in zip(reports, plain, strict=True):
        for file in without.artifact.path.rglob("*.safetensors"):
            name = str(file.relative_to(without.artifact.path))
            assert with_curves.artifact.file(name).read_bytes() == file.read_bytes()
        if with_curves.artifact.file("metrics.jsonl").is_file():
            (folder,) = (tracked / "tracking" / "tensorboard").glob(f"*-seed0-{with_curves.artifact.key}")
            expected = points_of(with_curves.artifact)
            assert points_in(folder) == expected and len(next(iter(expected.values()))) > 1
            shown += 1
    assert shown == {"dpo": 2, "ppo": 3}[method]  # SFT policy, reward model, policy


def test_a_run_shows_its_standings_choices_and_costs(settings: list[str], tmp_path: Path) -> None:
    by_kind = {r.artifact.kind: r for r in run("ppo", settings, tmp_path, "report_to=[tensorboard]")}
    board = tmp_path / "tracking" / "tensorboard"
    (row,) = read_table(by_kind["standings"].artifact.file("standings.parquet"), Standing)
    points = points_in(board / f"run-ppo-longest-seed0-{by_kind['standings'].artifact.key}")
    assert row.win_rate is not None
    assert points["win_rate/longest"] == [(0, np.float32(row.win_rate))]
    assert points["n_total/longest"] == [(0, 8.0)]
    assert points["cost/annotations/labels"] == [(0, 48.0)]
    assert points["cost/reward_model/gradient_steps"] == [(0, by_kind["reward_model"].cost.gradient_steps)]
    assert 0.0 <= points["reward_model/accuracy"][0][1] <= 1.0
    selection = by_kind["selection"].artifact
    candidates = read_table(selection.file("candidates.parquet"), Candidate)
    chosen = points_in(board / f"selection-ppo-longest-seed0-{selection.key}")
    assert [step for step, _ in chosen["n_total"]] == [row.step for row in candidates] == [1, 2, 3]
