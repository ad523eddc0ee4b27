"""The instructions of the pocket world: seven families, a constraint on two in five, and the way back from text.

`draw_request` makes a task and puts it into words, `parse` reads the words again: the utility and the crowd see
text only, never the task behind it. Where the answer must be looked up twice (multi, compare) or cannot be known at
all (sort, reply), the facts stand in the instruction or its input, so that an answer can be checked by reading.
"""

import random
import re
from dataclasses import replace
from functools import cache, lru_cache

from farm.errors import CannotJudgeError
from farm.pocket.language.facts import (
    DAYS,
    EVENTS,
    PLURALS,
    Attribute,
    Category,
    attributes_of,
    category_of,
    entities,
    entities_of,
    members,
    noun_phrase,
    state,
    value_of,
)
from farm.pocket.language.tasks import (
    BRIEF_WORDS,
    FAMILIES,
    NO_CONSTRAINT,
    NUMBER_WORDS,
    OPENING_WORDS,
    WORD_LIMITS,
    Constraint,
    ConstraintKind,
    Family,
    Request,
    Task,
    all_constraints,
    constraint_words,
)
from farm.records import content_key
from farm.seeds import uniform_for

CONSTRAINED_SHARE = 0.4
RESERVED_SHARE = 0.05
"""Share of all texts that only the evaluation may use."""
MEASURES: dict[str, Category] = {"price": "food", "weight": "animal", "age": "person"}

_DESCRIBE = ("describe {e}.", "tell me about {e}.", "what do you know about {e}?")
_LIST = ("list", "name", "find")
_COMPARE = ("compare {a} and {b}.", "how do {a} and {b} differ?")
_REPLY = ("write to {p}, who invites you to the {e} on {d}.", "reply to {p}, who asks you to come to the {e} on {d}.")
_STANCES = (("Say no.", "Decline."), ("Say yes.", "Accept."))


class UnknownInstructionError(CannotJudgeError, ValueError):
    """The text is not an instruction of the pocket world."""


def is_reserved(instruction: str, input: str) -> bool:
    """Whether only the evaluation may use this text: five in a hundred, whatever the size of a data set."""
    return uniform_for(0, "pocket text reserved for evaluation", content_key(instruction, input)) < RESERVED_SHARE


def draw_request(rng: random.Random) -> Request:
    """One instruction of the world."""
    family = rng.choices(list(FAMILIES), weights=list(FAMILIES.values()))[0]
    constraint = _draw_constraint(family, rng)
    makers = {"list": _list, "lookup": _lookup, "sort": _sort, "describe": _describe}
    makers |= {"compare": _compare, "reply": _reply, "multi": _multi}
    request = makers[family](rng)
    words = request.instruction
    if family in ("list", "lookup", "describe") and rng.random() < 0.5:
        words = f"{rng.choice(entities_of('person'))} asks: {words}"
    instruction = f"{words[0].upper()}{words[1:]} {constraint_words(constraint)}".strip()
    return replace(request, instruction=instruction, task=replace(request.task, constraint=constraint))


@lru_cache(maxsize=100_000)
def parse(instruction: str, input: str = "") -> Task:
    """The task behind an instruction's words.

    Raises:
        UnknownInstructionError: the pocket world's grammar cannot have produced these words.
    """
    words, constraint = _split_constraint(instruction)
    asker, colon, rest = words.partition(" asks: ")
    if colon and asker in entities_of("person"):
        words = rest
    words = words[:1].lower() + words[1:]
    task = _simple_tasks().get(words) or _parse_sort(words) or _parse_reply(words) or _parse_two(words)
    if task is None:
        raise UnknownInstructionError(
            f"not an instruction of the pocket world: {instruction!r}"
            + (f" with input {input!r}" if input else "")
            + "; its utility, crowd and rubric judges only know what farm/pocket/language/grammar.py can say"
        )
    return replace(task, constraint=constraint)


