"""Too few rows are refused before anything is trained, with the settings that are the cause."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from farm.calls.request import NO_CALLS
from farm.config.compose import expand
from farm.errors import UserError
from farm.options.run import plan
from farm.pipeline.chain import Chain
from farm.pipeline.training import run_chain
from farm.store.artifacts import Store

SMALL = (
    "dataset.n_demonstrations=20", "dataset.n_preference=12", "dataset.n_unlabeled=6", "dataset.n_evaluation=4",
    "dataset.n_validation=2", "sft.training.batch_size=8", "reward_model.n_held_out=2",
    "reward_model.training.batch_size=4",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("root"))


@cache
def chain(*line: str) -> Chain:
    (planned,) = expand("config", [*SMALL, *line], plan, is_multirun=False)
    return planned.chain


def refusal(store: Store, unfit: Chain) -> str:
    with pytest.raises(UserError) as refused:
        run_chain(store, unfit, calls=NO_CALLS)
    assert {report.artifact.kind for report in store.reports} == {"dataset"}
    return str(refused.value)


def with_prompts_of(n_tokens: int) -> Chain:
    return replace(chain(), model=replace(chain().model, max_prompt_tokens=n_tokens))


def with_batches_of(size: int) -> Chain:
    sft = chain().sft
    return replace(chain(), sft=replace(sft, training=replace(sft.training, batch_size=size)))  # type: ignore[attr-defined,type-var]


def with_held_out(n: int, batch_size: int) -> Chain:
    stage = chain().reward_model
    training = replace(stage.training, batch_size=batch_size)  # type: ignore[attr-defined]
    return replace(chain(), reward_model=replace(stage, n_held_out=n, training=training))  # type: ignore[type-var,arg-type]


@pytest.mark.parametrize(
    ("unfit", "sentence"),
    [
        (
            lambda: with_batches_of(32),
            "sft takes at least 32 demonstrations (sft.training.batch_size=32), and there are 20 demonstrations; lower "
            "sft.training.batch_size, or give more demonstrations (dataset.n_demonstrations)",
        ),
        (
            lambda: replace(with_prompts_of(2), selection=None),
            "the prompts of 0 of 20 demonstrations are within model.max_prompt_tokens; lower sft.training.batch_size, "
            "or raise model.max_prompt_tokens, or give more demonstrations",
        ),
        (lambda: with_prompts_of(2), "all 2 validation instructions are longer than model.max_prompt_tokens=2"),
        (lambda: with_held_out(10, 4), "of at most 12 pairs 2 are left to train on, less than one batch"),
        (lambda: with_held_out(2, 16), "reward_model.n_held_out=1 and reward_model.training.batch_size=11"),
        (
            lambda: replace(chain(), comparisons=replace(chain().comparisons, source="recorded")),
            "of at most 0 pairs 0 are left to train on",
        ),
    ],
)
def test_nothing_is_trained_where_the_data_are_too_few(store: Store, unfit: Callable[[], Chain], sentence: str) -> None:
    assert sentence in refusal(store, unfit())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            ("method=dpo",),
            "dpo takes at least 32 preference pairs (method.training.batch_size=32), and there are 12 instructions to "
            "compare answers on; lower method.training.batch_size, or give more preference pairs "
            "(dataset.n_preference)",
        ),
        (("method=kto",), "kto takes at least 32 preference pairs (method.training.batch_size=64)"),
        (("method=ppo",), " unlabeled instructions (method.rollouts_per_step="),
        (("method=grpo",), "(method.training.batch_size=128 and method.rollouts.n_samples="),
        (("method=expert_iteration",), "800 unlabeled instructions (method.n_prompts=800 and method.rounds=1)"),
        (("method=iterated_dpo",), "128 labels (method.rounds=4 and method.training.batch_size=32)"),
        (("method=online_dpo",), "32 labels (method.training.batch_size=32), and there are 12 comparisons that may be"),
    ],
)
def test_every_kind_of_method_says_what_it_takes(store: Store, line: tuple[str, ...], sentence: str) -> None:
    assert sentence in refusal(store, chain(*line))


def test_a_limit_above_what_there_is_is_said(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    unfit = with_batches_of(32)
    refusal(store, replace(unfit, evaluation=replace(unfit.evaluation, n_instructions=50)))
    assert caplog.messages == ["evaluation.n_instructions=50, but there are 4: all of them are used"]
    with pytest.raises(ValueError, match="n_instructions: expected at least 1, got 0"):
        replace(unfit.evaluation, n_instructions=0)
