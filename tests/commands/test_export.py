"""`farm export`: a trained policy leaves the root whole, with a card; a root leaves it in AlpacaEval's files."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.pipeline.sharing import hub
from farm.records import Output, Standing
from farm.store.artifacts import Store
from farm.store.tables import read_table
from tests.commands.run_farm import farm
from tests.tiny import tiny_causal_lm

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of PPO, with a choice among its checkpoints."""
    checkpoint, root = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("root")
    tiny_causal_lm(checkpoint)
    done = farm(
        "run", "method=ppo", "annotator=longest", "evaluation=longest", "seed=0", f"root={root}",
        "dataset.n_demonstrations=48", "dataset.n_preference=48", "dataset.n_unlabeled=16", "dataset.n_evaluation=8",
        "dataset.n_validation=4", "reward_model.n_held_out=8", f"model.checkpoint={checkpoint}",
        "model.max_prompt_tokens=128", "model.max_new_tokens=12", "sft.training.batch_size=16", "method.n_steps=2",
        "method.rollouts_per_step=8", "method.update.batch_size=8", "method.n_snapshots=2", "selection.n_labels=1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_policy_leaves_with_its_checkpoint_its_prompt_and_its_card(root: Path, tmp_path: Path) -> None:
    before = files_of(root / "artifacts")
    store = Store(root, is_read_only=True)
    (standings,) = store.readable("standings").artifacts
    done = farm("export", f"policy={standings.key[:8]}", f"output={tmp_path / 'out'}", f"root={root}", "license=mit")
    assert done.returncode == 0, done.stderr
    assert files_of(root / "artifacts") == before  # an export changes no artifact
    out = tmp_path / "out"
    (selection,) = store.readable("selection").artifacts
    chosen = selection.path / json.loads(selection.file("policy.json").read_text())["checkpoint"]
    weights = {name: tensor for file in out.glob("*.safetensors") for name, tensor in load_file(file).items()}
    expected = load_file(chosen / "model.safetensors")
    assert weights.keys() == expected.keys() and all(torch.equal(weights[name], expected[name]) for name in expected)
    load_causal_lm(out, dtype=torch.float32, device=torch.device("cpu"))
    load_tokenizer(out)
    asked = json.loads((out / "farm_policy.json").read_text())
    assert asked["prompt"]["without_input"] == "{instruction}\nAnswer:\n" and asked["max_new_tokens"] == 12
    assert not list(out.glob("*.parquet")) and not (out / "manifest.json").exists()
    card = (out / "README.md").read_text()
    (row,) = read_table(standings.file("standings.parquet"), Standing)
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["license"] == "mit"
    assert front["model-index"][0]["results"][0]["metrics"][0]["value"] == row.win_rate
    for kind in ("dataset", "annotations", "pairs", "reward_model", "policy", "selection"):
        for artifact in store.readable(kind).artifacts:
            assert artifact.key in card
    assert "| ppo |" in card and "method.reward.kl_coef" in card and "reward_model.training.learning_rate" in card
    lineage = [line for line in card.split("## Lineage\n")[1].split("## ")[0].splitlines() if line.startswith("|")]
    assert lineage[2].startswith("| dataset |") and lineage[-1].startswith("| selection |")


def test_a_root_leaves_as_alpaca_evals_files(root: Path, tmp_path: Path) -> None:
    done = farm("export", "format=alpaca_eval", f"output={tmp_path / 'out'}", f"root={root}", "model=ppo")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out/pocket/results/ppo-longest-seed0/longest/annotations.json").read_text())
    (outputs,) = Store(root, is_read_only=True).readable("outputs").artifacts
    answered = read_table(outputs.file("outputs.parquet"), Output)
    assert [row["output_2"] for row in rows] == [o.output for o in answered] and len(rows) == 8
    # The judge prefers the longer text.
    longer = [
        1.5 + 0.5 * ((len(r["output_2"]) > len(r["output_1"])) - (len(r["output_2"]) < len(r["output_1"])))
        for r in rows
    ]
    assert [row["preference"] for row in rows] == longer


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["policy=zz"], "policy=zz: no policy"),
        (["policy=aa", "format=alpaca_eval"], "either policy=KEY or format=alpaca_eval"),
        ([], "either policy=KEY or format=alpaca_eval"),
        (["format=alpaca_eval", "push_to_hub=me/x"], "push_to_hub: is for policy=KEY"),
        (["policy=aa", "push_to_hub=me"], "expected OWNER/NAME"),
        (["format=alpaca_eval", "track=nowhere"], "nothing to export"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(line: list[str], sentence: str, root: Path, tmp_path: Path) -> None:
    done = farm("export", *line, f"output={tmp_path / 'out'}", f"root={root}")
    assert done.returncode in (1, 2) and sentence in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_is_sent_unless_asked_for(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("farm.commands.export.push_folder", lambda *_, **__: sent.append("x") or "somewhere")
    monkeypatch.setenv(hub.TOKEN, "hf_" + "s" * 30)
    (policy, *_) = Store(root, is_read_only=True).readable("selection").artifacts
    line = ("export", f"policy={policy.key}", f"output={tmp_path}", f"root={root}")
    assert farm(*line).returncode == 0 and sent == []
    assert farm(*line, "push_to_hub=me/dpo").returncode == 0 and sent == ["x"]
