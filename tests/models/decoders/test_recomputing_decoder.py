"""Models whose memory is more than keys and values, or less than prompt and answer, are sampled right all the same."""

from pathlib import Path

import pytest
import torch

from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.models.decoders.decoder import HuggingFaceDecoder
from farm.models.generate import sample
from farm.models.tokens import encode_prompt
from tests.families import save_family
from tests.tiny import SENTENCES


@pytest.mark.parametrize("family", ["mistral", "gemma2", "mamba"])
def test_greedy_is_what_the_model_itself_would_say_next(family: str, tmp_path: Path) -> None:
    save_family(family, tmp_path)
    model = load_causal_lm(tmp_path, dtype=torch.float32, device=torch.device("cpu"))
    tokenizer = load_tokenizer(tmp_path)
    drawn = sample(
        model, tokenizer, SENTENCES, n=1, temperature=0, max_new_tokens=10, batch_size=3, seed=0, purpose="test"
    )
    assert not HuggingFaceDecoder.supports(model, 17)
    for sentence, (completion,) in zip(SENTENCES, drawn, strict=True):
        ids = encode_prompt(tokenizer, sentence)
        for drawn_id in completion.ids:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            assert drawn_id == int(logits.argmax())
            ids.append(drawn_id)


def test_a_window_that_holds_prompt_and_answer_needs_no_recomputing(tmp_path: Path) -> None:
    save_family("mistral", tmp_path)  # its window is 16
    model = load_causal_lm(tmp_path, dtype=torch.float32, device=torch.device("cpu"))
    assert [HuggingFaceDecoder.supports(model, capacity) for capacity in (15, 16, 17)] == [True, True, False]
