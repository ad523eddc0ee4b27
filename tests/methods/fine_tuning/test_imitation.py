"""What the methods that imitate hand to fine-tuning, and the policies that they return."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from farm.methods.examples import Example, encode_examples
from farm.methods.fine_tuning import feedme, reward_conditioning
from farm.methods.fine_tuning.feedme import FeedME
from farm.methods.fine_tuning.reward_conditioning import RewardConditioning
from farm.methods.method import TrainingInputs
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.models.checkpoint import load_tokenizer
from tests.methods.conftest import Folders


@pytest.fixture
def imitated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, list[Example]]]:
    """Collects (checkpoint to start from, examples) instead of training."""
    calls: list[tuple[Path, list[Example]]] = []

    def fine_tune(checkpoint: Path, examples: Sequence[Example], job: TrainingJob) -> Path:
        calls.append((checkpoint, list(examples)))
        return job.output_dir

    for module in (feedme, reward_conditioning):
        monkeypatch.setattr(module, "fine_tune", fine_tune)
    return calls


def test_feedme_sees_the_chosen_answers_only(
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    imitated: list[tuple[Path, list[Example]]],
) -> None:
    method = FeedME(name="feedme", training=settings, temperature=0.7)
    policy = method.train(inputs, *folders("feedme"), 0)
    (checkpoint, examples), *_ = imitated
    assert inputs.sft is not None and checkpoint == inputs.sft.checkpoint
    assert [e.output for e in examples] == [p.chosen for p in inputs.pairs]
    assert [e.is_finished for e in examples] == [p.chosen_is_finished for p in inputs.pairs]
    assert policy.prefix == "" and policy.best_of == 1


def test_reward_conditioning_puts_the_verdict_in_front(
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    imitated: list[tuple[Path, list[Example]]],
) -> None:
    method = RewardConditioning(
        name="rc", positive_prefix="good: ", negative_prefix="bad: ", training=settings, temperature=0.7
    )
    policy = method.train(inputs, *folders("rc"), 0)
    assert policy.prefix == "good: "
    ((_, examples),) = imitated
    verdicts = {(e.output, e.instruction): e.prefix for e in examples}
    for pair in inputs.pairs:
        assert verdicts[pair.chosen, pair.instruction] == "good: "
        assert verdicts[pair.rejected, pair.instruction] == "bad: "
    assert len(examples) == 2 * len(inputs.pairs)
    tokenizer = load_tokenizer(inputs.model.checkpoint)
    encoded = encode_examples(inputs.model, tokenizer, examples[:1])[0]
    assert tokenizer.decode(encoded.prompt_ids).startswith("good: pond\nName duck 0.")


def test_equal_prefixes_are_refused(settings: TrainingSettings) -> None:
    with pytest.raises(ValueError, match="are both 'x'"):
        RewardConditioning(name="rc", positive_prefix="x", negative_prefix="x", training=settings, temperature=0.7)
