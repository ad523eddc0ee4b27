"""C-RLFT: weights and conditions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from farm.errors import UserError
from farm.methods.examples import EncodedExample, Example, encode_examples
from farm.methods.fine_tuning.crlft import CRLFT, DemonstrationClass, ScoreBuckets
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import TrainingInputs
from farm.methods.online.candidates import snapshots_of
from farm.methods.trl.training import TrainingSettings
from farm.methods.trl.weighted_sft import collate, weighted_loss, weighted_rows
from farm.models.answering import draw_answers, rewards_of
from farm.models.checkpoint import Model, load_causal_lm, load_tokenizer
from farm.records import Demonstration, Output
from tests.methods.conftest import Folders

pytestmark = pytest.mark.slow

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


def test_equal_weights_without_condition_have_the_losses_of_sft(
    crlft: CRLFT, mixed: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    """With weights that stand still, the losses of the same batches, to 1e-6."""
    same = {"good": replace(GOOD, weight=0.3), "bad": replace(BAD, weight=0.3)}
    still = replace(settings, learning_rate=1e-12)
    plain = replace(crlft, placement="none", classes=same, training=still)
    found = plain.train(mixed, *folders("crlft"), 0).checkpoint
    sft = SFT(name="crlft", training=still, temperature=0.7).train(mixed, *folders("sft"), 0).checkpoint
    losses = [
        [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for folder in (found, sft)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0][0] > 1.0


def test_the_gradient_of_a_batch_is_the_sum_of_its_parts(model: Model, base: Path) -> None:
    """1 x 8, 2 x 4 and 8 x 1: every weight's gradient, to 1e-5 of the largest."""
    tokenizer = load_tokenizer(base)
    examples = [
        Example(f"Name {k} animals.", "", "a duck and an otter" * (k % 3 + 1), weight=1.0 if k % 2 else 0.1)
        for k in range(8)
    ]
    rows = weighted_rows(encode_examples(model, tokenizer, examples), 8)
    n_tokens = sum(label != -100 for row in rows for label in row["labels"])  # type: ignore[attr-defined]
    gradients = []
    for size in (8, 4, 1):
        policy = load_causal_lm(base, dtype=torch.float32, device=torch.device("cpu"))
        for start in range(0, 8, size):
            batch = collate(rows[start : start + size])
            logits = policy(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
            (weighted_loss(logits, batch["labels"], batch["weight"]) / n_tokens).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None]))
    for other in gradients[1:]:
        assert float((other - gradients[0]).abs().max() / gradients[0].abs().max()) < 1e-5


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
    shares = ScoreBuckets(classes=names, edges=None, file=None)
    by_score = replace(crlft, classes=classes, expert="high", buckets=shares)
    assert set(by_score.requires) == {"demonstrations", "sft", "reward_model"}
    output_dir, scratch_dir = folders("out")
    scores = rewards_of(
        inputs.model,
        inputs.reward_model,  # type: ignore[arg-type]
        [
            Output(instruction=d.instruction, input=d.input, output=d.output, generator="")
            for d in inputs.demonstrations
        ],
    )
    drawn = shares.of(scores)
    highest = {name: max(s for s, n in zip(scores, drawn, strict=True) if n == name) for name in names}
    lowest = {name: min(s for s, n in zip(scores, drawn, strict=True) if n == name) for name in names}
    assert highest["low"] <= lowest["middle"] and highest["middle"] <= lowest["high"]
    assert len(set(scores)) > 10
    by_score.train(inputs, output_dir, scratch_dir, 0)
    counts = json.loads((output_dir / "classes.json").read_text())
    assert sum(counts.values()) == len(inputs.demonstrations)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_buckets_from_a_judges_grades(crlft: CRLFT, inputs: TrainingInputs, folders: Folders, tmp_path: Path) -> None:
    """Grades 1 to 5 in a file: below 3 is low, 5 is high; no reward model is asked for."""
    classes = {
        name: DemonstrationClass(sources=(), condition=f"{name}.\n", weight=weight)
        for name, weight in (("low", 0.1), ("fair", 0.5), ("high", 1.0))
    }
    grades = tmp_path / "grades.jsonl"
    lines = [
        json.dumps({"instruction": d.instruction, "output": d.output, "score": row % 5 + 1})
        for row, d in enumerate(inputs.demonstrations)
    ]
    grades.write_text("\n".join(lines))
    buckets = ScoreBuckets(classes=("low", "fair", "high"), edges=(3.0, 5.0), file=grades)
    graded = replace(crlft, classes=classes, expert="high", buckets=buckets)
    assert graded.requires == ("demonstrations",)
    output_dir, scratch_dir = folders("graded")
    graded.train(replace(inputs, reward_model=None), output_dir, scratch_dir, 0)
    # 50 demonstrations: grades 1 and 2, 3 and 4, 5.
    assert json.loads((output_dir / "classes.json").read_text()) == {"low": 20, "fair": 20, "high": 10}
    grades.write_text("\n".join(lines[:-3]))
    with pytest.raises(UserError, match="3 of 50 demonstrations have no score in"):
        graded.train(inputs, *folders("missing"), 0)
    grades.write_text("\n".join([*lines, lines[0].replace('"score": 1', '"score": 4')]))
    with pytest.raises(UserError, match=r"two scores, 1.0 and 4.0, for one output to 'Name duck 0.'"):
        graded.train(inputs, *folders("two"), 0)
    with pytest.raises(ValueError, match="3 classes need 2, ascending; got"):
        replace(buckets, edges=(5.0, 3.0))


def test_an_unknown_source_is_refused(crlft: CRLFT, mixed: TrainingInputs, folders: Folders) -> None:
    rows = [*mixed.demonstrations, replace(mixed.demonstrations[0], source="stranger")]
    with pytest.raises(UserError, match=r"sources \['stranger'\], which belong to no class"):
        crlft.train(replace(mixed, demonstrations=rows), *folders("out"), 0)


def test_a_source_belongs_to_one_class(crlft: CRLFT) -> None:
    with pytest.raises(ValueError, match=r"\['expert'\] belong to two classes"):
        replace(crlft, classes={"good": GOOD, "bad": replace(BAD, sources=("expert",))})
    with pytest.raises(ValueError, match="best"):
        replace(crlft, expert="best")


def test_candidates_are_kept_like_those_of_any_method(mixed: TrainingInputs, crlft: CRLFT, folders: Folders) -> None:
    output_dir, scratch_dir = folders("candidates")
    policy = replace(crlft, training=replace(crlft.training, n_snapshots=2)).train(mixed, output_dir, scratch_dir, 0)
    first, last = snapshots_of(output_dir, policy.checkpoint)
    assert first.step < last.step and last.checkpoint == output_dir
    assert weights(first.checkpoint).keys() == weights(output_dir).keys()
    assert load_tokenizer(first.checkpoint).eos_token == "<eos>"
