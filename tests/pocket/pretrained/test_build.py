"""The build of the base: what it writes, that a killed build resumes exactly, and what its batches hold."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from farm.pocket.language.drafts import TARGETS
from farm.pocket.language.grammar import is_reserved, parse
from farm.pocket.pretrained import build as building
from farm.pocket.pretrained.build import BuildSettings, build
from farm.pocket.pretrained.build_report import Report
from farm.pocket.pretrained.pretraining import DraftChunks, StreamSettings, Templates
from farm.pocket.pretrained.tokenizer import make_tokenizer
from tests.paths import ROOT

CONF = ROOT / "conf"
PROMPTS = CONF / "prompt" / "pocket"
TINY = BuildSettings(
    n_drafts=4 * 64 * 3, batch_size=4, learning_rate=1e-3, weight_decay=0.0, prompt_weight=0.1, criteria_weight=1.0,
    pause_weight=0.5, hidden_size=16, intermediate_size=16, n_layers=1, n_heads=2, seed=0,
)  # fmt: skip


class KilledError(Exception):
    pass


@pytest.fixture
def eager_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(building, "evaluate", lambda *_, **__: Report(r2={}, sign={}))


def weights(directory: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(directory).state_dict()


@pytest.mark.usefixtures("eager_checkpoints")
def test_a_killed_build_resumes_to_the_same_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: (tmp_path / name / "base", tmp_path / name / "scratch") for name in ("whole", "killed")}
    build(TINY, places["whole"][0], prompt_dir=PROMPTS, scratch_dir=places["whole"][1], is_compiled=False)

    export, n_exports = building.export, 0

    def export_once(*arguments: object) -> None:
        nonlocal n_exports
        n_exports += 1
        if n_exports == 2:
            raise KilledError
        export(*arguments)  # type: ignore[arg-type]

    output_dir, scratch_dir = places["killed"]
    monkeypatch.setattr(building, "export", export_once)
    with pytest.raises(KilledError):
        build(TINY, output_dir, prompt_dir=PROMPTS, scratch_dir=scratch_dir, is_compiled=False)
    build(TINY, output_dir, prompt_dir=PROMPTS, scratch_dir=scratch_dir, is_compiled=False)

    whole, resumed = weights(places["whole"][0]), weights(output_dir)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    steps = [json.loads(line)["step"] for line in (scratch_dir / "log.jsonl").read_text().splitlines()]
    assert steps == [64, 128, 192]
    assert not any("end" in name or "pause" in name for name in whole), "the heads do not ship"
    assert AutoTokenizer.from_pretrained(output_dir).bos_token is None
    assert {path.name for path in output_dir.iterdir()} >= {"build.json", "config.json", "model.safetensors"}


def test_batches_hold_prompt_draft_and_end_with_their_weights() -> None:
    templates = Templates.read(PROMPTS)
    tokenizer = make_tokenizer((templates.without_input, templates.with_input))
    stream = StreamSettings(batch_size=4, prompt_weight=0.1, seed=0)
    batches = DraftChunks(tokenizer, templates, stream)[0]
    assert len(batches) == 64
    for batch in batches[:10]:
        assert (batch.ids.gather(1, batch.end[:, None]) == tokenizer.eos_token_id).all()
        assert ((batch.weights > 0).sum(dim=1) == batch.end + 1).all()
        assert batch.targets.shape == (4, len(TARGETS))
        for row, weight in zip(batch.ids, batch.weights, strict=True):
            prompt = tokenizer.decode(row[(weight > 0) & (weight < 0.5)])
            instruction = prompt.removesuffix("\nAnswer:\n").rsplit("\n", 1)
            input = instruction[0] if len(instruction) == 2 else ""
            assert not parse(instruction[-1], input).is_held_out
            assert not is_reserved(instruction[-1], input)


def test_the_settings_of_the_yaml_are_the_settings_of_the_build() -> None:
    values = yaml.safe_load((CONF / "pocket_build.yaml").read_text())["settings"]
    assert BuildSettings(**values).n_steps > 10_000
