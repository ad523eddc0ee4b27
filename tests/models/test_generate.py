"""Sampling: a row depends on its own prompt and draws only, and the logits are the model's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from farm.models.decoders.decoder import Decoder, HuggingFaceDecoder
from farm.models.decoders.llama_decoder import LlamaDecoder
from farm.models.generate import Completion, sample
from farm.models.tokens import encode_prompt
from tests.tiny import SENTENCES, tiny_causal_lm, tiny_gpt2, tiny_gpt_neox, tiny_llama_config

Make = Callable[[Path], tuple[PreTrainedModel, PreTrainedTokenizerFast]]
PROMPTS = [sentence[:length] for sentence in SENTENCES for length in (1, 7, 23)]


def draw(make: Make, tmp_path: Path, prompts: list[str], **overrides: object) -> list[list[Completion]]:
    model, tokenizer = make(tmp_path)
    settings: dict[str, object] = {
        "n": 3,
        "temperature": 1.0,
        "max_new_tokens": 20,
        "batch_size": 64,
        "seed": 0,
        "purpose": "test",
    }
    return sample(model, tokenizer, prompts, **(settings | overrides))  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [tiny_causal_lm, tiny_gpt2, tiny_gpt_neox])
def test_batch_size_and_order_change_nothing(make: Make, tmp_path: Path) -> None:
    wide = draw(make, tmp_path, PROMPTS)
    narrow = draw(make, tmp_path, PROMPTS[::-1], batch_size=5)
    assert wide == narrow[::-1]
    alone = draw(make, tmp_path, PROMPTS[4:5], n=1)
    assert alone[0][0] == wide[4][0]


@pytest.mark.parametrize("make", [tiny_causal_lm, tiny_gpt2, tiny_gpt_neox])
def test_greedy_is_what_transformers_generates(make: Make, tmp_path: Path) -> None:
    model, tokenizer = make(tmp_path)
    for prompt, (ours,) in zip(PROMPTS, draw(make, tmp_path, PROMPTS, n=1, temperature=0), strict=True):
        ids = torch.tensor([encode_prompt(tokenizer, prompt)])
        theirs = model.generate(ids, do_sample=False, max_new_tokens=20, attention_mask=torch.ones_like(ids))
        assert ours.ids == theirs[0, ids.shape[1] :].tolist()


def test_completions_end_with_the_end_token_or_at_the_limit(tmp_path: Path) -> None:
    completions = [c for row in draw(tiny_causal_lm, tmp_path, PROMPTS, n=20) for c in row]
    assert len(completions) == len(PROMPTS) * 20
    assert {c.is_finished for c in completions} == {True, False}
    for completion in completions:
        assert completion.is_finished == (completion.ids[-1] == 1)
        assert 1 not in completion.ids[:-1]
        assert completion.is_finished or len(completion.ids) == 20
        assert "<eos>" not in completion.text


def test_seed_purpose_and_index_change_the_draw(tmp_path: Path) -> None:
    first = draw(tiny_causal_lm, tmp_path, PROMPTS)
    assert first == draw(tiny_causal_lm, tmp_path, PROMPTS)
    assert first != draw(tiny_causal_lm, tmp_path, PROMPTS, seed=1)
    assert first != draw(tiny_causal_lm, tmp_path, PROMPTS, purpose="other")
    assert len({tuple(c.ids) for c in first[5]}) == 3


def test_first_tokens_follow_the_models_distribution(tmp_path: Path) -> None:
    model, tokenizer = tiny_causal_lm(tmp_path)
    n = 4000
    (row,) = draw(tiny_causal_lm, tmp_path, PROMPTS[4:5], n=n, max_new_tokens=1, temperature=0.7, batch_size=1000)
    with torch.inference_mode():
        logits = model(torch.tensor([encode_prompt(tokenizer, PROMPTS[4])])).logits[0, -1]
    expected = torch.softmax(logits / 0.7, dim=-1).numpy()
    counts = np.bincount([c.ids[0] for c in row], minlength=len(expected))
    # Each count is binomial: five standard deviations and a half for the smallest of them.
    assert np.all(np.abs(counts - n * expected) <= 5 * np.sqrt(n * expected * (1 - expected)) + 1)


def test_progress_counts_every_answer(tmp_path: Path) -> None:
    seen: list[int] = []
    draw(tiny_causal_lm, tmp_path, PROMPTS, on_progress=seen.append, batch_size=4)
    assert sum(seen) == 3 * len(PROMPTS)


def test_too_long_a_prompt_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="context of 256"):
        draw(tiny_causal_lm, tmp_path, ["a duck " * 300])


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_llama_decoder_gives_the_models_logits(n_kv_heads: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(tiny_llama_config(300, num_key_value_heads=n_kv_heads)).eval()
        for name, parameter in model.named_parameters():
            if "norm" in name:  # ones at first, which would hide a norm that was folded wrongly
                torch.nn.init.uniform_(parameter, 0.5, 1.5)
        ids = torch.randint(2, 300, (3, 12))
    assert LlamaDecoder.supports(model)
    decoders: list[Decoder] = [LlamaDecoder(model, 4, 20), HuggingFaceDecoder(model, 4, 20)]
    prompt_lengths, slots = torch.tensor([3, 8, 5]), torch.tensor([2, 0, 1])
    with torch.inference_mode():
        expected = model(ids).logits
        for decoder in decoders:
            decoder.prefill(slots, ids[:, :8], torch.arange(3))
            for offset in range(4):
                positions = torch.zeros(4, dtype=torch.long)
                token_ids = torch.ones(4, dtype=torch.long)
                positions[slots] = prompt_lengths + offset
                token_ids[slots] = ids[torch.arange(3), prompt_lengths + offset]
                logits = decoder.step(token_ids, positions, int(positions.max()) + 1)
                torch.testing.assert_close(
                    logits[slots], expected[torch.arange(3), prompt_lengths + offset], atol=1e-4, rtol=1e-4
                )


@pytest.mark.parametrize("kind", [LlamaDecoder, HuggingFaceDecoder])
def test_steps_under_autocast_are_near_the_models_logits(kind: type[LlamaDecoder] | type[HuggingFaceDecoder]) -> None:
    """Weights in float32, arithmetic in bfloat16, as in PPO: keys and values come out of a pass in two types."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(tiny_llama_config(300)).eval()
        ids = torch.randint(2, 300, (3, 12))
    rows = torch.arange(3)
    with torch.inference_mode():
        expected = model(ids).logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            decoder = kind(model, 3, 12)
            decoder.prefill(rows, ids[:, :8], rows)
            for place in range(8, 12):
                logits = decoder.step(ids[:, place], torch.full((3,), place), place + 1)
                difference = logits.float() - expected[:, place]
                assert difference.norm() < 0.02 * expected[:, place].norm()
