"""An answer ends at any of the tokens that generation_config.json names, not at the tokenizer's alone."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from farm.models.checkpoint import load_causal_lm, load_tokenizer, save_checkpoint
from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.end_tokens import end_ids
from farm.models.generate import sample
from tests.families import save_family

CPU = torch.device("cpu")
PROMPTS = ["Name two animals", "What does the baker sell?"]


def with_settings(folder: Path, **settings: object) -> Path:
    (folder / "generation_config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("family", ["llama", "gpt2", "mamba"])  # one for each decoder
def test_answers_end_where_transformers_ends_them(tmp_path: Path, family: str) -> None:
    save_family(family, tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    ends = list(range(3, 200))
    with_settings(tmp_path, eos_token_id=[tokenizer.eos_token_id, *ends])
    model = load_causal_lm(tmp_path, dtype=torch.float32, device=CPU)
    assert end_ids(model, tokenizer) == (tokenizer.eos_token_id, *ends)
    drawn = sample(
        model, tokenizer, PROMPTS, n=1, temperature=0.0, max_new_tokens=40, batch_size=2, seed=0, purpose="test"
    )
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path)
    for prompt, (completion,) in zip(PROMPTS, drawn, strict=True):
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        expected = theirs.generate(ids, do_sample=False, max_new_tokens=40, pad_token_id=0)[0, ids.shape[1] :].tolist()
        assert completion.ids == expected
        assert completion.is_finished == (expected[-1] in (tokenizer.eos_token_id, *ends))
        assert completion.text == tokenizer.decode(expected[:-1] if completion.is_finished else expected)
    assert any(completion.is_finished for (completion,) in drawn)


def test_settings_of_generation_that_are_none_are_left_out_and_the_model_can_be_saved(tmp_path: Path) -> None:
    save_family("llama", tmp_path / "base")
    with_settings(tmp_path / "base", eos_token_id=[1, 5], do_sample=False, temperature=-3, top_p="all", num_beams=0)
    model = load_causal_lm(tmp_path / "base", dtype=torch.float32, device=CPU)
    tokenizer = load_tokenizer(tmp_path / "base")
    assert set(end_ids(model, tokenizer)) == {1, 5}
    save_checkpoint(model, tokenizer, tmp_path / "saved")
    again = load_causal_lm(tmp_path / "saved", dtype=torch.float32, device=CPU)
    assert set(end_ids(again, tokenizer)) == {1, 5}


@pytest.mark.parametrize("ids", [10**9, -1, [1, "stop"], "stop", [True], 1.5])
def test_ends_that_are_no_tokens_are_refused(tmp_path: Path, ids: object) -> None:
    save_family("llama", tmp_path)
    with_settings(tmp_path, eos_token_id=ids)
    with pytest.raises(CheckpointError, match=r"generation_config\.json: eos_token_id: expected ids of the vocabulary"):
        load_causal_lm(tmp_path, dtype=torch.float32, device=CPU)
