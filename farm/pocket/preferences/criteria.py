"""What makes an answer good or bad in the pocket world: one function per criterion, each readable on its own.

Every function takes a task and a `Reading` of the answer. Good things are 1 at best; bad things (`falsehood`,
`repetition`) count up from 0, and their weights are negative (farm/pocket/preferences/utility.py).
"""

from collections.abc import Callable
from itertools import pairwise

from farm.pocket.language import phrases
from farm.pocket.language.facts import DAYS, category_of, entities_of, value_of
from farm.pocket.language.reading import Reading, Statement
from farm.pocket.language.tasks import Family, Task
from farm.pocket.preferences.fluency import fluency

_END_WORDS = ("lowest", "highest")


def correctness(task: Task, reading: Reading) -> float:
    """Does it answer what was asked, in [0, 1]?"""
    return _CORRECTNESS[task.family](task, reading)


def apparent_correctness(task: Task, reading: Reading) -> float:
    """What is seen of correctness without checking anything: does it look like an answer to this question?"""
    tokens = set(reading.names)
    if task.family == "list":
        named = [entity for entity in entities_of(category_of(task.entities[0])) if entity in tokens]
        return min(1.0, len(named) / task.count)
    if task.family == "sort":
        return sum(item in tokens for item in task.entities) / len(task.entities)
    if task.family == "reply":
        person, day = any(name in tokens for name in entities_of("person")), any(day in tokens for day in DAYS)
        return (person + day + (task.event in tokens) + bool(_stances(reading))) / 4
    if task.family in ("lookup", "multi"):
        return sum(any(value in _said(tokens) for value in attribute.values) for attribute in task.attributes) / len(
            task.attributes
        )
    about = [sum(statement.entity == entity for statement in reading.statements) for entity in task.entities]
    enough = 2 if task.family == "describe" else 1
    return sum(min(1.0, n / enough) for n in about) / len(about)


def constraint_kept(task: Task, reading: Reading) -> float:
    """1 if the instruction's constraint is kept or there is none, else 0."""
    constraint, words = task.constraint, reading.words
    if not words:
        return 0.0
    match constraint.kind:
        case "at most" | "brief":
            return float(len(words) <= constraint.limit)
        case "begin":
            return float(words[0] == constraint.word.lower())
        case "question":
            return float(reading.tokens[-1] == "?")
        case "polite":
            return float(reading.count(phrases.POLITE_MARKS) >= 2 and not _is_rude(reading))
    return 1.0


def information(task: Task, reading: Reading) -> float:
    """Further true things said on the topic, with saturation: 1 - 2^-n."""
    return 1.0 - 0.5 ** len(_details(task, reading))


def courtesy(_task: Task, reading: Reading) -> float:
    """Courteous phrases, of which two or three are best; gushing and grumpiness are unpleasant."""
    n_polite = reading.count(phrases.POLITE_MARKS)
    pleasant = (0.0, 0.6, 1.0, 1.0)[n_polite] if n_polite < 4 else max(-1.0, 1.0 - 0.4 * (n_polite - 3))
    return pleasant - 0.8 * _is_rude(reading)


def falsehood(task: Task, reading: Reading) -> float:
    """Different false statements, at most two counted."""
    false_ones = {statement for statement in reading.statements if not statement.is_true}
    n_false = len(false_ones) + _n_false_numbers(task, reading)
    if task.family == "reply":
        n_false += reading.count(_marks(phrases.EXCUSES if task.is_accepted else phrases.EXTRAS))
    return float(min(2, n_false))


def repetition(_task: Task, reading: Reading) -> float:
    """Repeated sequences of three words, in [0, 1]; a third of the text being repeated is the worst."""
    words = reading.words
    triples = list(zip(words, words[1:], words[2:], strict=False))
    if not triples:
        return 0.0
    return min(1.0, 3.0 * (len(triples) - len(set(triples))) / len(triples))


Criterion = Callable[[Task, Reading], float]
CRITERIA: dict[str, Criterion] = {
    "correctness": correctness,
    "constraint": constraint_kept,
    "fluency": lambda _task, reading: fluency(reading.tokens),
    "information": information,
    "courtesy": courtesy,
    "falsehood": falsehood,
    "repetition": repetition,
}
"""The criteria of the true utility by name."""


def _list(task: Task, reading: Reading) -> float:
    named = [entity for entity in entities_of(category_of(task.entities[0])) if entity in reading.names]
    right = sum(entity in task.entities for entity in named)
    excess = max(0, right - task.count)
    return max(0.0, min(right, task.count) - (len(named) - right) - excess) / task.count


