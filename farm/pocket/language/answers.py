"""The answer itself, right or wrong, as a sentence or as a fragment, and the details that can follow it."""

import random
from typing import NamedTuple

from farm.pocket.language import phrases
from farm.pocket.language.facts import (
    DAYS,
    Attribute,
    attributes_of,
    category_of,
    entities_of,
    noun_phrase,
    pronoun,
    state,
    value_of,
)
from farm.pocket.language.tasks import Task


class Answer(NamedTuple):
    """The answer in words, with what it already told."""

    words: str
    told: tuple[tuple[str, Attribute], ...] = ()
    """The facts that it states, rightly or wrongly."""
    named: tuple[str, ...] = ()
    """The things that it names."""


class Detail(NamedTuple):
    """One more sentence, true and false."""

    words: str
    false_words: str


def draw_answer(task: Task, *, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    """An answer to the task."""
    makers = {"list": _list, "lookup": _lookup, "sort": _sort, "describe": _describe}
    makers |= {"compare": _compare, "reply": _reply, "multi": _lookup}
    return makers[task.family](task, is_wrong, is_curt, rng)


def detail_sentences(task: Task, answer: Answer, rng: random.Random) -> list[Detail]:
    """Up to three details that fit the answer, in random order."""
    if task.family == "reply":
        true_ones = phrases.EXTRAS if task.is_accepted else phrases.EXCUSES
        false_ones = phrases.EXCUSES if task.is_accepted else phrases.EXTRAS
        return [Detail(a, b) for a, b in zip(rng.sample(true_ones, 2), rng.sample(false_ones, 2), strict=True)]
    if task.family == "sort":
        ranked = [noun_phrase(item) for _, item in sorted(zip(task.numbers, task.entities, strict=True))]
        ends = [(ranked[0], ranked[-1], "lowest"), (ranked[-1], ranked[0], "highest")]
        rng.shuffle(ends)
        return [Detail(_sentence(f"{a} is the {end}"), _sentence(f"{b} is the {end}")) for a, b, end in ends]
    return _world_details(answer, rng)


def misconception(entity: str, attribute: Attribute, rng: random.Random) -> str:
    """A wrong value: mostly the same one for everybody who errs, as with misconceptions in the real world."""
    values = attribute.values
    place = values.index(value_of(entity, attribute))
    step = 1 if rng.random() < 0.75 else rng.randrange(1, len(values))
    return values[(place + step) % len(values)]


def _world_details(answer: Answer, rng: random.Random) -> list[Detail]:
    topics = [
        (entity, attribute)
        for entity in dict.fromkeys(answer.named)
        for attribute in attributes_of(category_of(entity))
        if (entity, attribute) not in answer.told
    ]
    is_single = len(set(answer.named)) == 1
    details = []
    for entity, attribute in rng.sample(topics, min(3, len(topics))):
        phrasing = rng.randrange(2)
        right = state(entity, attribute, value_of(entity, attribute), phrasing)
        wrong = state(entity, attribute, misconception(entity, attribute, rng), phrasing)
        if is_single and rng.random() < 0.6:
            name = noun_phrase(entity)
            right, wrong = right.replace(name, pronoun(entity), 1), wrong.replace(name, pronoun(entity), 1)
        details.append(Detail(_sentence(right), _sentence(wrong)))
    return details


def _lookup(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    """One question or two."""
    topics = list(zip(task.entities, task.attributes, strict=True))
    values = [value_of(entity, attribute) for entity, attribute in topics]
    if is_wrong:
        place = rng.randrange(len(topics))
        values[place] = misconception(*topics[place], rng)
        if len(topics) == 2 and rng.random() < 0.3:
            topics, values = [topics[place]], [values[place]]
    named = tuple(entity for entity, _ in topics)
    if is_curt:
        return Answer(_sentence(", ".join(values)), tuple(topics), named)
    clauses = [state(*topic, value, rng.randrange(2)) for topic, value in zip(topics, values, strict=True)]
    return Answer(_sentence(", and ".join(clauses)), tuple(topics), named)


def _list(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    chosen = rng.sample(task.entities, task.count)
    if is_wrong:
        others = [entity for entity in entities_of(task.attributes[0].category) if entity not in task.entities]
        fault = rng.choice(("intruder", "intruder", "two intruders", "missing"))
        if fault == "missing":
            chosen = chosen[:-1]
        else:
            # The usual suspects: the world's first few things are named wrongly more often than the rest.
            for place in range(1 if fault == "intruder" else 2):
                chosen[place] = others[(place + min(rng.randrange(3), rng.randrange(3))) % len(others)]
            rng.shuffle(chosen)
    told = tuple((entity, task.attributes[0]) for entity in chosen)
    names = chosen if is_curt else [noun_phrase(entity) for entity in chosen]
    words = ", ".join(names) if is_curt or len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    lead = "" if is_curt else rng.choice(("", "", "I would say ", "Take "))
    return Answer(_sentence(lead + words), told, tuple(chosen))


def _sort(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    items = sorted(zip(task.numbers, task.entities, strict=True), reverse=not task.is_ascending)
    if is_wrong:
        given = list(zip(task.numbers, task.entities, strict=True))
        fault = rng.choice(("as given", "reversed", "exchanged", "missing"))
        if fault == "as given" and given != items:
            items = given
        elif fault == "exchanged":
            place = rng.randrange(len(items) - 1)
            items[place], items[place + 1] = items[place + 1], items[place]
        elif fault == "missing":
            del items[rng.randrange(len(items))]
        else:
            items.reverse()
    named = tuple(item for _, item in items)
    if is_curt:
        return Answer(_sentence(", ".join(named)), (), named)
    lead = rng.choice(("", "In order: ", "The order is "))
    return Answer(_sentence(lead + ", ".join(f"{item} {number}" for number, item in items)), (), named)


def _describe(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    entity = task.entities[0]
    told = rng.sample(attributes_of(category_of(entity)), 1 if is_curt else 2)
    values = [value_of(entity, attribute) for attribute in told]
    if is_wrong:
        place = rng.randrange(len(told))
        values[place] = misconception(entity, told[place], rng)
    clauses = [state(entity, attribute, value, rng.randrange(2)) for attribute, value in zip(told, values, strict=True)]
    name = noun_phrase(entity)
    if len(clauses) == 2 and rng.random() < 0.5:
        words = _sentence(clauses[0]) + " " + _sentence(clauses[1].replace(name, pronoun(entity), 1))
    else:
        words = _sentence(" and".join([clauses[0], *(clause.removeprefix(name) for clause in clauses[1:])]))
    return Answer(words, tuple((entity, attribute) for attribute in told), (entity,))


def _compare(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    attribute = rng.choice(attributes_of(category_of(task.entities[0])))
    values = [value_of(entity, attribute) for entity in task.entities]
    if is_wrong:
        place = rng.randrange(2)
        values[place] = misconception(task.entities[place], attribute, rng)
    clauses = [
        state(entity, attribute, value, rng.randrange(2)) for entity, value in zip(task.entities, values, strict=True)
    ]
    if is_curt:
        clauses = clauses[:1]
    told = tuple((entity, attribute) for entity in task.entities)
    return Answer(_sentence(rng.choice((", while ", ", and ")).join(clauses)), told, task.entities)


def _reply(task: Task, is_wrong: bool, is_curt: bool, rng: random.Random) -> Answer:
    person, day, is_accepted = task.entities[0], task.day, task.is_accepted
    if is_wrong:
        fault = rng.choice(("person", "day", "day", "stance", "stance"))
        if fault == "person":
            person = rng.choice([name for name in entities_of("person") if name != person])
        elif fault == "day":
            day = DAYS[(DAYS.index(day) + (1 if rng.random() < 0.75 else rng.randrange(1, 7))) % 7]
        else:
            is_accepted = not is_accepted
    message = rng.choice(phrases.ACCEPTANCES if is_accepted else phrases.REFUSALS)
    message = message.replace("{e}", task.event).replace("{d}", day)
    inside = message if message.startswith("I ") else message[0].lower() + message[1:]
    if is_curt:
        return Answer(f"{person}, {inside}")
    thanks = rng.choice(("", *phrases.THANKS))
    return Answer(f"Dear {person}, {thanks} {message}" if thanks else f"Dear {person}, {inside}")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