def _draw_constraint(family: Family, rng: random.Random) -> Constraint:
    if rng.random() >= CONSTRAINED_SHARE:
        return NO_CONSTRAINT
    kind: ConstraintKind = rng.choice(("at most", "begin", "question", "polite", "brief"))
    if kind == "at most":
        return Constraint(kind=kind, limit=rng.choice(WORD_LIMITS[family]))
    if kind == "begin":
        return Constraint(kind=kind, word=rng.choice(OPENING_WORDS))
    return Constraint(kind=kind, limit=BRIEF_WORDS if kind == "brief" else 0)


def _list(rng: random.Random) -> Request:
    words, task = rng.choice(_list_tasks())
    return Request(instruction=words, input="", task=task)


def _lookup(rng: random.Random) -> Request:
    entity = rng.choice(entities())
    attribute = rng.choice(attributes_of(category_of(entity)))
    task = Task(family="lookup", entities=(entity,), attributes=(attribute,))
    return Request(instruction=f"{_question(entity, attribute, rng)}?", input="", task=task)


def _describe(rng: random.Random) -> Request:
    entity = rng.choice(entities())
    words = rng.choice(_DESCRIBE).replace("{e}", noun_phrase(entity))
    return Request(instruction=words, input="", task=Task(family="describe", entities=(entity,)))


def _sort(rng: random.Random) -> Request:
    measure = rng.choice(list(MEASURES))
    items = tuple(rng.sample(entities_of(MEASURES[measure]), rng.choice((3, 3, 4))))
    numbers = tuple(rng.sample(range(2, 20), len(items)))
    is_ascending = rng.random() < 0.5
    listed = ", ".join(f"{item} {number}" for item, number in zip(items, numbers, strict=True))
    words = f"sort by {measure}, {'lowest' if is_ascending else 'highest'} first: {listed}."
    task = Task(family="sort", entities=items, numbers=numbers, is_ascending=is_ascending)
    return Request(instruction=words, input="", task=task)


def _reply(rng: random.Random) -> Request:
    person, event, day = rng.choice(entities_of("person")), rng.choice(EVENTS), rng.choice(DAYS)
    is_accepted = rng.random() < 0.5
    invitation = rng.choice(_REPLY).replace("{p}", person).replace("{e}", event).replace("{d}", day)
    words = f"{invitation} {rng.choice(_STANCES[is_accepted])}"
    task = Task(family="reply", entities=(person,), event=event, day=day, is_accepted=is_accepted)
    return Request(instruction=words, input="", task=task)


def _compare(rng: random.Random) -> Request:
    pair = tuple(rng.sample(entities_of(rng.choice(list(PLURALS))), 2))
    words = rng.choice(_COMPARE).replace("{a}", noun_phrase(pair[0])).replace("{b}", noun_phrase(pair[1]))
    attributes = rng.sample(attributes_of(category_of(pair[0])), 2)
    notes = [(entity, attribute) for attribute in attributes for entity in pair]
    return Request(instruction=words, input=_notes(notes, rng), task=Task(family="compare", entities=pair))


def _multi(rng: random.Random) -> Request:
    pair = tuple(rng.sample(entities(), 2))
    attributes = tuple(rng.choice(attributes_of(category_of(entity))) for entity in pair)
    asked = list(zip(pair, attributes, strict=True))
    questions = [_question(entity, attribute, rng) for entity, attribute in asked]
    aside = (pair[0], rng.choice(attributes_of(category_of(pair[0]))))
    notes = list(dict.fromkeys([*asked, aside]))
    rng.shuffle(notes)
    task = Task(family="multi", entities=pair, attributes=attributes)
    return Request(instruction=f"{questions[0]}, and {questions[1]}?", input=_notes(notes, rng), task=task)


def _question(entity: str, attribute: Attribute, rng: random.Random) -> str:
    return rng.choice(attribute.questions).replace("{e}", noun_phrase(entity))


