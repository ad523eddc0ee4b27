"""The grammar: every instruction can be read back from its words, and nothing else can."""

import random

import pytest

from farm.pocket.language.drafts import draw_evaluation_request, draw_training_request
from farm.pocket.language.facts import (
    ATTRIBUTES,
    DAYS,
    PLURALS,
    attributes_of,
    entities,
    entities_of,
    facts_of,
    members,
)
from farm.pocket.language.grammar import UnknownInstructionError, draw_request, is_reserved, parse
from farm.pocket.language.tasks import FAMILIES


def test_the_world_has_the_promised_size() -> None:
    assert [len(entities_of(category)) for category in PLURALS] == [14, 14, 8, 6, 12]
    assert all(len(attributes_of(category)) == 4 for category in PLURALS)
    assert sum(len(facts_of(entity)) for entity in entities()) == 216


def test_every_value_of_the_table_belongs_to_its_attribute_and_no_value_to_two() -> None:
    assert all(fact.value in fact.attribute.values for entity in entities() for fact in facts_of(entity))
    values = [value for attribute in ATTRIBUTES for value in attribute.values]
    assert len(values) == len(set(values))
    assert all(members(attribute, value) for attribute in ATTRIBUTES for value in attribute.values if value not in DAYS)


def test_every_instruction_is_read_back_from_its_words() -> None:
    rng = random.Random(1)
    requests = [draw_request(rng) for _ in range(4000)]
    assert all(parse(request.instruction, request.input) == request.task for request in requests)
    assert {request.task.family for request in requests} == set(FAMILIES)


def test_families_and_constraints_come_as_often_as_stated() -> None:
    rng = random.Random(2)
    tasks = [draw_request(rng).task for _ in range(4000)]
    for family, share in FAMILIES.items():
        assert sum(task.family == family for task in tasks) / 4000 == pytest.approx(share, abs=0.025)
    assert sum(task.constraint.kind != "none" for task in tasks) / 4000 == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(
    "words", ["Write a poem.", "", "Where does the wolf live?", "Sort by price, lowest first: fox 3."]
)
def test_other_instructions_are_refused_with_their_words(words: str) -> None:
    with pytest.raises(UnknownInstructionError, match="not an instruction of the pocket world"):
        parse(words)


def test_training_never_sees_what_the_evaluation_may_use() -> None:
    rng = random.Random(3)
    for _ in range(1000):
        request = draw_training_request(rng)
        assert not request.task.is_held_out and not is_reserved(request.instruction, request.input)
    for number in range(60):
        request = draw_evaluation_request(rng, is_held_out=number % 2 == 0)
        assert request.task.is_held_out or is_reserved(request.instruction, request.input)
