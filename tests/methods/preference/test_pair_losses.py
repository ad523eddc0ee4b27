"""KTO, ORPO and SimPO: the first loss against the paper's formula, and what training does to the margins."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from farm.methods.examples import EncodedLabel, EncodedPair, encode_pairs
from farm.methods.method import Method, TrainingInputs
from farm.methods.preference.kto import KTO, kto_rows, unpaired_rows
from farm.methods.preference.orpo import ORPO
from farm.methods.preference.simpo import SimPO
from farm.methods.trl.training import TrainingJob, TrainingSettings, in_training_order
from farm.models.checkpoint import load_causal_lm, load_tokenizer
from tests.methods.conftest import Folders

pytestmark = pytest.mark.slow

Make = Callable[[TrainingSettings], Method]


def kto(settings: TrainingSettings) -> KTO:
    return KTO(
        name="kto", loss_type="kto", beta=0.1, desirable_weight=1.0, undesirable_weight=0.5, rows_per_forward=4,
        training=settings, temperature=0.7,
    )  # fmt: skip


def orpo(settings: TrainingSettings) -> ORPO:
    return ORPO(name="orpo", beta=0.3, rows_per_forward=8, training=settings, temperature=0.7)


def simpo(settings: TrainingSettings) -> SimPO:
    return SimPO(
        name="simpo", beta=2.0, gamma=0.5, cpo_alpha=0.0, rows_per_forward=8, training=settings, temperature=0.7
    )


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def first_batch(inputs: TrainingInputs, settings: TrainingSettings, name: str, tmp_path: Path) -> list[EncodedPair]:
    assert inputs.sft is not None
    job = TrainingJob(name, inputs.model, settings, tmp_path, tmp_path, 0)
    pairs = encode_pairs(inputs.model, load_tokenizer(inputs.sft.checkpoint), inputs.pairs)
    return in_training_order(pairs, job)[: settings.batch_size]


def token_logps(inputs: TrainingInputs, prompt: Sequence[int], completion: Sequence[int]) -> torch.Tensor:
    """transformers' own forward pass, one sequence at a time."""
    assert inputs.sft is not None
    model = load_causal_lm(inputs.sft.checkpoint, dtype=torch.float32, device=torch.device("cpu"))
    with torch.no_grad():
        logps = model(input_ids=torch.tensor([[*prompt, *completion]])).logits[0].log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(completion) - 1)
    return torch.stack([logps[place, token] for place, token in zip(places, completion, strict=True)])