def _notes(topics: list[tuple[str, Attribute]], rng: random.Random) -> str:
    statements = [
        state(entity, attribute, value_of(entity, attribute), rng.randrange(2)) for entity, attribute in topics
    ]
    return " ".join(f"{words[0].upper()}{words[1:]}." for words in statements)


def _split_constraint(instruction: str) -> tuple[str, Constraint]:
    for constraint in all_constraints()[1:]:
        sentence = " " + constraint_words(constraint)
        if instruction.endswith(sentence):
            return instruction.removesuffix(sentence), constraint
    return instruction, NO_CONSTRAINT


@cache
def _simple_tasks() -> dict[str, Task]:
    """The tasks of the families with one topic, by their words: every list, lookup and description there is."""
    tasks: dict[str, Task] = {}
    for entity in entities():
        for words in _DESCRIBE:
            tasks[words.replace("{e}", noun_phrase(entity))] = Task(family="describe", entities=(entity,))
        for attribute in attributes_of(category_of(entity)):
            for words in attribute.questions:
                task = Task(family="lookup", entities=(entity,), attributes=(attribute,))
                tasks[words.replace("{e}", noun_phrase(entity)) + "?"] = task
    for category in PLURALS:
        for attribute in attributes_of(category):
            for value in attribute.values:
                tasks |= _lists(attribute, value)
    return tasks


@cache
def _list_tasks() -> tuple[tuple[str, Task], ...]:
    return tuple(item for item in _simple_tasks().items() if item[1].family == "list")


def _lists(attribute: Attribute, value: str) -> dict[str, Task]:
    chosen = members(attribute, value)
    return {
        f"{verb} {NUMBER_WORDS[count]} {PLURALS[attribute.category]} {attribute.plural.replace('{v}', value)}.": Task(
            family="list", entities=chosen, attributes=(attribute,), value=value, count=count
        )
        for verb in _LIST
        for count in (2, 3)
        if count <= len(chosen)
    }


def _parse_sort(words: str) -> Task | None:
    match = re.fullmatch(r"sort by (\w+), (lowest|highest) first: (.+)\.", words)
    if match is None or match[1] not in MEASURES:
        return None
    pairs = re.findall(r"(\w+) (\d+)(?:, |$)", match[3])
    items, numbers = tuple(item for item, _ in pairs), tuple(int(number) for _, number in pairs)
    if len(items) < 3 or any(item not in entities_of(MEASURES[match[1]]) for item in items):
        return None
    return Task(family="sort", entities=items, numbers=numbers, is_ascending=match[2] == "lowest")


def _parse_reply(words: str) -> Task | None:
    pattern = r"(?:write|reply) to (\w+), who (?:invites you|asks you to come) to the (\w+) on (\w+)\. (.+)"
    match = re.fullmatch(pattern, words)
    if match is None or match[1] not in entities_of("person") or match[2] not in EVENTS or match[3] not in DAYS:
        return None
    stance = next((index for index, names in enumerate(_STANCES) if match[4] in names), None)
    if stance is None:
        return None
    return Task(family="reply", entities=(match[1],), event=match[2], day=match[3], is_accepted=stance == 1)


def _parse_two(words: str) -> Task | None:
    """Compare and multi: two things in one instruction."""
    match = re.fullmatch(r"(?:compare|how do) (?:the )?(\w+) and (?:the )?(\w+)(?:\.| differ\?)", words)
    if match is not None and match[1] in entities() and match[2] in entities():
        return Task(family="compare", entities=(match[1], match[2]))
    first, comma, second = words.partition(", and ")
    tasks = [_simple_tasks().get(question) for question in (f"{first}?", second)]
    if not comma or any(task is None or task.family != "lookup" for task in tasks):
        return None
    parts = [task for task in tasks if task is not None]
    return Task(
        family="multi",
        entities=tuple(task.entities[0] for task in parts),
        attributes=tuple(task.attributes[0] for task in parts),
    )
