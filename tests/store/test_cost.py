"""What stages cost: counted where it arises, summed over attempts, and right where it can be worked out by hand."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.models.generate import sample
from farm.store.artifacts import Stage, Store
from farm.store.cost import Cost, Tally, count, measured, peak_memory_mb, uncounted
from tests.tiny import tiny_causal_lm


def test_costs_add_up_and_peaks_do_not() -> None:
    total = Cost(seconds=1.0, labels=2, peak_memory_mb=5.0) + Cost(seconds=2.0, flops=3.0, peak_memory_mb=4.0)
    assert total == Cost(seconds=3.0, labels=2, flops=3.0, peak_memory_mb=5.0)


def test_only_what_a_stage_does_is_counted(tmp_path: Path) -> None:
    count(Cost(labels=1))
    with measured(tmp_path / "cost.json") as tally:
        count(Cost(labels=2))
        with uncounted():
            count(Cost(labels=4))
        count(Cost(labels=8))
    assert tally.total().labels == 10


def test_what_a_killed_attempt_had_spent_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.store.cost.KEPT_EVERY_SECONDS", 0.0)
    killed = Tally(tmp_path / "cost.json")
    killed.add(Cost(labels=5, generated_tokens=7))
    again = Tally(tmp_path / "cost.json")
    again.add(Cost(labels=1))
    assert (again.total().labels, again.total().generated_tokens) == (6, 7)


def test_an_artifact_remembers_what_it_cost(tmp_path: Path) -> None:
    def build(output_dir: Path, scratch_dir: Path) -> None:
        (output_dir / "text.txt").write_text("a")
        count(Cost(labels=3, gradient_steps=2))

    for _ in range(2):
        store = Store(tmp_path)
        store.get(Stage("thing", 1), component={}, parents={}, seed=0, build=build)
        cost = store.reports[0].cost
        assert (cost.labels, cost.gradient_steps) == (3, 2)
        assert 0 < cost.peak_memory_mb <= store.peak_memory_mb()


def test_the_peak_is_the_stages_own(tmp_path: Path) -> None:
    with measured(tmp_path / "a.json") as large:
        block = torch.ones(100_000_000, dtype=torch.uint8)
        assert block.sum() == 100_000_000
    del block
    with measured(tmp_path / "b.json") as small:
        pass
    assert large.total().peak_memory_mb >= small.total().peak_memory_mb
    assert small.total().peak_memory_mb <= peak_memory_mb()


@pytest.fixture
def model(tmp_path: Path) -> PreTrainedModel:
    tiny_causal_lm(tmp_path / "lm")
    return load_causal_lm(tmp_path / "lm", dtype=torch.float32, device=torch.device("cpu"))


def n_weights_by_hand(model: PreTrainedModel) -> int:
    # Two layers of width 32: queries and output 32 x 32, keys and values 32 x 16 (two of four heads), three matrices
    # 32 x 64; and the embedding, which is the output matrix too.
    return 2 * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64) + len(model.get_input_embeddings().weight) * 32


def test_a_forward_pass_takes_2_and_training_6_operations_per_weight_and_token(
    model: PreTrainedModel, tmp_path: Path
) -> None:
    ids, n_weights = torch.zeros((3, 5), dtype=torch.long), n_weights_by_hand(model)
    with measured(tmp_path / "forward.json") as forward, torch.no_grad():
        model(input_ids=ids)
    with measured(tmp_path / "training.json") as training:
        model(input_ids=ids).logits.sum().backward()
    model.requires_grad_(False)
    with measured(tmp_path / "frozen.json") as frozen:
        model(input_ids=ids)
    assert forward.total().flops == frozen.total().flops == 2 * n_weights * 15
    assert training.total().flops == 6 * n_weights * 15


def test_sampling_counts_its_tokens_and_reads_a_prompt_once(model: PreTrainedModel, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tmp_path / "lm")
    with measured(tmp_path / "sample.json") as tally:
        (row,) = sample(
            model, tokenizer, ["Name two animals."], n=3, temperature=1.0, max_new_tokens=8, batch_size=4,
            seed=0, purpose="test",
        )  # fmt: skip
    n_generated = sum(len(completion.ids) for completion in row)
    n_read = len(tokenizer("Name two animals.")["input_ids"])
    assert tally.total().generated_tokens == n_generated
    assert tally.total().flops == 2 * n_weights_by_hand(model) * (n_read + n_generated)