def test_simpo_loss(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    """Equation 6: -log sigmoid(beta (mean logp chosen - mean logp rejected) - gamma)."""
    output_dir, scratch_dir = folders("out")
    simpo(settings).train(inputs, output_dir, scratch_dir, 0)
    losses = [
        math.log1p(
            math.exp(
                0.5
                - 2.0
                * float(
                    token_logps(inputs, pair.prompt_ids, pair.chosen_ids).mean()
                    - token_logps(inputs, pair.prompt_ids, pair.rejected_ids).mean()
                )
            )
        )
        for pair in first_batch(inputs, settings, "simpo", tmp_path)
    ]
    assert metrics(output_dir)[0]["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_orpo_loss(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, tmp_path: Path) -> None:
    """Equations 6 and 7: mean NLL per token of prompt and chosen answer - lambda log sigmoid(log odds ratio)."""
    output_dir, scratch_dir = folders("out")
    orpo(settings).train(inputs, output_dir, scratch_dir, 0)
    nlls: list[float] = []
    ratios = []
    for pair in first_batch(inputs, settings, "orpo", tmp_path):
        chosen = token_logps(inputs, pair.prompt_ids, pair.chosen_ids)
        p_chosen = math.exp(float(chosen.mean()))
        p_rejected = math.exp(float(token_logps(inputs, pair.prompt_ids, pair.rejected_ids).mean()))
        log_odds_ratio = math.log(p_chosen / (1 - p_chosen)) - math.log(p_rejected / (1 - p_rejected))
        ratios.append(math.log1p(math.exp(-log_odds_ratio)))
        # The NLL is taken over the prompt too, from its second token on.
        before = token_logps(inputs, pair.prompt_ids[:1], pair.prompt_ids[1:])
        nlls += (-before).tolist() + (-chosen).tolist()
    expected = sum(nlls) / len(nlls) + 0.3 * sum(ratios) / len(ratios)
    assert metrics(output_dir)[0]["loss"] == pytest.approx(expected, rel=1e-4)


def test_kto_starts_at_half_its_weights(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    """At the reference every sigmoid is 1/2: the mean of 1/2 and, at half the weight, 1/4."""
    output_dir, scratch_dir = folders("out")
    kto(settings).train(inputs, output_dir, scratch_dir, 0)
    first = metrics(output_dir)[0]
    assert first["kl"] == pytest.approx(0, abs=1e-4)
    assert first["loss"] == pytest.approx(0.375, abs=1e-5)


def test_kto_takes_both_sides_and_mismatches_within_a_forward_pass() -> None:
    pairs = [EncodedPair([1], [10], [11]), EncodedPair([2], [20], [21])]
    rows = kto_rows(pairs, 2)
    assert [row["prompt_ids"] for row in rows] == [[1], [2], [1], [2]]
    assert [row["completion_ids"] for row in rows] == [[10], [20], [11], [21]]
    assert [row["label"] for row in rows] == [True, True, False, False]
    # Each behind the other pair's prompt.
    assert [row["KL_completion_ids"] for row in rows] == [[21], [10], [20], [11]]


def test_unpaired_labels_are_mismatched_as_trl_does_and_never_behind_their_own_prompt() -> None:
    # TRL rotates by one within a forward pass; the third prompt is the second's, so it gets the first's completion.
    labelled = [EncodedLabel([1], [11], True), EncodedLabel([2], [22], False), EncodedLabel([2], [33], True)]
    rows = unpaired_rows([*labelled, EncodedLabel([4], [44], False), EncodedLabel([5], [55], True)], 3)
    assert [row["KL_completion_ids"] for row in rows] == [[33], [11], [11], [55], [44]]
    assert [row["completion_ids"] for row in rows] == [[11], [22], [33], [44], [55]]
    assert [row["label"] for row in rows] == [True, False, True, False, True]


@pytest.mark.parametrize("make", [kto, orpo, simpo])
def test_margins_rise(make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    output_dir, scratch_dir = folders("out")
    make(replace(settings, epochs=6)).train(inputs, output_dir, scratch_dir, 0)
    logged = metrics(output_dir)
    assert logged[-1]["rewards/margins"] > logged[0]["rewards/margins"] + 0.01
    assert logged[-1]["loss"] < logged[0]["loss"]


@pytest.mark.parametrize("make", [kto, orpo, simpo])
def test_the_machine_s_micro_batch_changes_nothing(
    make: Make, inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """Bytes, for the same seed on another machine; another seed gives others."""
    written = []
    for micro_batch_size, seed in ((8, 0), (2, 0), (8, 1)):
        model = replace(inputs.model, micro_batch_size=micro_batch_size)
        output_dir, scratch_dir = folders(f"{micro_batch_size} {seed}")
        make(settings).train(replace(inputs, model=model), output_dir, scratch_dir, seed)
        written.append((output_dir / "model.safetensors").read_bytes())
    assert written[0] == written[1] != written[2]


def test_rows_per_forward_divide_the_batch(settings: TrainingSettings) -> None:
    with pytest.raises(ValueError, match=r"divisor of training.batch_size \(8\), got 3"):
        replace(kto(settings), rows_per_forward=3)
    with pytest.raises(ValueError, match="an even number of at least 4, got 2"):
        replace(kto(settings), rows_per_forward=2)
