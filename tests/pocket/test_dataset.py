"""The pocket data set: disjoint splits, recorded sources, an expert reference."""

from dataclasses import replace

import pytest

from farm.data.dataset import Splits
from farm.pocket.dataset import PocketDataset
from farm.pocket.language.grammar import is_reserved, parse


@pytest.fixture(scope="module")
def splits() -> Splits:
    return _dataset().load()


def _dataset(**changes: int) -> PocketDataset:
    sizes = {"n_demonstrations": 600, "n_preference": 200, "n_unlabeled": 150, "n_evaluation": 100}
    sizes |= {"n_validation": 40, "seed": 0} | changes
    return PocketDataset(name="pocket", expert_share=0.5, **sizes)  # type: ignore[arg-type]


def test_sizes_are_as_asked(splits: Splits) -> None:
    parts = [splits.demonstrations, splits.preference, splits.unlabeled, splits.evaluation, splits.validation]
    assert [len(part) for part in parts] == [600, 200, 150, 100, 40]


def test_no_text_is_in_two_splits(splits: Splits) -> None:
    records = [*splits.demonstrations, *splits.preference, *splits.unlabeled, *splits.evaluation, *splits.validation]
    assert len({(record.instruction, record.input) for record in records}) == 600 + 200 + 150 + 100 + 40


def test_half_of_the_evaluation_is_held_out_and_nothing_else_is(splits: Splits) -> None:
    held_out = [parse(output.instruction, output.input).is_held_out for output in splits.evaluation]
    assert sum(held_out) == 50
    assert {output.dataset for output in splits.evaluation} == {"pocket held-out combinations", "pocket unseen texts"}
    others = [*splits.demonstrations, *splits.preference, *splits.unlabeled, *splits.validation]
    assert not any(parse(r.instruction, r.input).is_held_out or is_reserved(r.instruction, r.input) for r in others)


def test_sources_are_recorded_in_the_stated_share(splits: Splits) -> None:
    sources = [demonstration.source for demonstration in splits.demonstrations]
    assert set(sources) == {"expert", "sloppy"}
    assert sources.count("expert") / len(sources) == pytest.approx(0.5, abs=0.06)
    assert {output.generator for output in splits.evaluation} == {"expert"}


def test_the_same_seed_gives_the_same_splits_and_another_gives_others(splits: Splits) -> None:
    assert _dataset().load() == splits
    assert _dataset(seed=1).load().preference != splits.preference


def test_the_validation_split_moves_no_other() -> None:
    larger, smaller = _dataset(n_validation=80).load(), _dataset(n_validation=0).load()
    assert replace(larger, validation=()) == replace(smaller, validation=())


def test_more_demonstrations_change_no_evaluation_text(splits: Splits) -> None:
    assert _dataset(n_demonstrations=700).load().evaluation == splits.evaluation


@pytest.mark.parametrize("name", ["n_demonstrations", "n_preference", "n_unlabeled", "n_evaluation", "n_validation"])
def test_no_split_is_asked_for_that_takes_for_ever(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected at most 50000, got 999999999"):
        _dataset(**{name: 999_999_999})
