"""The decoding step on a GPU: a replayed graph gives the model's logits, and sampling its own answers."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from farm.models.decoders.decoder import Decoder, HuggingFaceDecoder
from farm.models.decoders.graphed_decoder import WIDTH_STEP, GraphedDecoder
from farm.models.decoders.llama_decoder import LlamaDecoder
from farm.models.generate import sample
from tests.tiny import SENTENCES, tiny_causal_lm, tiny_llama_config

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")]
CAPACITY = 3 * WIDTH_STEP - 10


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.3)])
def test_replayed_steps_give_the_models_logits(dtype: torch.dtype, tolerance: float) -> None:
    """Across two widths, a freed slot and a smaller batch; the reference is float32."""
    torch.manual_seed(0)
    device = torch.device("cuda")
    model = LlamaForCausalLM(tiny_llama_config(320)).to(device)
    with torch.inference_mode():
        reference = HuggingFaceDecoder(model, 4, CAPACITY)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            graphed = GraphedDecoder(LlamaDecoder(model, 4, CAPACITY), 4, CAPACITY, device)
        decoders: list[Decoder] = [reference, graphed]
        prompt_ids = torch.randint(2, 320, (4, 7), device=device)
        slots = torch.arange(4, device=device)
        for decoder in decoders:
            decoder.prefill(slots, prompt_ids, slots)
        positions = torch.tensor([7, 5, 3, 6], device=device)
        for round_ in range(2 * WIDTH_STEP):
            if round_ == WIDTH_STEP // 2:
                for decoder in decoders:
                    decoder.prefill(slots[1:2], prompt_ids[:1], slots[:1])
                positions[1] = 7
            if round_ == WIDTH_STEP:
                positions = positions[[0, 2, 3]]
                for decoder in decoders:
                    decoder.keep(slots[[0, 2, 3]])
            token_ids = torch.randint(2, 320, (len(positions),), device=device)
            expected, found = (d.step(token_ids, positions, int(positions.max()) + 1) for d in decoders)
            torch.testing.assert_close(found.float(), expected, atol=tolerance, rtol=tolerance)
            positions = positions + 1


def test_sampling_is_the_same_on_the_gpu(tmp_path: Path) -> None:
    model, tokenizer = tiny_causal_lm(tmp_path)
    drawn = [
        sample(
            placed,
            tokenizer,
            SENTENCES,
            n=5,
            temperature=1.0,
            max_new_tokens=20,
            batch_size=6,
            seed=0,
            purpose="test",
        )
        for placed in (model, LlamaForCausalLM.from_pretrained(tmp_path).to("cuda"))  # type: ignore[arg-type]
    ]
    same = [a == b for cpu, gpu in zip(*drawn, strict=True) for a, b in zip(cpu, gpu, strict=True)]
    # Rounding may turn a draw that falls right between two tokens.
    assert sum(same) >= 18
