"""C-RLFT: weights and conditions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from farm.errors import UserError
from farm.methods.crlft import CRLFT, DemonstrationClass, ScoreBuckets
from farm.methods.examples import EncodedExample
from farm.methods.method import TrainingInputs
from farm.methods.sft import SFT
from farm.methods.trl_training import TrainingSettings
from farm.methods.weighted_sft import weighted_loss, weighted_rows
from farm.models.answering import draw_answers, rewards_of
from farm.records import Demonstration, Output
from tests.methods.conftest import Folders

GOOD = DemonstrationClass(sources=("expert",), condition="Good.\n", weight=1.0)
BAD = DemonstrationClass(sources=("sloppy",), condition="Bad.\n", weight=0.1)


@pytest.fixture
def mixed(inputs: TrainingInputs) -> TrainingInputs:
    """Every second demonstration by the sloppy writer."""
    rows = [replace(row, source="sloppy" if index % 2 else "expert") for index, row in enumerate(inputs.demonstrations)]
    return replace(inputs, demonstrations=rows)


@pytest.fixture
def crlft(settings: TrainingSettings) -> CRLFT:
    return CRLFT(
        name="crlft", classes={"good": GOOD, "bad": BAD}, expert="good", placement="both", buckets=None, start="base",
        training=settings, temperature=0.7,
    )  # fmt: skip


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_a_weighted_loss_by_hand() -> None:
    # Two rows over a vocabulary of 2; with logits (0, 0) every token costs log 2, with (log 3, 0) token 0 has p = 3/4.
    logits = torch.zeros(2, 3, 2)
    logits[1, :, 0] = torch.log(torch.tensor(3.0))
    labels = torch.tensor([[-100, 0, 1], [-100, -100, 0]])
    # Row 1: weight 1, two tokens of log 2 = .6931. Row 2: weight 1/2, one token of log 4/3 = .2877.
    loss = weighted_loss(logits, labels, torch.tensor([1.0, 0.5]))
    assert float(loss) == pytest.approx(2 * 0.693147 + 0.5 * 0.287682, abs=1e-5)


def test_weights_of_a_batch_have_mean_one_over_its_tokens() -> None:
    # 2 tokens of weight 1 and 6 of weight 1/3: sum of weights 4 over 8 tokens, so all are doubled.
    batch = [EncodedExample([7], [1, 2], 1.0), EncodedExample([7], [1, 2, 3, 4, 5, 6], 1 / 3)]
    assert [row["weight"] for row in weighted_rows(batch, 2)] == pytest.approx([2.0, 2 / 3])
    # Each batch by itself.
    assert [row["weight"] for row in weighted_rows(batch, 1)] == pytest.approx([1.0, 1.0])


def test_equal_weights_without_condition_are_sft(
    crlft: CRLFT, mixed: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    same = {"good": replace(GOOD, weight=0.3), "bad": replace(BAD, weight=0.3)}
    plain = replace(crlft, name="sft", placement="none", classes=same)
    found = plain.train(mixed, *folders("crlft"), 0).checkpoint
    sft = SFT(name="sft", training=settings, temperature=0.7).train(mixed, *folders("sft"), 0).checkpoint
    for name, tensor in weights(sft).items():
        torch.testing.assert_close(weights(found)[name], tensor, atol=2e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("size", [1, 2])
def test_micro_batches_change_no_gradient(
    size: int, crlft: CRLFT, mixed: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """8 x 1 and 4 x 2 against 1 x 8: the norm of the first gradient and the loss."""

    def first_log(micro_batch_size: int) -> dict[str, float]:
        model = replace(mixed.model, micro_batch_size=micro_batch_size)
        folder = crlft.train(replace(mixed, model=model), *folders(str(micro_batch_size)), 0).checkpoint
        line: dict[str, float] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
        return line

    whole, parts = first_log(8), first_log(size)
    for name in ("loss", "grad_norm"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-5)


def test_a_class_of_weight_zero_is_left_out(crlft: CRLFT, mixed: TrainingInputs, folders: Folders) -> None:
    only_good = replace(crlft, classes={"good": GOOD, "bad": replace(BAD, weight=0.0)})
    changed = [replace(row, output="something else") if row.source == "sloppy" else row for row in mixed.demonstrations]
    first = only_good.train(mixed, *folders("first"), 0).checkpoint
    second = only_good.train(replace(mixed, demonstrations=changed), *folders("second"), 0).checkpoint
    for name, tensor in weights(first).items():
        assert torch.equal(weights(second)[name], tensor)


@pytest.mark.parametrize(
    ("placement", "prefix", "suffix"),
    [("first_turn", "Good.\n", ""), ("assistant", "", "Good.\n"), ("both", "Good.\n", "Good.\n"), ("none", "", "")],
)
def test_the_policy_is_asked_under_the_experts_condition(
    placement: str, prefix: str, suffix: str, crlft: CRLFT, mixed: TrainingInputs, folders: Folders
) -> None:
    policy = replace(crlft, placement=placement).train(mixed, *folders("out"), 0)
    assert (policy.prefix, policy.suffix) == (prefix, suffix)


def test_conditions_reach_the_model(crlft: CRLFT, folders: Folders, mixed: TrainingInputs) -> None:
    """Two answers to the same question, told apart only by their condition, are learnt apart."""
    rows = [
        Demonstration(instruction="Say it.", output=word, source=source)
        for word, source in (("duck", "expert"), ("otter", "sloppy"))
        for _ in range(100)
    ]
    learner = replace(
        crlft, classes={"good": GOOD, "bad": replace(BAD, weight=1.0)}, placement="assistant",
        training=replace(crlft.training, epochs=2),
    )  # fmt: skip
    policy = learner.train(replace(mixed, demonstrations=rows), *folders("out"), 0)
    instruction = mixed.unlabeled[0].__class__(instruction="Say it.")
    answers = {
        suffix: draw_answers(
            mixed.model, replace(policy, suffix=suffix), [instruction], n=1, temperature=0.01, seed=0, label="test"
        )[0][0].output
        for suffix in ("Good.\n", "Bad.\n")
    }
    assert answers == {"Good.\n": "duck", "Bad.\n": "otter"}


def test_buckets_are_equal_shares_by_score(crlft: CRLFT, inputs: TrainingInputs, folders: Folders) -> None:
    names = ("low", "middle", "high")
    classes = {
        n: DemonstrationClass(sources=(), condition=f"{n}.\n", weight=w)
        for n, w in zip(names, (0.0, 0.5, 1.0), strict=True)
    }
    by_score = replace(crlft, classes=classes, expert="high", buckets=ScoreBuckets(classes=names))
    assert set(by_score.requires) == {"demonstrations", "sft", "reward_model"}
    output_dir, scratch_dir = folders("out")
    drawn = by_score._classes_by_score(inputs)
    scores = rewards_of(
        inputs.model,
        inputs.reward_model,  # type: ignore[arg-type]
        [
            Output(instruction=d.instruction, input=d.input, output=d.output, generator="")
            for d in inputs.demonstrations
        ],
    )
    highest = {name: max(s for s, n in zip(scores, drawn, strict=True) if n == name) for name in names}
    lowest = {name: min(s for s, n in zip(scores, drawn, strict=True) if n == name) for name in names}
    assert highest["low"] <= lowest["middle"] and highest["middle"] <= lowest["high"]
    assert len(set(scores)) > 10
    by_score.train(inputs, output_dir, scratch_dir, 0)
    counts = json.loads((output_dir / "classes.json").read_text())
    assert sum(counts.values()) == len(inputs.demonstrations)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_an_unknown_source_is_refused(crlft: CRLFT, mixed: TrainingInputs, folders: Folders) -> None:
    rows = [*mixed.demonstrations, replace(mixed.demonstrations[0], source="stranger")]
    with pytest.raises(UserError, match=r"sources \['stranger'\], which belong to no class"):
        crlft.train(replace(mixed, demonstrations=rows), *folders("out"), 0)


def test_a_source_belongs_to_one_class(crlft: CRLFT) -> None:
    with pytest.raises(ValueError, match=r"\['expert'\] belong to two classes"):
        replace(crlft, classes={"good": GOOD, "bad": replace(BAD, sources=("expert",))})
    with pytest.raises(ValueError, match="best"):
        replace(crlft, expert="best")
