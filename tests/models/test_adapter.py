"""Adapters: they change nothing at first, train alone on a frozen base, and read back as PEFT and as merged weights."""

import json
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM, PeftModel
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedModel

from farm.models.adapter import LoRA, add_adapter, is_adapted
from farm.models.checkpoint import load_causal_lm, load_reward_model, load_tokenizer, reward_head, save_checkpoint
from farm.models.decoders.decoder import HuggingFaceDecoder
from farm.models.generate import sample
from farm.models.trainable import sharing_weights
from tests.families import FAMILIES, save_family
from tests.tiny import SENTENCES

LORA = LoRA(rank=2, alpha=8, target_modules=None, stages=("method",))
CPU = torch.device("cpu")
IDS = torch.arange(2, 42).view(2, 20)


def logits_of(model: PreTrainedModel) -> Tensor:
    with torch.no_grad():
        logits: Tensor = model(input_ids=IDS, use_cache=False).logits
    return logits


def trained(model: PreTrainedModel, *, head: torch.nn.Module | None = None) -> PreTrainedModel:
    """A few real steps: what moves is what an optimizer was allowed to move."""
    add_adapter(model, LORA, head=head, seed=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        model(input_ids=IDS, use_cache=False).logits.float().square().mean().backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_an_adapter_changes_nothing_at_first_trains_alone_and_reads_back_both_ways(family: str, tmp_path: Path) -> None:
    base = save_family(family, tmp_path / "base")
    plain, model = (load_causal_lm(base, dtype=torch.float32, device=CPU) for _ in range(2))
    add_adapter(model, LORA, head=None, seed=3)
    torch.testing.assert_close(logits_of(model), logits_of(plain), atol=0, rtol=0)
    assert all(p.requires_grad == (".lora_" in name) for name, p in model.named_parameters())
    model = trained(load_causal_lm(base, dtype=torch.float32, device=CPU))
    after = dict(model.named_parameters())
    for name, parameter in plain.named_parameters():
        frozen = after.get(name, after.get(".base_layer.".join(name.rsplit(".", 1))))
        assert frozen is not None and torch.equal(frozen, parameter) and frozen.grad is None, name
    assert not torch.allclose(logits_of(model), logits_of(plain), atol=1e-2)

    save_checkpoint(model, load_tokenizer(base), tmp_path / "saved")
    assert is_adapted(model)  # training could go on
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    assert type(merged) is type(plain) and not is_adapted(merged)
    torch.testing.assert_close(logits_of(merged), logits_of(model), atol=1e-4, rtol=1e-4)
    adapter = tmp_path / "saved" / "adapter"
    assert sorted(file.name for file in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    again = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    torch.testing.assert_close(logits_of(again), logits_of(model), atol=1e-6, rtol=1e-6)
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == str(base)
    torch.testing.assert_close(
        logits_of(AutoPeftModelForCausalLM.from_pretrained(adapter)), logits_of(again), atol=0, rtol=0
    )


def test_a_reward_models_adapter_brings_its_head(tmp_path: Path) -> None:
    base = save_family("llama", tmp_path / "base")
    with torch.random.fork_rng():
        torch.manual_seed(0)  # its head is new
        classifier = load_reward_model(base, dtype=torch.float32, device=CPU, is_head_new=True)
    before = reward_head(classifier).weight.clone()
    trained(classifier, head=reward_head(classifier))
    assert not torch.equal(reward_head(classifier).weight, before)
    save_checkpoint(classifier, load_tokenizer(base), tmp_path / "saved")
    merged = AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved")
    torch.testing.assert_close(logits_of(merged), logits_of(classifier), atol=1e-4, rtol=1e-4)
    fresh = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, pad_token_id=0)
    again = PeftModel.from_pretrained(fresh, tmp_path / "saved" / "adapter")
    torch.testing.assert_close(logits_of(again), logits_of(classifier), atol=1e-5, rtol=1e-5)


def test_a_bfloat16_base_carries_a_float32_adapter(tmp_path: Path) -> None:
    base = save_family("llama", tmp_path / "base")
    model = trained(load_causal_lm(base, dtype=torch.bfloat16, device=CPU))
    kinds = {".lora_" in name: parameter.dtype for name, parameter in model.named_parameters()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    save_checkpoint(model, load_tokenizer(base), tmp_path / "saved")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    assert merged.dtype == torch.float32  # a small product is not rounded away
    embeddings = [m.get_input_embeddings().weight for m in (merged, AutoModelForCausalLM.from_pretrained(base))]
    assert torch.equal(*embeddings)


def test_a_changed_base_is_not_saved(tmp_path: Path) -> None:
    base = save_family("gpt2", tmp_path / "base")
    model = trained(load_causal_lm(base, dtype=torch.float32, device=CPU))
    with torch.no_grad():
        model.get_input_embeddings().weight[0, 0] += 1e-6
    with pytest.raises(RuntimeError, match=r"transformer.wte.weight is part of the frozen base"):
        save_checkpoint(model, load_tokenizer(base), tmp_path / "saved")


def test_the_seed_decides_the_first_weights_and_no_other_draw(tmp_path: Path) -> None:
    base = save_family("llama", tmp_path / "base")
    state = torch.random.get_rng_state()
    models = [load_causal_lm(base, dtype=torch.float32, device=CPU) for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        add_adapter(model, LORA, head=None, seed=seed)
    assert torch.equal(torch.random.get_rng_state(), state)
    first, same, other = (dict(m.named_parameters())[_first_of(m)] for m in models)
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_a_reference_shares_the_frozen_weights_and_none_of_the_adapter(tmp_path: Path) -> None:
    reference = load_causal_lm(save_family("qwen3", tmp_path / "base"), dtype=torch.float32, device=CPU)
    before = logits_of(reference)
    policy = trained(sharing_weights(reference))
    assert policy.get_input_embeddings().weight is reference.get_input_embeddings().weight
    assert policy.get_output_embeddings().weight is reference.get_input_embeddings().weight  # tied, as before
    assert not is_adapted(reference)
    torch.testing.assert_close(logits_of(reference), before, atol=0, rtol=0)
    assert not torch.allclose(logits_of(policy), before, atol=1e-2)


def test_sampling_sees_the_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused decoder has its own copy of the weights."""
    base = save_family("llama", tmp_path / "base")
    model, tokenizer = trained(load_causal_lm(base, dtype=torch.float32, device=CPU)), load_tokenizer(base)

    def greedy() -> list[list[int]]:
        drawn = sample(
            model, tokenizer, SENTENCES, n=1, temperature=0, max_new_tokens=12, batch_size=4, seed=0, purpose="test"
        )
        return [completion.ids for (completion,) in drawn]

    fused = greedy()
    monkeypatch.setattr("farm.models.generate._make_decoder", HuggingFaceDecoder)
    assert greedy() == fused


def test_named_layers_only(tmp_path: Path) -> None:
    base = save_family("llama", tmp_path / "base")
    model = load_causal_lm(base, dtype=torch.float32, device=CPU)
    lora = LoRA(rank=2, alpha=8, target_modules=("q_proj", "v_proj"), stages=("method",))
    add_adapter(model, lora, head=None, seed=0)
    names = {name.split(".lora_")[0].rsplit(".", 1)[1] for name, p in model.named_parameters() if p.requires_grad}
    assert names == {"q_proj", "v_proj"}
    with pytest.raises(ValueError, match="rank: expected at least 1"):
        LoRA(rank=0, alpha=8, target_modules=None, stages=("method",))


def _first_of(model: PreTrainedModel) -> str:
    return next(name for name, parameter in model.named_parameters() if parameter.requires_grad)
