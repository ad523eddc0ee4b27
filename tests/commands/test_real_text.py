"""One chain on real text: AlpacaFarm's pairs with recorded GPT-4 labels, real demonstrations, any local checkpoint."""

from pathlib import Path

import pytest

from farm.commands.main import run_command
from tests.tiny import save_causal_lm_for_long_texts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    save_causal_lm_for_long_texts(directory)
    return directory


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chains share what does not depend on method and adapter: the data set is read once."""
    return tmp_path_factory.mktemp("root")


def trained(root: Path) -> set[Path]:
    return {file.parent for file in (root / "artifacts").glob("*/[0-9a-f]*/model.safetensors")}


@pytest.mark.parametrize("adapter", ["none", "lora"])
@pytest.mark.parametrize("method", ["dpo", "ppo"])
def test_a_chain_runs_on_real_text(
    method: str, adapter: str, humandata: Path, checkpoint: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = humandata / "raw"
    settings = [
        f"dataset.demonstrations_file={humandata / 'demos_instruct_mix.parquet'}",
        f"dataset.preference_file={raw / 'alpacafarm_xann_gpt4' / 'gpt4_b1' / 'annotations_seed0_configs.json.gz'}",
        f"dataset.unlabeled_file={humandata / 'demos_instruct_mix.parquet'}",
        f"dataset.evaluation_file={raw / 'alpaca_eval' / 'results' / 'text_davinci_003' / 'model_outputs.json.gz'}",
        "dataset.n_demonstrations=64", "dataset.n_preference=48", "dataset.n_unlabeled=48", "dataset.n_evaluation=12",
        "model=local", f"model.checkpoint={checkpoint}", "model.max_prompt_tokens=2048", "model.max_new_tokens=16",
        "annotator=recorded", "reward_model.n_held_out=8", f"root={root}",
    ]  # fmt: skip
    if method == "ppo":
        settings += ["method.n_steps=2", "method.rollouts_per_step=8", "method.update.batch_size=8"]
    before = trained(root)
    assert run_command(["run", "dataset=alpaca_farm", f"method={method}", f"adapter={adapter}", *settings]) == 0
    printed = capsys.readouterr().out
    models = [line.split()[:2] for line in printed.splitlines() if line.startswith(("policy ", "reward_model "))]
    assert sorted(name for name, _ in models) == ["policy"] * 2 + ["reward_model"] * (method == "ppo")
    made = trained(root) - before
    assert len(made) == sum(word == "made" for _, word in models) >= len(models) - 1  # sft may be there already
    assert all((folder / "adapter").is_dir() == (adapter == "lora") for folder in made)
    assert f"{method}: win rate" in printed
    assert "judged by longest (n 12 labels on 12 instructions, 0 unparsed)" in printed
    assert "true utility" not in printed


def test_a_missing_file_is_named(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere.json"
    arguments = [
        "run", "dataset=alpaca_farm", f"dataset.evaluation_file={nowhere}", "model=local",
        f"model.checkpoint={checkpoint}", "annotator=recorded", "method=dpo", f"root={tmp_path / 'root'}",
    ]  # fmt: skip
    assert run_command(arguments) == 2
    error = capsys.readouterr().err
    assert str(nowhere) in error and "Traceback" not in error and "nothing was started" in error


def test_a_pickled_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    arguments = ["run", "model=local", f"model.checkpoint={tmp_path}", "method=sft", f"root={tmp_path / 'root'}"]
    assert run_command(arguments) == 1
    error = capsys.readouterr().err
    assert "only pickled weights (pytorch_model.bin)" in error and "Traceback" not in error