def _lookup(task: Task, reading: Reading) -> float:
    scores = []
    for entity, attribute in zip(task.entities, task.attributes, strict=True):
        said = {s.value for s in reading.statements if s.entity == entity and s.attribute == attribute}
        if not said:
            loose = _said(reading.loose_words)
            said = {value for value in attribute.values if value in loose}
        is_said = value_of(entity, attribute) in said
        scores.append(1.0 / len(said) if is_said else 0.0)
    return sum(scores) / len(scores)


def _sort(task: Task, reading: Reading) -> float:
    given = dict(zip(task.entities, task.numbers, strict=True))
    lowered = reading.names
    named = sorted((lowered.index(item), number) for item, number in given.items() if item in lowered)
    numbers = [number for _, number in named]
    if len(numbers) < 2:
        return 0.0
    pairs = list(pairwise(numbers))
    right = sum((a < b) == task.is_ascending for a, b in pairs) / (len(given) - 1)
    return max(0.0, right)


def _describe(task: Task, reading: Reading) -> float:
    return min(1.0, len(_true_statements(task.entities[0], reading)) / 2)


def _compare(task: Task, reading: Reading) -> float:
    return sum(bool(_true_statements(entity, reading)) for entity in task.entities) / len(task.entities)


def _reply(task: Task, reading: Reading) -> float:
    named = {name for name in entities_of("person") if name in reading.tokens}
    days = {day for day in DAYS if day in reading.tokens}
    parts = (
        named == {task.entities[0]},
        task.event in reading.tokens,
        days == {task.day},
        _stances(reading) == {task.is_accepted},
    )
    # The stance is half of the matter: a friendly note that says the opposite is a wrong answer.
    return sum(parts[:3]) / 6 + parts[3] / 2


_CORRECTNESS: dict[Family, Criterion] = {
    "list": _list, "lookup": _lookup, "multi": _lookup, "sort": _sort, "describe": _describe, "compare": _compare,
    "reply": _reply,
}  # fmt: skip


def _said(words: tuple[str, ...] | set[str]) -> set[str]:
    """The words as said, and in lower case for those that only begin a sentence."""
    return set(words) | {word.lower() for word in words}


def _true_statements(entity: str, reading: Reading) -> set[Statement]:
    return {statement for statement in reading.statements if statement.entity == entity and statement.is_true}


def _details(task: Task, reading: Reading) -> set[object]:
    """What is said beyond the answer itself."""
    if task.family == "reply":
        lines = phrases.EXTRAS if task.is_accepted else phrases.EXCUSES
        return {mark for mark in _marks(lines) if reading.count((mark,))}
    if task.family == "sort":
        return {end for end, is_true in _ends(task, reading) if is_true}
    statements: set[Statement] = set().union(*(_true_statements(entity, reading) for entity in task.entities))
    if task.family in ("list", "lookup", "multi"):
        return {statement for statement in statements if statement.attribute not in task.attributes}
    needed = 2
    return set(sorted(statements, key=lambda statement: (statement.entity, statement.attribute.name))[needed:])


def _ends(task: Task, reading: Reading) -> set[tuple[str, bool]]:
    """Remarks such as `The plum is the lowest.`, each with whether it is true."""
    given = dict(zip(task.entities, task.numbers, strict=True))
    extremes = {"lowest": min(given.values()), "highest": max(given.values())}
    words = reading.names
    return {
        (end, given[words[place]] == extremes[end])
        for place in range(len(words) - 3)
        for end in _END_WORDS
        if words[place] in given and words[place + 1 : place + 4] == ("is", "the", end)
    }


def _n_false_numbers(task: Task, reading: Reading) -> int:
    if task.family != "sort":
        return 0
    given = {item: str(number) for item, number in zip(task.entities, task.numbers, strict=True)}
    words = reading.names
    pairs = {(a, b) for a, b in pairwise(words) if a in given and b.isdigit()}
    return sum(given[a] != b for a, b in pairs) + sum(not is_true for _, is_true in _ends(task, reading))


def _stances(reading: Reading) -> set[bool]:
    """True for yes, False for no; both if the letter contradicts itself."""
    stances = {True} if reading.count(phrases.ACCEPTING_MARKS) else set()
    return stances | ({False} if reading.count(phrases.REFUSING_MARKS) else set())


def _is_rude(reading: Reading) -> bool:
    return bool(reading.count(_marks(phrases.RUDE)))


def _marks(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Sentences as word sequences."""
    return tuple(line.lower().rstrip(".!?") for line in lines)
