"""Runs that diverge stop, leave nothing behind and harm no other run; nor does an artifact that is broken."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import farm as laboratory
from farm.errors import UserError
from tests.commands.run_farm import Done, farm

SMALL = (
    "seed=0", "annotator=crowd", "dataset.n_demonstrations=64", "dataset.n_preference=48", "dataset.n_unlabeled=32",
    "dataset.n_evaluation=8", "dataset.n_validation=4", "reward_model.n_held_out=8", "model.threads=1",
    "model.max_new_tokens=24",
)  # fmt: skip
PPO = ("method=ppo", "method.n_steps=2", "method.rollouts_per_step=16", "method.update.batch_size=16")
DIVERGING = {
    "sft": (("method=sft", "sft.training.learning_rate=1e9"), "sft has diverged: in step 2 its loss is nan"),
    "dpo": (("method=dpo", "method.training.learning_rate=1e9"), "has diverged"),
    "reward model": (
        (*PPO, "reward_model.training.learning_rate=1e9"), "reward model has diverged: in step 2 its loss is nan"),
    "ppo": ((*PPO, "method.update.learning_rate=1e9"), "ppo, after step 1 of 2, has diverged: its weights are as"),
    "kto in its only step": (("method=kto", "method.training.learning_rate=1e20"), "kto, after step 1 of 1, has"),
    "the value network": (
        (*PPO, "method.update.value_learning_rate=1e30"), "has diverged: in step 2 its gradient norm is nan"),
}  # fmt: skip

pytestmark = pytest.mark.slow


def run(root: Path, *settings: str) -> Done:
    return farm("run", *SMALL, *settings, f"root={root}")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one finished run, and what several that diverge have left."""
    root = tmp_path_factory.mktemp("root")
    done = run(root, "method=sft")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """The root, with a second run that may be broken: the first one's, under another seed and key."""
    shutil.copytree(root, tmp_path / "root")
    (first,) = (tmp_path / "root" / "artifacts" / "standings").iterdir()
    second = first.with_name("0" * 16)
    shutil.copytree(first, second)
    rewrite(second, "standings.parquet", seed=1)
    return tmp_path / "root"


def rewrite(folder: Path, name: str, **columns: object) -> None:
    """Change columns of a table, and the manifest with it."""
    pd.read_parquet(folder / name).assign(**columns).to_parquet(folder / name, index=False)
    sign(folder, name)


def sign(folder: Path, name: str) -> None:
    """Let the manifest say what the file holds now."""
    manifest = json.loads((folder / "manifest.json").read_text())
    content = (folder / name).read_bytes()
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("what", DIVERGING)
def test_a_diverging_training_stops_with_one_sentence_and_leaves_nothing(what: str, root: Path) -> None:
    settings, says = DIVERGING[what]
    before = sorted(path for path in root.glob("artifacts/*/[0-9a-f]*") if path.parent.name in ("policy", "standings"))
    done = run(root, *settings)
    sentence = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and sentence.startswith("farm: ") and says in sentence, done.stderr
    assert "learning_rate" in sentence and "max_grad_norm" in sentence
    assert "Traceback" not in done.stderr + done.stdout
    after = [path for path in root.glob("artifacts/*/[0-9a-f]*") if path.parent.name in ("policy", "standings")]
    sft = len(set(after) - set(before))
    assert sft == 0
    assert list(root.glob("artifacts/*/.*")) == []  # neither drafts nor scratch folders
    assert_shown(root, 1)


def assert_shown(root: Path, n_runs: int, *, skipped: str = "") -> None:
    """Leaderboard, comparison and notebook show the sound runs, and name the others."""
    for command in ("leaderboard", "compare"):
        done = farm(command, f"root={root}")
        assert done.returncode == 0, done.stderr
        assert skipped in done.stderr and ("left out" in done.stderr) == bool(skipped)
        assert "Traceback" not in done.stderr + done.stdout
    assert len(pd.read_csv(root / "leaderboard" / "seeds.csv")["seed"].unique()) == n_runs
    assert len(laboratory.open_run(root)) == n_runs


def test_two_sound_runs_are_both_shown(copy: Path) -> None:
    assert_shown(copy, 2)


BROKEN: dict[str, Callable[[Path], object]] = {
    "NaN standings": lambda folder: rewrite(folder, "standings.parquet", mean_length=float("nan")),
    "infinite utility": lambda folder: rewrite(folder, "standings.parquet", utility=float("inf")),
    "another schema": lambda folder: rewrite(folder, "standings.parquet", more=1),
    "outcomes without numbers": lambda folder: rewrite(folder, "outcomes.parquet", length=None),
    "no rows": lambda folder: (
        pd.read_parquet(folder / "standings.parquet")[:0].to_parquet(folder / "standings.parquet"),
        sign(folder, "standings.parquet"),
    ),
    "truncated table": lambda folder: (
        (folder / "standings.parquet").write_bytes((folder / "standings.parquet").read_bytes()[:100]),
        sign(folder, "standings.parquet"),
    ),
    "table that is none": lambda folder: (
        (folder / "points.parquet").write_text("x"),
        sign(folder, "points.parquet"),
    ),
    "changed file": lambda folder: (folder / "outcomes.parquet").write_bytes(b""),
    "missing file": lambda folder: (folder / "outcomes.parquet").unlink(),
    "manifest cut short": lambda folder: (folder / "manifest.json").write_text("{"),
    "manifest of a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "manifest nested deeply": lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
    "manifest without parents": lambda folder: edit(folder, parents=None),
    "manifest with strange parents": lambda folder: edit(folder, parents=[1]),
    "manifest with a lost parent": lambda folder: edit(folder, parents={"policy": "f" * 16}),
    "manifest without cost": lambda folder: edit(folder, cost=None),
    "notes that are none": lambda folder: (folder / "notes.json").write_text("{"),
}


def edit(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest = {key: value for key, value in (manifest | values).items() if value is not None}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_run_is_left_out_and_named(how: str, copy: Path) -> None:
    folder = copy / "artifacts" / "standings" / ("0" * 16)
    BROKEN[how](folder)
    assert_shown(copy, 1, skipped=str(folder))


def test_a_run_that_needs_a_broken_artifact_says_which_and_what_to_do(copy: Path) -> None:
    (policy,) = (path for path in (copy / "artifacts" / "policy").iterdir() if not path.name.startswith("."))
    tensors = {name: tensor * torch.nan for name, tensor in load_file(policy / "model.safetensors").items()}
    save_file(tensors, policy / "model.safetensors", metadata={"format": "pt"})
    sign(policy, "model.safetensors")
    done = run(copy, "method=feedme")
    sentence = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and str(policy) in sentence and "are NaN or infinite" in sentence
    assert "delete the folder" in sentence
    with pytest.raises(UserError, match="are NaN or infinite"):
        laboratory.open_run(copy).select(seed=0).policy(device="cpu").answer("Name a fish.")
